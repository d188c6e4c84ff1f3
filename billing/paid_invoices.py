"""Credits for what an invoice of a plan has paid: a month, or the rest of one after an upgrade. Once for each line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

from django.db import transaction

from billing import ledger, subscriptions
from billing import stripe_gateway as gateway
from billing.customers import wallet_of_customer
from billing.models import EntryKind, LedgerEntry, LotKind, Plan, Wallet
from billing.periods import Period, months_after, period_at
from billing.prices import plan_of_price
from billing.stripe_objects import InvoiceLine, InvoiceState

Sold = tuple[InvoiceLine, Plan]


def grant_paid_invoice(invoice_id: str) -> bool:
    """Grant what this invoice paid, as Stripe tells it now. Returns whether it concerns a plan of ours and is paid.

    Raises `UnknownCustomer`, `UnknownPrice`.
    """
    invoice = gateway.invoice(invoice_id)
    if not invoice.is_paid:
        return False
    wallet = wallet_of_customer(invoice.customer)
    sold = plan_lines(invoice)
    if not sold:
        _refuse_unknown_prices(invoice)
        return False
    _grant_lines(wallet, invoice, sold, _anchor(invoice, sold))
    return True


def plan_lines(invoice: InvoiceState) -> list[Sold]:
    """The lines that bill a plan of ours."""
    return [(line, plan) for line in invoice.lines if (plan := plan_of_price(line.price)) is not None]


def missing_sources(invoice: InvoiceState) -> list[str]:
    """What a paid invoice should have granted and has not, by the names the ledger would have for it."""
    sold = plan_lines(invoice)
    due = {_source(invoice, line) for line, plan in sold if not line.is_proration and plan.monthly_credits}
    if prorated_credits(_prorated(sold), anchor=_anchor(invoice, sold)):
        due.add(f"{invoice.id}:proration")
    known = LedgerEntry.objects.filter(kind=EntryKind.GRANT, source__in=due)
    return sorted(due - set(known.values_list("source", flat=True)))


def prorated_credits(lines: Iterable[Sold], *, anchor: datetime | None) -> int:
    """What a change in the middle of a month gives: the new plan's share of the rest, less the old plan's."""
    net = Fraction(0)
    for line, plan in lines:
        whole = _whole_month(line, anchor)
        share = Fraction(_seconds(line.end - line.start), _seconds(whole.end - whole.start))
        sign = (line.amount > 0) - (line.amount < 0)
        net += sign * plan.monthly_credits * line.quantity * share
    return max(0, floor(net))


@transaction.atomic
def _grant_lines(wallet: Wallet, invoice: InvoiceState, sold: list[Sold], anchor: datetime | None) -> None:
    why = f"Invoice {invoice.number}"
    for line, plan in sold:
        bought = plan.monthly_credits * line.quantity
        if line.is_proration or not bought:
            continue
        ledger.grant(
            wallet=wallet,
            kind=LotKind.PLAN,
            amount=bought,
            source=_source(invoice, line),
            expires_at=line.end,
            reason=why,
        )
    if difference := prorated_credits(_prorated(sold), anchor=anchor):
        ledger.grant(
            wallet=wallet,
            kind=LotKind.PLAN,
            amount=difference,
            source=f"{invoice.id}:proration",
            expires_at=max(line.end for line, _ in _prorated(sold)),
            reason=f"{why}, rest of the month",
        )


def _prorated(sold: Iterable[Sold]) -> list[Sold]:
    return [(line, plan) for line, plan in sold if line.is_proration]


def _anchor(invoice: InvoiceState, sold: list[Sold]) -> datetime | None:
    """The day that months are counted from; asked for only where a part of a month was billed."""
    return gateway.subscription(invoice.subscription).anchor if invoice.subscription and _prorated(sold) else None


def _source(invoice: InvoiceState, line: InvoiceLine) -> str:
    return f"{invoice.id}:{line.id}"


def _whole_month(line: InvoiceLine, anchor: datetime | None) -> Period:
    if anchor is not None and anchor <= line.start:
        month = period_at(anchor, line.start)
        if month.end == line.end:
            return month
    return Period(start=months_after(line.end, -1), end=line.end)


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def _refuse_unknown_prices(invoice: InvoiceState) -> None:
    """An invoice of a subscription that bills nothing we know: an operator must say what it is for."""
    unknown = next((line.price for line in invoice.lines if line.price), None)
    if invoice.subscription and unknown:
        raise subscriptions.UnknownPrice(unknown)
