"""How fast and how well jobs have ended lately, for anybody to see: shares and seconds, no numbers of customers."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Now

from jobs.models import Job, Status

_HOURS = 24
# The newest ones tell enough; a busy day has a hundred thousand.
_LOOKED_AT = 2000
_FEW = 20


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Of the jobs that ended in the last 24 hours. Seconds are from a job's arrival to its end; None: too few to tell."""

    typical_s: float | None
    slow_s: float | None
    """Nineteen of twenty were faster."""
    completed_percent: float | None
    """Blocked and canceled jobs are left out: both did what they should."""
    waiting: int


def recent_pace() -> Pace:
    """Read from the newest jobs; at most `_LOOKED_AT` rows."""
    ended = Job.objects.filter(ended_at__gt=Now() - timedelta(hours=_HOURS), is_sandbox=False).order_by("-ended_at")
    rows = list(ended.values_list("status", "created_at", "ended_at")[:_LOOKED_AT])
    counts = Counter(status for status, _, _ in rows)
    seconds = [(end - start).total_seconds() for status, start, end in rows if end and status == Status.COMPLETED]
    decided = counts[Status.COMPLETED] + counts[Status.FAILED]
    return Pace(
        typical_s=statistics.median(seconds) if len(seconds) >= _FEW else None,
        slow_s=statistics.quantiles(seconds, n=20)[-1] if len(seconds) >= _FEW else None,
        completed_percent=100 * counts[Status.COMPLETED] / decided if decided >= _FEW else None,
        waiting=Job.objects.filter(status=Status.QUEUED).count(),
    )
