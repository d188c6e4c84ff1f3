"""What the sweeper does, and that doing it twice changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from billing import invariants
from jobs import lifecycle, sweeper
from jobs.models import Job, Status
from tests.cast import Cast
from tests.jobs.conftest import result_of


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None):
    yield
    assert invariants.violations() == []


def _past(job: Job, **fields: int) -> None:
    Job.objects.filter(pk=job.pk).update(**{name: Now() - timedelta(seconds=s) for name, s in fields.items()})


def test_it_rings_again_for_a_job_nobody_claimed(job: Job, rung: list[str]) -> None:
    rung.clear()
    _past(job, ring_at=1)

    sweeper.sweep()
    sweeper.sweep()

    assert rung == [str(job.pk)]


def test_it_does_not_ring_for_a_job_that_was_just_submitted(job: Job, rung: list[str]) -> None:
    rung.clear()

    sweeper.sweep()

    assert rung == []


def test_it_takes_a_job_from_a_silent_worker(cast: Cast, claimed: Job, rung: list[str]) -> None:
    rung.clear()
    _past(claimed, lease_until=1)

    sweeper.sweep()

    assert (Job.objects.get().status, cast.credits(), rung) == (Status.QUEUED, (495, 5), [str(claimed.pk)])


def test_it_leaves_a_job_with_a_living_worker_alone(claimed: Job) -> None:
    sweeper.sweep()

    assert Job.objects.get().status == Status.PROCESSING


def test_after_the_last_attempt_a_silent_worker_costs_the_customer_nothing(cast: Cast, claimed: Job, settings) -> None:
    settings.JOB_ATTEMPTS_MAX = 1
    _past(claimed, lease_until=1)

    sweeper.sweep()
    sweeper.sweep()

    job = Job.objects.get()
    assert (job.status, job.error_code, cast.credits()) == (Status.FAILED, "worker_lost", (500, 0))


def test_a_job_that_waited_too_long_fails_with_its_credits_back(cast: Cast, job: Job) -> None:
    _past(job, deadline_at=1)

    sweeper.sweep()
    sweeper.sweep()

    job.refresh_from_db()
    assert (job.status, job.error_code, cast.credits()) == (Status.FAILED, "expired_in_queue", (500, 0))


def test_images_are_deleted_when_their_time_is_up(completed: Job, images: Path) -> None:
    _past(completed, delete_images_at=1)

    sweeper.sweep()

    completed.refresh_from_db()
    assert [path for path in images.rglob("*") if path.is_file()] == []
    assert (completed.status, completed.output_name, completed.images_deleted_at is not None) == ("completed", "", True)


def test_a_job_that_was_promised_an_hour_keeps_its_images_for_an_hour(claimed: Job) -> None:
    Job.objects.filter(pk=claimed.pk).update(keep_hours=1)

    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))

    job = Job.objects.get(pk=claimed.pk)
    assert job.ended_at is not None
    assert job.delete_images_at == job.ended_at + timedelta(hours=1)


def test_images_are_kept_until_then(completed: Job, images: Path) -> None:
    sweeper.sweep()

    assert len([path for path in images.rglob("*") if path.is_file()]) == 5


def test_a_duty_that_fails_does_not_keep_the_others_from_running(
    job: Job, monkeypatch: pytest.MonkeyPatch, rung: list[str]
) -> None:
    rung.clear()
    _past(job, ring_at=1)

    def broken() -> int:
        raise RuntimeError("broken")

    monkeypatch.setattr(sweeper, "rescue_lost_jobs", broken)

    sweeper.sweep()

    assert rung == [str(job.pk)]
