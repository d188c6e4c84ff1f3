"""What this house knows of a person, for their export: plan, rules, and every movement of their credits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.export import told
from accounts.models import User
from billing import ledger
from billing.models import CreditLot, Debt, EntryKind, LedgerEntry, SpendingRules, Subscription
from billing.selectors import line_of
from pixelsite.lib.batches import in_batches

# What Stripe calls them; our own sources say nothing to anybody.
_STRIPES = ("in_", "pi_", "cs_", "re_", "dp_", "du_")


def plan_and_rules_of(user: User) -> dict[str, Any]:
    """What the account may spend and on which terms."""
    wallet = ledger.wallet_of(user)
    rules = SpendingRules.objects.filter(wallet=wallet).select_related("top_up_pack").first()
    return {
        "plan": wallet.plan.name,
        "available_credits": ledger.available_credits(wallet),
        "held_credits": wallet.held,
        "owed_credits": ledger.debt_of(wallet),
        "stripe_customer": wallet.stripe_customer,
        "subscriptions": [
            {
                "stripe_id": each.stripe_id,
                "plan": each.plan.name,
                "status": each.status,
                "period_start": told(each.period_start),
                "period_end": told(each.period_end),
                "cancel_at_period_end": each.cancel_at_period_end,
            }
            for each in Subscription.objects.filter(wallet=wallet).select_related("plan").order_by("pk")
        ],
        "rules": {
            "low_balance_credits": rules.low_balance_credits,
            "monthly_budget_credits": rules.monthly_budget_credits,
            "top_up_pack": rules.top_up_pack.name if rules.top_up_pack else None,
            "top_up_below_credits": rules.top_up_below_credits,
            "top_up_monthly_cents_max": rules.top_up_monthly_cents_max,
        }
        if rules
        else None,
        "credit_lots": [
            {
                "kind": lot.kind,
                "amount": lot.amount,
                "remaining": lot.remaining,
                "granted_at": told(lot.created_at),
                "expires_at": told(lot.expires_at),
            }
            for lot in CreditLot.objects.filter(wallet=wallet).order_by("pk")
        ],
        "debts": [
            {"amount": debt.amount, "remaining": debt.remaining, "reason": debt.reason, "since": told(debt.created_at)}
            for debt in Debt.objects.filter(wallet=wallet)
        ],
    }


def entries_of(user: User) -> Iterator[dict[str, Any]]:
    """Every movement of the account's credits, the oldest first, with the balance after it."""
    for entry in in_batches(LedgerEntry.objects.filter(wallet__user=user)):
        line = line_of(entry)
        yield {
            "number": entry.pk,
            "time": told(entry.created_at),
            "kind": entry.kind,
            "what": EntryKind(entry.kind).label,
            "credits": line.amount_signed,
            "available_after": entry.available_after,
            "held_after": entry.held_after,
            "job_id": str(entry.job_id) if entry.job_id else None,
            "reference": entry.source if (entry.source or "").startswith(_STRIPES) else None,
            "reason": entry.reason,
        }
