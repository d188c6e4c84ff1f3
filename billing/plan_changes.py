"""What a person does with a plan: choose, switch after a look at the price, cancel, go on. Stripe's page takes the card.

Going up is paid at once, for the rest of the period, and holds once it is paid. Going down costs nothing: limits and
credits stay until the period's end, when the lower price is billed for the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.utils import timezone

from billing import stripe_gateway as gateway
from billing import subscriptions
from billing.customers import customer_of
from billing.models import Plan, Subscription, Wallet
from billing.prices import price_of
from billing.stripe_objects import Money, SubscriptionState
from pixelsite.lib.errors import PixelsiteError


class PlanNotSold(PixelsiteError):
    """This plan cannot be bought here. Choose one of those on the page."""

    code = "plan_not_sold"
    status = 422


class AlreadySubscribed(PixelsiteError):
    """You have a plan already. Switch it instead of buying a second one."""

    code = "already_subscribed"
    status = 409


class NotSubscribed(PixelsiteError):
    """You have no paid plan to change. Choose one first."""

    code = "not_subscribed"
    status = 409


class PaymentOwed(PixelsiteError):
    """The last payment failed. Pay the open invoice first; then change the plan."""

    code = "payment_owed"
    status = 409


class MoveUnderWay(PixelsiteError):
    """You are moving to a lower plan at the end of this period. Keep the plan you have first; then go up from it."""

    code = "move_under_way"
    status = 409


class EndUnderWay(PixelsiteError):
    """Your plan ends with this period. Resume it first; then switch."""

    code = "end_under_way"
    status = 409


class SamePlan(PixelsiteError):
    """This is the plan you have."""

    code = "same_plan"
    status = 409


class QuoteTooOld(PixelsiteError):
    """The price was worked out too long ago. Have another look at it, then confirm."""

    code = "quote_too_old"
    status = 409


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a switch would cost, as Stripe works it out."""

    plan: Plan
    is_upgrade: bool
    due_now: Money | None
    next_invoice: Money
    next_at: datetime
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class Switched:
    """A switch that was taken; `pay_url` is where the bank still wants to see the customer, until when nothing changes."""

    plan: Plan
    is_upgrade: bool
    pay_url: str | None


# A quote is confirmed within this time, or asked for again.
QUOTE_S = 30 * 60


def begin_checkout(*, wallet: Wallet, plan: Plan, success_url: str, cancel_url: str) -> str:
    """The address of Stripe's page that sells this plan. Raises `PlanNotSold`, `AlreadySubscribed`."""
    price = _price_of(plan)
    customer = customer_of(wallet)
    # Asked at Stripe: our own row may be late, and a second subscription would be paid twice.
    if gateway.live_subscriptions(customer=customer):
        raise AlreadySubscribed
    gateway.close_open_checkouts(customer=customer)
    return gateway.open_plan_checkout(customer=customer, price=price, success_url=success_url, cancel_url=cancel_url)


def quote(*, wallet: Wallet, plan: Plan, now: datetime | None = None) -> Quote:
    """What switching to `plan` costs today and at the next invoice. Changes nothing."""
    as_of = (now or timezone.now()).replace(microsecond=0)
    subscription, state = _changeable(wallet)
    price = _price_of(plan)
    is_upgrade = _is_upgrade(subscription, plan)
    due = gateway.preview_change(subscription=state, price=price, prorated_at=as_of).due if is_upgrade else None
    following = gateway.preview_change(subscription=state, price=price, prorated_at=None)
    return Quote(
        plan=plan,
        is_upgrade=is_upgrade,
        due_now=due,
        next_invoice=following.due,
        next_at=state.period_end,
        as_of=as_of,
    )


def switch(*, wallet: Wallet, plan: Plan, as_of: datetime, now: datetime | None = None) -> Switched:
    """Switch at the price that was quoted `as_of`. Raises what `quote` raises, `QuoteTooOld` and `PaymentDeclined`."""
    now = now or timezone.now()
    if not 0 <= (now - as_of).total_seconds() <= QUOTE_S:
        raise QuoteTooOld
    subscription, state = _changeable(wallet)
    is_upgrade = _is_upgrade(subscription, plan)
    changed = gateway.change_price(
        subscription=state,
        price=_price_of(plan),
        prorated_at=as_of if is_upgrade else None,
        key=f"switch-{state.id}-{plan.slug}-{as_of.timestamp():.0f}",
    )
    subscriptions.read_again(state.id)
    return Switched(plan=plan, is_upgrade=is_upgrade, pay_url=changed.pay_url if changed.has_pending_update else None)


def keep_plan(*, wallet: Wallet) -> None:
    """Take back a move to a lower plan: the paid plan is billed again. Costs nothing today."""
    subscription, state = _subscription(wallet)
    if subscription.paid_plan is None or subscription.plan == subscription.paid_plan:
        raise SamePlan
    gateway.change_price(
        subscription=state, price=_price_of(subscription.paid_plan), prorated_at=None, key=str(uuid4())
    )
    subscriptions.read_again(state.id)


def cancel(*, wallet: Wallet) -> Subscription:
    """End the subscription with the period that is paid."""
    _, state = _subscription(wallet)
    gateway.set_cancel_at_period_end(state.id, cancels=True)
    return subscriptions.read_again(state.id)


def resume(*, wallet: Wallet) -> Subscription:
    """Take back a cancellation whose end has not come."""
    _, state = _subscription(wallet)
    gateway.set_cancel_at_period_end(state.id, cancels=False)
    return subscriptions.read_again(state.id)


def _changeable(wallet: Wallet) -> tuple[Subscription, SubscriptionState]:
    subscription, state = _subscription(wallet)
    if state.status not in ("active", "trialing"):
        raise PaymentOwed
    if state.cancel_at is not None:
        raise EndUnderWay
    return subscription, state


def _subscription(wallet: Wallet) -> tuple[Subscription, SubscriptionState]:
    known = subscriptions.live_subscription(wallet)
    if known is None:
        raise NotSubscribed
    known = subscriptions.read_again(known.stripe_id)
    state = gateway.subscription(known.stripe_id)
    if not state.is_live:
        raise NotSubscribed
    return known, state


def _is_upgrade(subscription: Subscription, plan: Plan) -> bool:
    paid = subscription.paid_plan or subscription.plan
    if plan == subscription.plan:
        raise SamePlan
    if plan.price_cents <= paid.price_cents:
        return False
    # Stripe prorates against the price that is set, which would be the lower one.
    if subscription.plan.price_cents < paid.price_cents:
        raise MoveUnderWay
    return True


def _price_of(plan: Plan) -> str:
    price = price_of(plan.slug)
    if price is None:
        raise PlanNotSold
    return price
