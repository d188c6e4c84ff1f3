"""Monthly credits of accounts that no subscription pays for: the free plan's, and those of plans an operator gave.

Credits of a paid month come with its invoice (`paid_invoices`). The month of the sign-up has the sign-up credits
instead. Safe to run twice, at once, or days late: each month is granted once, and a month that is over is not granted.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing import ledger, subscriptions
from billing.models import LotKind, Subscription, Wallet
from billing.periods import period_at


def grant_due_months(*, now: datetime | None = None, limit: int = 200) -> int:
    """Grant the running month's credits to accounts that lack them. Returns how many accounts were visited."""
    now = now or timezone.now()
    due = Wallet.objects.filter(Q(months_granted_until__lte=now) | Q(months_granted_until=None), user__is_active=True)
    ids = list(due.order_by("months_granted_until").values_list("pk", flat=True)[:limit])
    for wallet_id in ids:
        _grant_month(wallet_id, now=now)
    return len(ids)


@transaction.atomic
def _grant_month(wallet_id: int, *, now: datetime) -> None:
    wallet = Wallet.objects.select_for_update().select_related("plan", "user").get(pk=wallet_id)
    month = period_at(wallet.user.date_joined, max(now, wallet.user.date_joined))
    if wallet.months_granted_until is not None and wallet.months_granted_until >= month.end:
        return  # somebody was faster
    first = month.start <= wallet.user.date_joined
    if not first and wallet.plan.monthly_credits and not _is_paid_for(wallet, now=now):
        ledger.grant(
            wallet=wallet,
            kind=LotKind.PLAN,
            amount=wallet.plan.monthly_credits,
            source=f"month:{wallet.pk}:{month.start:%Y-%m-%dT%H:%M}",
            expires_at=month.end,
        )
    Wallet.objects.filter(pk=wallet_id).update(months_granted_until=month.end)


def _is_paid_for(wallet: Wallet, *, now: datetime) -> bool:
    paid = Subscription.objects.filter(wallet=wallet, paid_plan=wallet.plan)
    return any(subscriptions.is_paid_for(one, now=now) for one in paid)
