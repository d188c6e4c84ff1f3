"""Months as contracts count them: from the day and hour an account began, whatever the length of February.

The anchor's day is kept: who began on 31 January has months that begin on 28 (or 29) February and on 31 March, as at
Stripe. All in UTC, where no hour is missing or comes twice.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `start` until before `end`."""

    start: datetime
    end: datetime


def months_after(anchor: datetime, months: int) -> datetime:
    """The same day and hour so many months later, or the last day of a shorter month."""
    anchor = anchor.astimezone(UTC)
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def period_at(anchor: datetime, now: datetime) -> Period:
    """The month of `anchor`'s count that holds `now`. `now` must not be before `anchor`."""
    anchor, now = anchor.astimezone(UTC), now.astimezone(UTC)
    months = (now.year - anchor.year) * 12 + now.month - anchor.month
    if months_after(anchor, months) > now:
        months -= 1
    return Period(start=months_after(anchor, months), end=months_after(anchor, months + 1))


def calendar_day(now: datetime) -> Period:
    """The day in UTC."""
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(start=start, end=datetime.fromordinal(start.toordinal() + 1).replace(tzinfo=UTC))


def calendar_month(now: datetime) -> Period:
    """The calendar month in UTC."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(start=start, end=months_after(start, 1))
