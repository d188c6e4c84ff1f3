"""What an account's jobs came to, by day, operation and key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from accounts.models import User
from jobs.catalogue import OPERATIONS
from jobs.models import Job, Status

BROWSER = "Browser"
OTHERS = "Others"
_SERIES_MAX = 5  # more cannot be told apart in a chart
_COSTING = (Status.QUEUED, Status.PROCESSING, Status.COMPLETED)


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """Jobs of one day, operation and key."""

    day: date
    operation: str
    key: str
    jobs: int
    credits: int
    not_done: int
    """Failed, blocked or canceled: their credits came back."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """An account's jobs from one day to another, both included (UTC)."""

    first: date
    last: date
    rows: list[UsageRow]

    @property
    def jobs(self) -> int:
        return sum(row.jobs for row in self.rows)

    @property
    def credits(self) -> int:
        return sum(row.credits for row in self.rows)

    @property
    def not_done(self) -> int:
        return sum(row.not_done for row in self.rows)

    def credits_by(self, name_of: Callable[[UsageRow], str]) -> tuple[dict[tuple[date, str], int], list[str]]:
        """Credits of each day and name, and the names, the dearest first; beyond five they are `OTHERS`."""
        totals: dict[str, int] = {}
        for row in self.rows:
            totals[name_of(row)] = totals.get(name_of(row), 0) + row.credits
        names = sorted(totals, key=lambda name: -totals[name])
        shown = names if len(names) <= _SERIES_MAX + 1 else [*names[:_SERIES_MAX], OTHERS]
        values: dict[tuple[date, str], int] = {}
        for row in self.rows:
            name = name_of(row) if name_of(row) in shown else OTHERS
            values[row.day, name] = values.get((row.day, name), 0) + row.credits
        return values, shown


def usage_of(user: User, *, days: int, now: datetime | None = None) -> Usage:
    """The account's jobs of the last `days` days, today's included. One query, whatever their number."""
    today = (now or timezone.now()).astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    jobs = Job.objects.filter(user=user, created_at__gte=datetime(first.year, first.month, first.day, tzinfo=UTC))
    return Usage(first=first, last=today, rows=[_row(found) for found in _grouped(jobs)])


def _grouped(jobs: QuerySet[Job]) -> Iterable[Mapping[str, Any]]:
    days = (
        jobs.annotate(day=TruncDate("created_at", tzinfo=UTC))
        .order_by("-day", "operation", "api_key__name", "api_key")
        .values("day", "operation", "api_key", "api_key__name", "api_key__last_four")
    )
    return days.annotate(
        jobs=Count("pk"),
        credits=Coalesce(Sum("price_credits", filter=Q(status__in=_COSTING)), 0),
        not_done=Count("pk", filter=Q(status__in=(Status.FAILED, Status.BLOCKED, Status.CANCELED))),
    )


def _row(found: Mapping[str, Any]) -> UsageRow:
    operation = found["operation"]
    known = OPERATIONS.get(operation)
    return UsageRow(
        day=found["day"],
        operation=known.title if known else operation,
        # Two keys may have one name.
        key=f"{found['api_key__name']} (…{found['api_key__last_four']})" if found["api_key"] else BROWSER,
        jobs=found["jobs"],
        credits=found["credits"],
        not_done=found["not_done"],
    )
