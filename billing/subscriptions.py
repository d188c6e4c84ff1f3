"""What we know of an account's subscriptions, and which plan's limits follow from it.

Nothing is taken from an event: state is read from Stripe, and a reading that began earlier never replaces a later one.
So the order, repetition and delay of events do not matter. What has been paid decides: `paid_plan` is the plan of the
newest line of a paid invoice, whatever price the subscription will bill next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import letters
from billing import stripe_client
from billing import stripe_gateway as gateway
from billing.customers import UnknownCustomer, wallet_of_customer
from billing.models import Plan, Subscription, Wallet
from billing.plans import FREE
from billing.prices import plan_of_price
from billing.stripe_objects import LIVE, InvoiceLine, InvoiceState, SubscriptionState
from pixelsite.lib.errors import PixelsiteError

# A renewal is charged about an hour after the period's end, and events may be late: nobody loses a plan meanwhile.
_RENEWAL_MAY_TAKE = timedelta(days=1)
_READ_AGAIN_EVERY = timedelta(hours=1)
_OWING = ("past_due", "unpaid")


class UnknownPrice(PixelsiteError):
    """STRIPE_PRICES does not name this price. Add it behind the one that is sold now: starter=price_new|price_old."""

    code = "unknown_price"
    status = 404

    def __init__(self, price: str) -> None:
        super().__init__(f"{price}: {' '.join((type(self).__doc__ or '').split())}")


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A subscription at Stripe with what of it is paid and owed, and when we began to ask."""

    state: SubscriptionState
    billed: Plan
    paid: Plan | None
    paid_line: InvoiceLine | None
    past_due_since: datetime | None
    asked_at: datetime


def live_subscription(wallet: Wallet) -> Subscription | None:
    """The newest one that may still bill."""
    return (
        Subscription.objects.filter(wallet=wallet, status__in=LIVE)
        .select_related("plan", "paid_plan", "wallet")
        .first()
    )


def read_again(subscription_id: str) -> Subscription:
    """Take over a subscription's state from Stripe and settle the plan. Raises `UnknownCustomer`, `UnknownPrice`."""
    reading = _read(subscription_id)
    return _store(reading)


@transaction.atomic
def settle_plan(wallet: Wallet, now: datetime | None = None) -> Plan:
    """Give the account the plan that holds now: a paid one, else one given by an operator, else Free. Returns it."""
    now = now or timezone.now()
    locked = (
        Wallet.objects.select_for_update(of=("self",)).select_related("plan", "given_plan", "user").get(pk=wallet.pk)
    )
    paid = [
        one.paid_plan
        for one in Subscription.objects.filter(wallet=locked).select_related("paid_plan")
        if one.paid_plan and is_paid_for(one, now=now)
    ]
    plan = max(paid, key=lambda one: one.position, default=None) or locked.given_plan or _free_plan()
    if plan != locked.plan:
        _tell_of_a_lapse(locked, plan)
        locked.plan = plan
        locked.save(update_fields=["plan"])
    wallet.plan = plan
    return plan


def is_paid_for(subscription: Subscription, *, now: datetime) -> bool:
    """Whether its paid plan holds: its period runs, or its payment failed and the days of grace run."""
    if subscription.period_end is None:
        return False
    if subscription.status in ("active", "trialing"):
        return now < subscription.period_end + _RENEWAL_MAY_TAKE
    if subscription.status in _OWING:
        return now < max(subscription.period_end, grace_end(subscription) or subscription.period_end)
    return subscription.status == "paused" and now < subscription.period_end


def grace_end(subscription: Subscription) -> datetime | None:
    """When the account falls to Free, if its payment failed and nobody pays."""
    since = subscription.past_due_since
    return since + timedelta(days=settings.GRACE_DAYS) if since else None


def settle_due(*, now: datetime | None = None, limit: int = 100) -> int:
    """End what time ends. Returns how many accounts were visited; safe to run twice.

    Grace that is over needs no Stripe. A period that is over is read again, in case its event was lost.
    """
    now = now or timezone.now()
    owing = Subscription.objects.filter(
        status__in=_OWING, paid_plan=F("wallet__plan"), past_due_since__lte=now - timedelta(days=settings.GRACE_DAYS)
    )
    over = Subscription.objects.filter(status__in=LIVE, period_end__lte=now, read_at__lte=now - _READ_AGAIN_EVERY)
    lapsed = list(owing.select_related("wallet").order_by("past_due_since")[:limit])
    for subscription in lapsed:
        settle_plan(subscription.wallet, now)
    visited = len(lapsed) + (_read_ended(over.order_by("read_at")[:limit], now=now) if stripe_client.is_on() else 0)
    unread = Subscription.objects.filter(
        Q(status__in=("active", "trialing")), paid_plan=F("wallet__plan"), period_end__lte=now - _RENEWAL_MAY_TAKE
    )
    for subscription in unread.select_related("wallet")[:limit]:
        settle_plan(subscription.wallet, now)
    return visited


def _read_ended(ended: Iterable[Subscription], *, now: datetime) -> int:
    visited = 0
    for known in ended:
        try:
            read_again(known.stripe_id)
        except stripe_client.StripeUnavailable:
            break  # the others would wait for nothing
        except (stripe_client.StripeObjectMissing, UnknownCustomer, UnknownPrice):
            # Looked at again an hour later; the event about it is parked for an operator.
            Subscription.objects.filter(pk=known.pk).update(read_at=now)
        visited += 1
    return visited


def _read(subscription_id: str) -> _Reading:
    asked_at = timezone.now()
    state = gateway.subscription(subscription_id)
    billed = plan_of_price(state.price)
    if billed is None:
        raise UnknownPrice(state.price)
    paid, line = _newest_paid(gateway.invoices_of_subscription(subscription_id, status="paid"))
    past_due_since = None
    if state.status in (*_OWING, "canceled"):
        owed = gateway.invoices_of_subscription(subscription_id, status="open")
        past_due_since = min((one.created for one in owed), default=asked_at if state.status in _OWING else None)
    return _Reading(
        state=state, billed=billed, paid=paid, paid_line=line, past_due_since=past_due_since, asked_at=asked_at
    )


def _newest_paid(invoices: list[InvoiceState]) -> tuple[Plan | None, InvoiceLine | None]:
    """Of all lines that were paid (not credited), the one whose period ends last; of those, the one that began last."""
    lines = [
        (line.end, line.start, one.created, plan.position, plan, line)
        for one in invoices
        for line in one.lines
        if line.amount >= 0 and (plan := plan_of_price(line.price)) is not None
    ]
    if not lines:
        return None, None
    *_, plan, line = max(lines, key=lambda found: found[:4])
    return plan, line


@transaction.atomic
def _store(reading: _Reading) -> Subscription:
    wallet = wallet_of_customer(reading.state.customer)
    Wallet.objects.select_for_update().get(pk=wallet.pk)
    stored = Subscription.objects.filter(stripe_id=reading.state.id).first()
    if stored is not None and stored.read_at > reading.asked_at:
        return stored  # somebody asked after us
    line = reading.paid_line
    stored, _ = Subscription.objects.update_or_create(
        stripe_id=reading.state.id,
        defaults={
            "wallet": wallet,
            "plan": reading.billed,
            "paid_plan": reading.paid,
            "status": reading.state.status,
            "period_start": line.start if line else None,
            "period_end": line.end if line else None,
            "cancel_at_period_end": reading.state.cancel_at is not None,
            "past_due_since": reading.past_due_since,
            "read_at": reading.asked_at,
        },
    )
    settle_plan(wallet)
    return stored


def _free_plan() -> Plan:
    return Plan.objects.filter(slug=FREE).first() or Plan.objects.earliest("position")


def _tell_of_a_lapse(wallet: Wallet, plan: Plan) -> None:
    """A plan that ends for want of a payment is told of; one that was canceled ends as was said."""
    owing = Subscription.objects.filter(wallet=wallet, past_due_since__isnull=False).first()
    if owing is None or plan.position >= wallet.plan.position or not wallet.user.is_active:
        return
    letters.write(
        address=wallet.user.email,
        kind="plan_lapsed",
        key=f"plan_lapsed:{owing.stripe_id}:{owing.past_due_since:%Y-%m-%d}",
        context={"plan": wallet.plan.name, "now_plan": plan.name, "billing_url": f"{settings.SITE_URL}/billing/"},
    )
