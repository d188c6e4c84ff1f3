"""Watches what accounts spend, and tells those that asked for it: by letter, and to whoever hears `budget_reached`.

Two duties of the sweeper, outside the way of jobs: a submission does not wait for them. Each is safe to run twice and at
once: whoever moves the row that says what was told writes the letter, in the same transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.dispatch import Signal
from django.utils import timezone

from accounts import letters
from accounts.models import User
from billing.models import EntryKind, LedgerEntry, SpendingRules, Wallet
from billing.periods import Period, calendar_month

budget_reached = Signal()
"""An account has spent a share of its budget; sent with `user` and `reached`, inside the transaction that notes it."""

_STEPS_PERCENT = (100, 80)  # a leap over both is told as the higher one


def tell_low_balances(*, now: datetime | None = None, limit: int = 200) -> int:
    """Write to accounts whose balance has fallen below what they named, once until it is above again."""
    now = now or timezone.now()
    asked = SpendingRules.objects.filter(low_balance_credits__isnull=False)
    asked.filter(low_balance_told_at__isnull=False, wallet__available__gte=F("low_balance_credits")).update(
        low_balance_told_at=None
    )
    low = _active(asked).filter(low_balance_told_at=None, wallet__available__lt=F("low_balance_credits"))
    return sum(_tell_low_balance(rules, now=now) for rules in low[:limit])


def tell_budgets(*, now: datetime | None = None, limit: int = 200) -> int:
    """Tell accounts that have spent 80 % or all of their monthly budget, each once a calendar month (UTC)."""
    now = now or timezone.now()
    newest = LedgerEntry.objects.filter(wallet=OuterRef("wallet")).order_by("-id").values("id")[:1]
    # Only those whose books have moved since the last look; those that waited longest for it come first.
    moved = (
        _active(SpendingRules.objects.filter(monthly_budget_credits__isnull=False))
        .annotate(newest=Subquery(newest))
        .filter(newest__gt=F("watched_entry_id"))
        .order_by("watched_entry_id")
    )
    return sum(_tell_budget(rules, newest=rules.newest, now=now) for rules in moved[:limit])


def spent_credits(wallet: Wallet, *, period: Period) -> int:
    """What jobs held or captured in this time, less what came back of it."""
    entries = LedgerEntry.objects.filter(wallet=wallet, created_at__gte=period.start)
    sums = entries.aggregate(
        held=Sum("amount", filter=Q(kind=EntryKind.HOLD, created_at__lt=period.end), default=0),
        back=Sum(
            "amount",
            filter=Q(kind=EntryKind.REFUND, hold__created_at__gte=period.start, hold__created_at__lt=period.end),
            default=0,
        ),
    )
    return int(sums["held"]) - int(sums["back"])


def _active(rules: QuerySet[SpendingRules]) -> QuerySet[SpendingRules]:
    return rules.filter(wallet__user__is_active=True).select_related("wallet__user")


@transaction.atomic
def _tell_low_balance(rules: SpendingRules, *, now: datetime) -> bool:
    if not SpendingRules.objects.filter(pk=rules.pk, low_balance_told_at=None).update(low_balance_told_at=now):
        return False  # somebody was faster
    letters.write(
        address=rules.wallet.user.email,
        kind="low_balance",
        key=f"low_balance:{rules.wallet_id}:{now:%Y-%m-%dT%H:%M:%S.%f}",
        context={
            "credits_left": rules.wallet.available,
            "threshold": rules.low_balance_credits,
            "pricing_url": f"{settings.SITE_URL}/pricing",
        },
    )
    return True


@transaction.atomic
def _tell_budget(rules: SpendingRules, *, newest: int, now: datetime) -> bool:
    month = calendar_month(now)
    budget = rules.monthly_budget_credits or 0
    spent = spent_credits(rules.wallet, period=month)
    told = rules.budget_told_percent if rules.budget_told_month == month.start.date() else 0
    step = next((step for step in _STEPS_PERCENT if step > told and spent * 100 >= step * budget), 0)
    looked: dict[str, Any] = {"watched_entry_id": newest}
    if step:
        looked |= {"budget_told_month": month.start.date(), "budget_told_percent": step}
    unchanged = SpendingRules.objects.filter(
        pk=rules.pk,
        monthly_budget_credits=rules.monthly_budget_credits,
        watched_entry_id=rules.watched_entry_id,
    )
    if not unchanged.update(**looked) or not step:
        return False
    _tell_step(rules.wallet.user, step=step, budget=budget, spent=spent, month=month)
    return True


def _tell_step(user: User, *, step: int, budget: int, spent: int, month: Period) -> None:
    first: date = month.start.date()
    letters.write(
        address=user.email,
        kind=f"budget_{step}",
        # Another budget is another occasion.
        key=f"budget_{step}:{user.pk}:{first:%Y-%m}:{budget}",
        context={"budget": budget, "spent": spent, "month": f"{first:%B %Y}"},
    )
    reached = {
        "percent": step,
        "budget_credits": budget,
        "spent_credits": spent,
        "period": {"start": f"{month.start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{month.end:%Y-%m-%dT%H:%M:%SZ}"},
    }
    budget_reached.send(sender=User, user=user, reached=reached)
