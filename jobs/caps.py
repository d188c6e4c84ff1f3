"""How much a key may spend: its caps, in days and calendar months of UTC.

What counts is what its jobs cost, those that failed, were blocked or canceled excepted: their credits came back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import ApiKey
from billing.periods import Period, calendar_day, calendar_month
from jobs.models import Job, Status
from pixelsite.lib.errors import PixelsiteError

_COUNTS = Q(status__in=(Status.QUEUED, Status.PROCESSING, Status.COMPLETED))


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Credits of a key's jobs, in the running day and month."""

    today: int
    this_month: int


_NOTHING = Spent(today=0, this_month=0)


class KeyCapReached(PixelsiteError):
    """This key has spent what it may. Wait until its cap starts anew, or raise the cap under API keys."""

    code = "key_cap_reached"
    status = 402

    def __init__(self, *, cap: int, spent: int, price: int, period: Period, unit: str) -> None:
        self.resets_at = period.end
        super().__init__(
            f"This key may spend {cap} credits a {unit} and has spent {spent}; this job costs {price}. "
            f"The cap starts anew at {period.end:%Y-%m-%d %H:%M} UTC. Raise it at {settings.SITE_URL}/keys/."
        )


def refuse_above_caps(key: ApiKey, *, price: int, beside: int = 0, now: datetime | None = None) -> None:
    """Raises `KeyCapReached` where a job of this price would take the key above a cap.

    `beside` are credits of the same request that are not counted yet. What decides is asked behind the wallet's lock: copies of a request that arrive together are counted in turn.
    """
    if not price or (key.daily_cap_credits is None and key.monthly_cap_credits is None):
        return
    now = now or timezone.now()
    spent = spent_by([key], now=now).get(key.pk, _NOTHING)
    for cap, used, period, unit in (
        (key.daily_cap_credits, spent.today, calendar_day(now), "day"),
        (key.monthly_cap_credits, spent.this_month, calendar_month(now), "month"),
    ):
        if cap is not None and used + beside + price > cap:
            raise KeyCapReached(cap=cap, spent=used + beside, price=price, period=period, unit=unit)


def spent_by(keys: Iterable[ApiKey], *, now: datetime | None = None) -> dict[int, Spent]:
    """What each of these keys has spent, by the key's id; keys that spent nothing this month are left out."""
    now = now or timezone.now()
    day, month = calendar_day(now), calendar_month(now)
    jobs = Job.objects.filter(_COUNTS, api_key__in=list(keys), created_at__gte=month.start).order_by()
    sums = jobs.values("api_key").annotate(
        today=Coalesce(Sum("price_credits", filter=Q(created_at__gte=day.start)), 0),
        this_month=Sum("price_credits"),
    )
    return {row["api_key"]: Spent(today=row["today"], this_month=row["this_month"]) for row in sums}
