"""The status page: what works, what does not, and how fast it has been."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs import workers
from jobs.models import Job, Status
from jobs.pace import recent_pace
from pixelsite import status
from tests.cast import Cast


@pytest.fixture(autouse=True)
def asks_anew() -> Iterator[None]:
    status.health_now.forget()
    status.pace_now.forget()
    yield
    status.health_now.forget()
    status.pace_now.forget()


def _ended_jobs(cast: Cast, *, seconds: list[float], status: str = Status.COMPLETED) -> None:
    now = timezone.now()
    is_done = status == Status.COMPLETED
    facts = {"operation": "remove-object", "price_credits": 0, "input_format": "png", "width": 1, "height": 1}
    for number, taken in enumerate(seconds):
        end = now - timedelta(minutes=number)
        start = end - timedelta(seconds=taken)
        job = Job.objects.create(user=cast.alice, ring_at=now, deadline_at=now, created_at=start, **facts)
        claimed = {"status": Status.PROCESSING, "attempt": 1, "lease_until": now, "started_at": start}
        Job.objects.filter(pk=job.pk).update(**claimed)
        outcome = {"output_type": "image/png"} if is_done else {"error_code": "bad_output"}
        Job.objects.filter(pk=job.pk).update(status=status, lease_until=None, ended_at=end, **outcome)


def test_it_says_that_everything_works_while_a_worker_is_there(db: None, client: Client) -> None:
    workers.report_worker(name="one", engines=[{"name": "exemplar"}], safety_filter="none")

    page = client.get("/status")

    assert page.status_code == 200
    assert "Everything works" in page.content.decode()
    assert page["Cache-Control"] == "no-cache"


def test_it_says_what_does_not_work_and_what_that_means_for_a_photo(db: None, client: Client) -> None:
    page = client.get("/status").content.decode()

    assert "Something is wrong" in page
    assert "those that wait too long cost nothing" in page


def test_a_day_with_few_photos_promises_no_pace(cast: Cast, client: Client) -> None:
    _ended_jobs(cast, seconds=[1.0] * 3)

    assert "Too few photos yet" in client.get("/status").content.decode()


def test_the_pace_is_the_middle_and_the_slow_end_of_what_came_to_a_result(cast: Cast) -> None:
    _ended_jobs(cast, seconds=[float(number) for number in range(1, 41)])
    _ended_jobs(cast, seconds=[500.0] * 10, status=Status.FAILED)
    _ended_jobs(cast, seconds=[900.0] * 30, status=Status.BLOCKED)

    pace = recent_pace()

    assert pace.typical_s == pytest.approx(20.5)
    assert pace.slow_s == pytest.approx(38.95, abs=0.5)
    assert pace.completed_percent == pytest.approx(80)


def test_jobs_of_the_day_before_yesterday_no_longer_count(cast: Cast) -> None:
    _ended_jobs(cast, seconds=[1.0] * 30)
    Job.objects.update(ended_at=timezone.now() - timedelta(hours=49), created_at=timezone.now() - timedelta(hours=50))

    assert recent_pace().typical_s is None
