"""What an account wants to be told of its credits. (Buying by itself is in `billing/auto_top_up.py`.)"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from billing.ledger import wallet_of
from billing.models import SpendingRules


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """When to be told. None: never."""

    low_balance_credits: int | None = None
    monthly_budget_credits: int | None = None


def wishes_of(user: User) -> Wishes:
    rules = SpendingRules.objects.filter(wallet__user=user).first()
    if rules is None:
        return Wishes()
    return Wishes(low_balance_credits=rules.low_balance_credits, monthly_budget_credits=rules.monthly_budget_credits)


@transaction.atomic
def save_wishes(*, user: User, wishes: Wishes) -> None:
    """Another number is a new wish: what was told of the old one does not count for it."""
    rules, _ = SpendingRules.objects.select_for_update().get_or_create(wallet=wallet_of(user))
    changes: dict[str, object] = {}
    if rules.low_balance_credits != wishes.low_balance_credits:
        changes |= {"low_balance_credits": wishes.low_balance_credits, "low_balance_told_at": None}
    if rules.monthly_budget_credits != wishes.monthly_budget_credits:
        changes |= {
            "monthly_budget_credits": wishes.monthly_budget_credits,
            "budget_told_month": None,
            "budget_told_percent": 0,
            "watched_entry_id": 0,
        }
    if changes:
        SpendingRules.objects.filter(pk=rules.pk).update(**changes)
