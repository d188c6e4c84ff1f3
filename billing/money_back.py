"""Refunds and disputes: credits whose payment went back are taken back, in proportion, and return with the money.

A payment's refunds and disputes are looked at together, in the order of their making, so that it does not matter which
is heard of first; what the payment bought is granted before anything of it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import auto_top_up, ledger, paid_invoices, top_ups
from billing import stripe_gateway as gateway
from billing.customers import wallet_of_customer
from billing.models import Debt, EntryKind, LedgerEntry, LotKind, Wallet
from billing.stripe_objects import MoneyBack


@dataclass(frozen=True, kw_only=True)
class _Books:
    """A charge with what it bought and what of its money went back."""

    wallet: Wallet
    payment: str
    invoice: str | None
    paid: int
    returns: list[MoneyBack]

    @property
    def grants(self) -> QuerySet[LedgerEntry]:
        bought = Q(source=self.payment)
        if self.invoice is not None:
            bought |= Q(source__startswith=f"{self.invoice}:")
        return LedgerEntry.objects.filter(bought, kind=EntryKind.GRANT)

    def due(self) -> list[tuple[MoneyBack, int]]:
        """Refunds and disputes with the credits that go with each."""
        granted = sum(self.grants.values_list("amount", flat=True))
        return [(back, share) for back, share in shares(self.returns, paid=self.paid, granted=granted) if share]


def settle_charge(charge_id: str, *, now: datetime | None = None) -> bool:
    """Bring an account's credits in line with what we still have of a charge. Returns whether it bought any."""
    books = _read(charge_id)
    if books is None:
        return False
    _grant_first(books)
    _take_and_return(books, now=now or timezone.now())
    return books.grants.exists()


def unposted(charge_id: str) -> list[str]:
    """Refunds and disputes of a charge whose credits have not moved as they should."""
    books = _read(charge_id)
    if books is None:
        return []
    return [
        back.id
        for back, _ in books.due()
        if not taken_for(back)
        or (back.is_returned and not LedgerEntry.objects.filter(source=_return_source(back)).exists())
    ]


def shares(returns: list[MoneyBack], *, paid: int, granted: int) -> Iterator[tuple[MoneyBack, int]]:
    """How many credits go with each, rounded so that together they never take more than was granted."""
    gone = 0
    for back in returns:
        if not back.is_taken:
            continue
        until = min(paid, gone + back.amount)
        yield back, granted * until // paid - granted * gone // paid
        gone = gone if back.is_returned else until


def _read(charge_id: str) -> _Books | None:
    charge = gateway.charge(charge_id)
    if charge.payment_intent is None or not charge.amount:
        return None
    return _Books(
        wallet=wallet_of_customer(charge.customer),
        payment=charge.payment_intent,
        invoice=gateway.invoice_paid_by(charge.payment_intent),
        paid=charge.amount,
        returns=gateway.money_back_of(charge_id=charge_id),
    )


@transaction.atomic
def _take_and_return(books: _Books, *, now: datetime) -> None:
    wallet = Wallet.objects.select_for_update().get(pk=books.wallet.pk)
    first = books.grants.order_by("pk").first()
    if first is None:
        return
    for back, share in books.due():
        ledger.claw_back(wallet=wallet, amount=share, source=back.id, reason=_reason(back), now=now)
        if back.is_returned:
            kind, until = _lot_like(first, now=now)
            ledger.grant(
                wallet=wallet,
                kind=kind,
                amount=taken_for(back),
                source=_return_source(back),
                expires_at=until,
                reason="The payment stands again",
                now=now,
            )


def _grant_first(books: _Books) -> None:
    payment = gateway.payment(books.payment)
    if payment.top_up:
        auto_top_up.record_payment(payment)
        return
    if books.invoice is not None:
        paid_invoices.grant_paid_invoice(books.invoice)
    session = gateway.session_paid_by(books.payment)
    if session is not None:
        top_ups.grant_session(session)


def _return_source(back: MoneyBack) -> str:
    return f"{back.id}:{'won' if back.is_dispute else 'failed'}"


def taken_for(back: MoneyBack) -> int:
    """What was taken from the account for this, the part that became a debt among it."""
    taken = LedgerEntry.objects.filter(kind=EntryKind.CLAWBACK, source=back.id).values_list("amount", flat=True)
    owed = Debt.objects.filter(source=back.id).values_list("amount", flat=True)
    return sum(taken) + sum(owed)


def _lot_like(grant: LedgerEntry, *, now: datetime) -> tuple[LotKind, datetime]:
    """What comes back lasts as long as what was taken, and at least long enough to be used."""
    least = now + ledger.REVIVED_FOR
    if ":" in (grant.source or ""):
        return LotKind.PLAN, least
    return LotKind.TOPUP, max(least, grant.created_at + timedelta(days=settings.TOP_UP_DAYS))


def _reason(back: MoneyBack) -> str:
    return "The payment is disputed at the bank" if back.is_dispute else "The payment was refunded"
