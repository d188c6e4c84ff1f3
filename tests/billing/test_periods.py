"""Months of an account, whatever the calendar does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.periods import calendar_day, calendar_month, months_after, period_at

_MOMENTS = st.builds(
    lambda seconds, zone: datetime.fromtimestamp(seconds, tz=zone),
    st.integers(min_value=1_577_836_800, max_value=2_208_988_800),  # 2020 to 2040
    st.timezones() | st.just(UTC),
)


def test_who_began_on_31_january_has_months_that_begin_on_the_last_of_february_and_on_31_march() -> None:
    anchor = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)

    begins = [months_after(anchor, months) for months in range(4)]

    assert [(each.month, each.day) for each in begins] == [(1, 31), (2, 28), (3, 31), (4, 30)]


def test_who_began_on_a_leap_day_keeps_its_day_in_the_next_leap_year() -> None:
    anchor = datetime(2028, 2, 29, tzinfo=UTC)

    assert months_after(anchor, 12) == datetime(2029, 2, 28, tzinfo=UTC)
    assert months_after(anchor, 48) == datetime(2032, 2, 29, tzinfo=UTC)


@given(anchor=_MOMENTS, later=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)))
def test_every_moment_lies_in_its_period(anchor: datetime, later: timedelta) -> None:
    now = anchor.astimezone(UTC) + later

    period = period_at(anchor, now)

    assert period.start <= now < period.end


@given(anchor=_MOMENTS, months=st.integers(min_value=0, max_value=200))
def test_periods_follow_each_other_without_gap_or_overlap(anchor: datetime, months: int) -> None:
    start = months_after(anchor, months)

    period = period_at(anchor, start)

    assert period.start == start
    assert period_at(anchor, period.end - timedelta(microseconds=1)) == period
    assert period_at(anchor, period.end).start == period.end


@given(anchor=_MOMENTS, months=st.integers(min_value=0, max_value=200))
def test_a_period_has_the_length_of_a_month(anchor: datetime, months: int) -> None:
    period = period_at(anchor, months_after(anchor, months))

    assert timedelta(days=28) <= period.end - period.start <= timedelta(days=31)


@given(now=_MOMENTS)
def test_days_and_calendar_months_are_those_of_utc(now: datetime) -> None:
    moment = now.astimezone(UTC)

    day, month = calendar_day(now), calendar_month(now)

    assert day.start <= moment < day.end
    assert day.end - day.start == timedelta(days=1)
    assert month.start <= day.start < day.end <= month.end
    assert month.start.day == month.end.day == 1
