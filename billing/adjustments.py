"""Credits that an operator gives or takes back by hand, with a reason, within a day's cap."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User
from billing import ledger
from billing.models import Wallet
from billing.operator_limits import check_cap, check_not_own


@transaction.atomic
def adjust_by_hand(
    *,
    wallet: Wallet,
    amount: int,
    actor: User,
    reason: str,
    force: bool = False,
    request: HttpRequest | None = None,
) -> int:
    """Give (`amount` > 0) or take back (`amount` < 0) credits. Returns how many became a debt, with `force`.

    Raises `InsufficientCredits`, `OwnAccount`, `DailyCapReached`.
    """
    now: datetime = timezone.now()
    check_not_own(actor=actor, wallet=wallet)
    check_cap(actor=actor, amount=abs(amount), now=now)
    entry = ledger.adjust(wallet=wallet, amount=amount, actor=actor, reason=reason, force=force, now=now)
    moved = entry.amount if entry is not None else 0
    owed = moved - amount if amount < 0 else 0
    about = f"{amount:+,} credits" + (f", {owed:,} of them owed" if owed else "")
    audit.note(AuditKind.CREDITS_ADJUSTED, user=wallet.user, actor=actor, about=about, reason=reason, request=request)
    return owed
