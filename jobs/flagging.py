"""Accounts of which much is blocked are flagged, for an operator to look at. Nothing else follows from it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from accounts import flags
from jobs.models import Job, Review, Status

# Five in a month is no slip, and a heavy user's rare false alarms stay below it (docs/safety.md: under 3 in 100).
WINDOW = timedelta(days=30)


def flag_if_often_blocked(user_id: int) -> None:
    """Flag the account if `FLAG_AFTER_BLOCKS` of its jobs were blocked lately and none of them was let through since."""
    most = settings.FLAG_AFTER_BLOCKS
    blocked = Job.objects.filter(user_id=user_id, status=Status.BLOCKED, ended_at__gt=Now() - WINDOW)
    if blocked.exclude(review=Review.RELEASED).order_by()[:most].count() >= most:
        flags.flag(user_id, reason=f"{most} jobs blocked within {WINDOW.days} days")
