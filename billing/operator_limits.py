"""What an operator may do with credits: not to their own account, and only so many a day."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Abs

from accounts.models import User
from billing.models import LedgerEntry, Wallet
from billing.periods import calendar_day
from pixelsite.lib.errors import PixelsiteError


class OwnAccount(PixelsiteError):
    """This is your own account. Ask another operator to change its credits or plan."""

    code = "own_account"


class DailyCapReached(PixelsiteError):
    """That is more than an operator may give or take in a day."""

    code = "daily_cap_reached"

    def __init__(self, *, left: int) -> None:
        super().__init__(
            f"An operator may give or take {settings.ADMIN_CREDITS_PER_DAY:,} credits a day (UTC); {left:,} are left to "
            "you today. Ask another operator, or set PIXELSITE_ADMIN_CREDITS_PER_DAY."
        )


def check_not_own(*, actor: User, wallet: Wallet) -> None:
    """Raise `OwnAccount` unless the operator is somebody else, or a superuser."""
    if wallet.user_id == actor.pk and not actor.is_superuser:
        raise OwnAccount


def check_cap(*, actor: User, amount: int, now: datetime) -> None:
    """Raise `DailyCapReached` if these and what the operator moved today are too many. Superusers are bound as well.

    Locks the operator's row, so that two forms sent at once are counted one after the other.
    """
    User.objects.select_for_update().get(pk=actor.pk)
    today = calendar_day(now)
    moved = LedgerEntry.objects.filter(actor=actor, created_at__gte=today.start, created_at__lt=today.end)
    left = settings.ADMIN_CREDITS_PER_DAY - (moved.aggregate(total=Sum(Abs("amount")))["total"] or 0)
    if amount > left:
        raise DailyCapReached(left=max(0, left))
