"""What an account's jobs came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import api_keys
from jobs import lifecycle, usage
from jobs.models import Job
from pixelsite.lib.charts import daily_chart
from tests.cast import Cast


def test_jobs_are_counted_by_day_operation_and_key(cast: Cast, job: Job) -> None:
    (row,) = usage.usage_of(cast.alice, days=7).rows

    assert (row.jobs, row.credits, row.not_done) == (1, 5, 0)
    assert row.operation == "Remove an object"
    assert row.day == timezone.now().date()


def test_a_job_that_was_not_done_costs_nothing(cast: Cast, job: Job) -> None:
    lifecycle.cancel_job(job=job)

    (row,) = usage.usage_of(cast.alice, days=7).rows

    assert (row.jobs, row.credits, row.not_done) == (1, 0, 1)


def test_older_days_are_left_out(cast: Cast, job: Job) -> None:
    later = timezone.now() + timedelta(days=7)

    assert usage.usage_of(cast.alice, days=7, now=later).rows == []
    assert len(usage.usage_of(cast.alice, days=8, now=later).rows) == 1


def test_keys_of_one_name_are_told_apart(cast: Cast, submit: Callable[..., Job]) -> None:
    for _ in range(2):
        key, _ = api_keys.mint_key(user=cast.alice, name="CI")
        Job.objects.filter(pk=submit().pk).update(api_key=key)

    rows = usage.usage_of(cast.alice, days=7).rows

    assert len({row.key for row in rows}) == 2


def test_others_jobs_are_not_counted(cast: Cast, job: Job) -> None:
    assert usage.usage_of(cast.bob, days=30).rows == []


def test_the_page_shows_the_chart_and_its_numbers(alice_browser: Client, job: Job) -> None:
    page = alice_browser.get("/usage/").content.decode()

    assert "chart__bar--0" in page
    assert "1 job, 5 credits" in page


def test_an_account_without_jobs_is_told_how_to_begin(alice_browser: Client) -> None:
    assert "No jobs in these 30 days" in alice_browser.get("/usage/", {"days": "nonsense", "by": "x"}).content.decode()


def test_the_page_asks_the_same_of_the_database_however_many_jobs(
    alice_browser: Client, submit: Callable[..., Job]
) -> None:
    counts = []
    alice_browser.get("/usage/")
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            alice_browser.get("/usage/")
        counts.append(len(asked))
        submit()

    assert counts[0] == counts[1]


def test_days_end_at_midnight_utc(cast: Cast, submit: Callable[..., Job]) -> None:
    for hour in (datetime(2027, 3, 28, 23, 30, tzinfo=UTC), datetime(2027, 3, 29, 0, 30, tzinfo=UTC)):
        with time_machine.travel(hour, tick=False):
            submit()

    days = [row.day.day for row in usage.usage_of(cast.alice, days=7, now=datetime(2027, 3, 29, 12, tzinfo=UTC)).rows]

    assert days == [29, 28]


def test_columns_stack_up_to_the_days_sum() -> None:
    day = datetime(2027, 3, 1, tzinfo=UTC).date()

    chart = daily_chart({(day, "a"): 30, (day, "b"): 10}, first=day, last=day, series=["a", "b"], unit="credits")

    lower, upper = chart.bars
    assert upper.y + upper.height == lower.y
    assert lower.height == 3 * upper.height
    assert [tick.text for tick in chart.levels] == ["0", "20", "40"]
