"""What the site did, by day, for operators: jobs and how they ended, beside the books of the same days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from billing.figures import DayOfBooks, Outstanding, books_by_day, outstanding
from jobs.models import Job, Status
from pixelsite.lib.charts import Chart, daily_chart

_ENDS = {
    "Completed": Status.COMPLETED,
    "Failed": Status.FAILED,
    "Blocked": Status.BLOCKED,
    "Canceled": Status.CANCELED,
}


@dataclass(kw_only=True)
class Day:
    """One day (UTC): jobs by the day they were submitted, and the day's books."""

    day: date
    jobs: int = 0
    ends: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ENDS, 0))
    sandbox: int = 0
    """Jobs of test keys; they are in no other figure."""
    seconds: int = 0
    """From a worker's first claim to the end, waits between attempts among them."""
    books: DayOfBooks = field(default_factory=DayOfBooks)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The days, the newest first, with charts of them, their sum, and what is outstanding now."""

    days: list[Day]
    outstanding: Outstanding
    charts: list[tuple[str, Chart]]

    @property
    def total(self) -> Day:
        total = Day(day=self.days[0].day)
        for day in self.days:
            total.jobs += day.jobs
            total.sandbox += day.sandbox
            total.seconds += day.seconds
            for name, count in day.ends.items():
                total.ends[name] += count
            _add(total.books, day.books)
        return total


def figures(*, days: int, now: datetime | None = None) -> Figures:
    """The last `days` days, today among them."""
    today = (now or timezone.now()).astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    by_day = {first + timedelta(days=number): Day(day=first + timedelta(days=number)) for number in range(days)}
    for row in _jobs(since):
        day = by_day.setdefault(row["day"], Day(day=row["day"]))
        day.jobs, day.sandbox = row["jobs"], row["sandbox"]
        day.ends = {name: row[name.lower()] for name in _ENDS}
        day.seconds = round(row["worked"].total_seconds()) if row["worked"] else 0
    for when, books in books_by_day(since).items():
        by_day.setdefault(when, Day(day=when)).books = books
    rows = sorted(by_day.values(), key=lambda each: each.day, reverse=True)
    return Figures(days=rows, outstanding=outstanding(), charts=_charts(rows))


def _jobs(since: datetime) -> list[Any]:
    paid, worked = Q(is_sandbox=False), Q(is_sandbox=False, started_at__isnull=False, ended_at__isnull=False)
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    return list(
        Job.objects.filter(created_at__gte=since)
        .order_by()
        .values(day=TruncDate("created_at", tzinfo=UTC))
        .annotate(
            jobs=Count("pk", filter=paid),
            sandbox=Count("pk", filter=~paid),
            worked=Sum(took, filter=worked),
            **{name.lower(): Count("pk", filter=paid & Q(status=status)) for name, status in _ENDS.items()},
        )
    )


def _charts(days: list[Day]) -> list[tuple[str, Chart]]:
    span: dict[str, Any] = {"first": days[-1].day, "last": days[0].day}
    ends = {(day.day, name): count for day in days for name, count in day.ends.items()}
    spent = {(day.day, "Spent"): day.books.spent for day in days}
    back = {(day.day, "Refunded"): day.books.refunded + day.books.given for day in days}
    minutes = {(day.day, "Minutes"): round(day.seconds / 60) for day in days}
    charts = [
        ("Jobs by how they ended", daily_chart(ends, series=list(_ENDS), unit="jobs", **span)),
        ("Credits", daily_chart(spent | back, series=["Spent", "Refunded"], unit="credits", **span)),
        ("Minutes of workers", daily_chart(minutes, series=["Minutes"], unit="min", **span)),
    ]
    for currency in sorted({currency for day in days for currency in day.books.came}):
        came = {(day.day, "Paid"): day.books.came_in(currency) for day in days}
        charts.append(
            (f"Paid to us, {currency.upper()}", daily_chart(came, series=["Paid"], unit=currency.upper(), **span))
        )
    return charts


def _add(total: DayOfBooks, books: DayOfBooks) -> None:
    total.spent += books.spent
    total.refunded += books.refunded
    total.refunds += books.refunds
    total.given += books.given
    for mine, other in ((total.came, books.came), (total.went, books.went)):
        for currency, amount in other.items():
            mine[currency] = mine.get(currency, 0) + amount
