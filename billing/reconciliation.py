"""Stripe's books beside ours: what was paid and not granted, what was granted and not paid, what was never told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from billing import (
    auto_top_up,
    money_back,
    paid_invoices,
    prices,
    stripe_client,
    stripe_events,
    subscriptions,
    top_ups,
)
from billing import stripe_gateway as gateway
from billing.customers import UnknownCustomer
from billing.models import EntryKind, LedgerEntry, Pack, Plan, StripeEvent, Subscription
from billing.stripe_objects import LIVE, InvoiceState, ToldEvent
from pixelsite.lib.errors import PixelsiteError

# What happened a moment ago may still be on its way to us.
_ON_ITS_WAY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing on which Stripe and we disagree, and what became of it."""

    what: str
    stripe_id: str
    is_repaired: bool = False

    def __str__(self) -> str:
        return f"{self.stripe_id}: {self.what}{' (repaired)' if self.is_repaired else ''}"


def differences(*, since: datetime, repair: bool = False, now: datetime | None = None) -> Iterator[Difference]:
    """Compare everything of Stripe's since then with ours. With `repair`, what is missing is handled as its event would be.

    What only an operator can decide (credits without a payment, customers of nobody) is told and left alone.
    """
    now = now or timezone.now()
    until = now - _ON_ITS_WAY
    yield from _wrong_prices()
    yield from _missed_events(since, until, repair=repair)
    yield from _ungranted_invoices(since, until, repair=repair)
    yield from _ungranted_sessions(since, until, repair=repair)
    yield from _ungranted_payments(since, until, repair=repair)
    yield from _money_gone(since, repair=repair)
    yield from _stale_subscriptions(repair=repair)
    yield from _unpaid_grants(since)


def _wrong_prices() -> Iterator[Difference]:
    """Prices that Stripe does not know, or that do not say what our pages say."""
    for slug in settings.STRIPE_PRICES:
        price_id = prices.price_of(slug) or ""
        plan, pack = prices.plan_of_price(price_id), prices.pack_of_price(price_id)
        if plan is None and pack is None:
            yield Difference(
                what=f"STRIPE_PRICES names “{slug}”, which is neither a plan nor a pack", stripe_id=price_id
            )
            continue
        try:
            problem = _problem_of_price(price_id, plan, pack)
        except PixelsiteError as refusal:
            problem = refusal.message
        if problem:
            yield Difference(what=f"the price of “{slug}” {problem}", stripe_id=price_id)


def _problem_of_price(price_id: str, plan: Plan | None, pack: Pack | None) -> str:
    price = gateway.price(price_id)
    interval, cents = ("month", plan.price_cents) if plan else ("", pack.price_cents if pack else 0)
    if not price.is_active:
        return "is archived at Stripe"
    if price.interval != interval:
        return f"is billed {f'every {price.interval}' if price.interval else 'once'} at Stripe"
    if price.unit.currency == "usd" and price.unit.amount != cents:
        return f"is {price.unit} at Stripe and ${cents / 100:.2f} here"
    return ""


def _missed_events(since: datetime, until: datetime, *, repair: bool) -> Iterator[Difference]:
    for told in gateway.undelivered_events(since=since):
        if told.created > until or StripeEvent.objects.filter(stripe_id=told.id).exists():
            continue
        yield _attempt(f"{told.kind} was never delivered", told.id, partial(_handle, told) if repair else None)


def _handle(told: ToldEvent) -> None:
    event = stripe_events.store(told)
    if event is not None:
        stripe_events.handle(event.pk)


def _ungranted_invoices(since: datetime, until: datetime, *, repair: bool) -> Iterator[Difference]:
    for invoice in gateway.paid_invoices(since=since):
        if invoice.created <= until and (missing := paid_invoices.missing_sources(invoice)):
            what = f"paid, and not granted: {', '.join(missing)}"
            yield _attempt(what, invoice.id, partial(_grant_invoice, invoice) if repair else None)


def _grant_invoice(invoice: InvoiceState) -> None:
    paid_invoices.grant_paid_invoice(invoice.id)
    if invoice.subscription:
        subscriptions.read_again(invoice.subscription)


def _ungranted_sessions(since: datetime, until: datetime, *, repair: bool) -> Iterator[Difference]:
    for told in gateway.complete_sessions(since=since):
        if told.created > until or not (top_ups.sells_packs(told) and told.is_paid):
            continue
        if not _is_granted(top_ups.source_of(told)):
            yield _attempt(
                "a pack was paid and not granted", told.id, partial(_grant_session, told.id) if repair else None
            )


def _grant_session(session_id: str) -> None:
    top_ups.grant_session(gateway.session(session_id))


def _ungranted_payments(since: datetime, until: datetime, *, repair: bool) -> Iterator[Difference]:
    for payment in gateway.payments(since=since):
        if payment.created <= until and payment.top_up and payment.is_paid and not _is_granted(payment.id):
            yield _attempt(
                "an automatic top-up was paid and not granted",
                payment.id,
                partial(auto_top_up.record_payment, payment) if repair else None,
            )


def _money_gone(since: datetime, *, repair: bool) -> Iterator[Difference]:
    """Refunds and disputes whose credits are still there, or did not come back."""
    for charge_id in sorted({back.charge for back in gateway.money_back_since(since) if back.charge}):
        try:
            late = money_back.unposted(charge_id)
        except UnknownCustomer:
            continue  # the payment itself is told of above
        if late:
            what = f"money went back, credits did not: {', '.join(late)}"
            yield _attempt(what, charge_id, partial(money_back.settle_charge, charge_id) if repair else None)


def _stale_subscriptions(*, repair: bool) -> Iterator[Difference]:
    """Subscriptions whose state at Stripe is another one than ours."""
    for stored in Subscription.objects.filter(status__in=LIVE).select_related("plan"):
        try:
            state = gateway.subscription(stored.stripe_id)
        except stripe_client.StripeObjectMissing as refusal:
            yield Difference(what=refusal.message, stripe_id=stored.stripe_id)
            continue
        told = (state.status, prices.plan_of_price(state.price), state.cancel_at is not None)
        if told != (stored.status, stored.plan, stored.cancel_at_period_end):
            what = f"{_in_words(*told)} at Stripe, {_in_words(stored.status, stored.plan, stored.cancel_at_period_end)} here"
            yield _attempt(
                what, stored.stripe_id, partial(subscriptions.read_again, stored.stripe_id) if repair else None
            )


def _in_words(status: str, plan: Plan | None, is_ending: bool) -> str:
    return f"{status} on {plan or 'an unknown price'}{', ending' if is_ending else ''}"


def _attempt(what: str, stripe_id: str, repair: Callable[[], object] | None) -> Difference:
    """A difference, repaired where there is a way and it works."""
    if repair is None:
        return Difference(what=what, stripe_id=stripe_id)
    try:
        repair()
    except PixelsiteError as refusal:
        return Difference(what=f"{what}; {refusal.message}", stripe_id=stripe_id)
    return Difference(what=what, stripe_id=stripe_id, is_repaired=True)


def _unpaid_grants(since: datetime) -> Iterator[Difference]:
    """Credits whose invoice or payment Stripe does not call paid. Nobody but an operator can say why."""
    of_stripe = Q(source__startswith="in_") | Q(source__startswith="pi_") | Q(source__startswith="cs_")
    entries = LedgerEntry.objects.filter(of_stripe, kind=EntryKind.GRANT, created_at__gte=since)
    for source in sorted({(source or "").partition(":")[0] for source in entries.values_list("source", flat=True)}):
        if not _is_paid_at_stripe(source):
            yield Difference(what="granted here, not paid at Stripe", stripe_id=source)


def _is_paid_at_stripe(source: str) -> bool:
    try:
        if source.startswith("in_"):
            return gateway.invoice(source).is_paid
        if source.startswith("pi_"):
            return gateway.payment(source).is_paid
        return gateway.session(source).is_paid
    except PixelsiteError as refusal:
        if refusal.status == 404:
            return False
        raise


def _is_granted(source: str) -> bool:
    return LedgerEntry.objects.filter(kind=EntryKind.GRANT, source=source).exists()
