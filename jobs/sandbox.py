"""Trying things out: jobs of test keys cost nothing, are stamped, and are limited in number."""

from __future__ import annotations

import math
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from accounts.models import ApiKey, User
from billing.periods import calendar_day
from jobs.catalogue import Operation
from jobs.models import Job
from pixelsite.lib.errors import PixelsiteError


class SandboxLimitReached(PixelsiteError):
    """Test keys have tried what they may today. Go on at midnight (UTC), or use a live key."""

    code = "sandbox_limit_reached"
    status = 429

    def __init__(self, *, limit: int, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            f"The test keys of an account may try {limit} jobs a day, and these have. "
            "Go on at midnight (UTC), or use a live key."
        )


def is_sandbox(key: ApiKey | None) -> bool:
    return key is not None and key.is_sandbox


def price_of(operation: Operation, *, key: ApiKey | None) -> int:
    """What a job costs that is submitted with this key, or in the editor."""
    return 0 if is_sandbox(key) else operation.price_credits


def refuse_above_limit(user: User, *, beside: int = 0, now: datetime | None = None) -> None:
    """Raises `SandboxLimitReached` where the account has tried what it may today, `beside` of this request included."""
    now = now or timezone.now()
    day = calendar_day(now)
    limit = settings.SANDBOX_JOBS_PER_DAY
    tried = Job.objects.filter(user=user, created_at__gte=day.start, is_sandbox=True)
    if tried.order_by()[:limit].count() + beside >= limit:
        raise SandboxLimitReached(limit=limit, retry_after_s=math.ceil((day.end - now).total_seconds()))


def lock(user: User) -> None:
    """Let submissions of this account through one after the other: what costs nothing does not lock the wallet."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
