"""What the plan page shows: where an account stands, what it can do about it, and what is for sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from billing import auto_top_up, stripe_client, subscriptions
from billing.models import Pack, Plan, SpendingRules, StripeEvent, Subscription, Wallet
from billing.prices import sellable_packs, sellable_plans

OWING = ("past_due", "unpaid")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an account stands with its plan."""

    plan: Plan
    subscription: Subscription | None
    next_plan: Plan | None
    """What it moves to at the end of the period, if that has been asked for."""
    is_owing: bool
    free_from: datetime | None
    """When it falls to Free, if its payment failed and nobody pays."""

    @property
    def is_ending(self) -> bool:
        return self.subscription is not None and self.subscription.cancel_at_period_end


@dataclass(frozen=True, kw_only=True)
class PlanOffer:
    """A plan on the page and what can be done with it: current, choose, up, down, keep, or nothing."""

    plan: Plan
    action: str


def standing_of(wallet: Wallet) -> Standing:
    subscription = subscriptions.live_subscription(wallet)
    moves = subscription is not None and subscription.paid_plan not in (None, subscription.plan)
    is_owing = subscription is not None and subscription.status in OWING
    return Standing(
        plan=wallet.plan,
        subscription=subscription,
        next_plan=subscription.plan if subscription is not None and moves and not is_owing else None,
        is_owing=is_owing,
        free_from=subscriptions.grace_end(subscription) if subscription is not None and is_owing else None,
    )


def plan_offers(standing: Standing) -> list[PlanOffer]:
    """The plans for sale, each with what this account can do."""
    if not stripe_client.is_on():
        return []
    return [PlanOffer(plan=plan, action=_action(standing, plan)) for plan in sellable_plans()]


def packs_for_sale() -> list[Pack]:
    return sellable_packs() if stripe_client.is_on() else []


def rules_of(wallet: Wallet) -> SpendingRules | None:
    return SpendingRules.objects.select_related("top_up_pack").filter(wallet=wallet).first()


def spent_on_top_ups(wallet: Wallet) -> int:
    """Cents of this calendar month."""
    return auto_top_up.spent_cents(wallet, now=timezone.now())


def has_arrived(session_id: str) -> bool:
    """Whether the news that a checkout page was completed has been handled."""
    recent = StripeEvent.objects.filter(
        kind="checkout.session.completed",
        state="handled",
        received_at__gte=timezone.now() - timedelta(days=1),
        payload__data__object__id=session_id[:255],
    )
    return recent.exists()


def _action(standing: Standing, plan: Plan) -> str:
    subscription = standing.subscription
    if subscription is None:
        return "choose"
    paid = subscription.paid_plan or subscription.plan
    if plan == paid:
        return "keep" if standing.next_plan else "current"
    if standing.is_owing or standing.is_ending:
        return "nothing"
    if plan == standing.next_plan:
        return "next"
    return "up" if plan.price_cents > paid.price_cents else "down"
