"""Each move of a job: it happens when it may, and does not when it may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing import invariants
from jobs import lifecycle
from jobs.models import Job, Status
from tests.cast import Cast
from tests.jobs.conftest import result_of


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None):
    yield
    assert invariants.violations() == []


def _lease_runs_out(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


def _state(job: Job) -> str:
    return Job.objects.values_list("status", flat=True).get(pk=job.pk)


def test_a_claim_takes_a_queued_job_and_counts_the_attempt(job: Job) -> None:
    claimed = lifecycle.claim_job(job.pk)

    assert claimed is not None
    assert (claimed.status, claimed.attempt, claimed.started_at is not None) == (Status.PROCESSING, 1, True)


def test_a_second_claim_gets_nothing_while_the_lease_lasts(claimed: Job) -> None:
    assert lifecycle.claim_job(claimed.pk) is None


def test_a_claim_takes_over_when_the_lease_has_run_out(claimed: Job) -> None:
    _lease_runs_out(claimed)

    again = lifecycle.claim_job(claimed.pk)

    assert again is not None
    assert again.attempt == 2


def test_an_ended_job_cannot_be_claimed(completed: Job) -> None:
    assert lifecycle.claim_job(completed.pk) is None


def test_a_job_past_its_deadline_cannot_be_claimed(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(deadline_at=Now() - timedelta(seconds=1))

    assert lifecycle.claim_job(job.pk) is None


def test_completing_spends_the_credits(cast: Cast, claimed: Job) -> None:
    assert lifecycle.complete_job(job_id=claimed.pk, attempt=1, result=result_of(claimed))

    assert (_state(claimed), cast.credits()) == (Status.COMPLETED, (495, 0))


def test_failing_gives_the_credits_back(cast: Cast, claimed: Job) -> None:
    assert lifecycle.fail_job(job_id=claimed.pk, attempt=1, code="processing_error", message="It broke.")

    assert (_state(claimed), cast.credits()) == (Status.FAILED, (500, 0))


def test_blocking_gives_the_credits_back(cast: Cast, claimed: Job) -> None:
    assert lifecycle.block_job(job_id=claimed.pk, attempt=1, code="nudity", message="Not allowed.")

    assert (_state(claimed), cast.credits()) == (Status.BLOCKED, (500, 0))


END: dict[str, Callable[[Job, int], bool]] = {
    "complete": lambda job, attempt: lifecycle.complete_job(job_id=job.pk, attempt=attempt, result=result_of(job)),
    "fail": lambda job, attempt: lifecycle.fail_job(job_id=job.pk, attempt=attempt, code="x", message="x"),
    "block": lambda job, attempt: lifecycle.block_job(job_id=job.pk, attempt=attempt, code="x", message="x"),
    "release": lambda job, attempt: lifecycle.release_job(job_id=job.pk, attempt=attempt, code="x", message="x"),
    "heartbeat": lambda job, attempt: lifecycle.heartbeat(job_id=job.pk, attempt=attempt),
    "progress": lambda job, attempt: lifecycle.note_progress(job_id=job.pk, attempt=attempt, stage="x", percent=1),
}


@pytest.mark.parametrize("move", END.values(), ids=END.keys())
def test_a_worker_whose_lease_was_taken_over_changes_nothing(cast: Cast, claimed: Job, move) -> None:
    _lease_runs_out(claimed)
    lifecycle.claim_job(claimed.pk)

    assert not move(claimed, 1)

    assert (_state(claimed), cast.credits()) == (Status.PROCESSING, (495, 5))


@pytest.mark.parametrize("move", END.values(), ids=END.keys())
def test_nothing_moves_a_job_that_has_ended(cast: Cast, claimed: Job, move) -> None:
    lifecycle.fail_job(job_id=claimed.pk, attempt=1, code="x", message="x")

    assert not move(claimed, 1)

    assert (_state(claimed), cast.credits()) == (Status.FAILED, (500, 0))


def test_a_released_job_waits_for_another_attempt(cast: Cast, claimed: Job) -> None:
    assert lifecycle.release_job(job_id=claimed.pk, attempt=1, code="out_of_memory", message="Too large.")

    assert (_state(claimed), cast.credits()) == (Status.QUEUED, (495, 5))


def test_the_last_attempt_is_not_released_but_fails(cast: Cast, claimed: Job, settings) -> None:
    settings.JOB_ATTEMPTS_MAX = 1

    lifecycle.release_job(job_id=claimed.pk, attempt=1, code="out_of_memory", message="Too large.")

    assert (_state(claimed), cast.credits()) == (Status.FAILED, (500, 0))


def test_a_heartbeat_extends_the_lease(claimed: Job) -> None:
    _lease_runs_out(claimed)

    assert lifecycle.heartbeat(job_id=claimed.pk, attempt=1)

    assert lifecycle.claim_job(claimed.pk) is None


def test_canceling_a_queued_job_gives_the_credits_back(cast: Cast, job: Job) -> None:
    assert lifecycle.cancel_job(job=job).status == Status.CANCELED

    assert cast.credits() == (500, 0)


def test_a_job_being_worked_on_cannot_be_canceled(cast: Cast, claimed: Job) -> None:
    with pytest.raises(lifecycle.NotCancelable):
        lifecycle.cancel_job(job=claimed)

    assert (_state(claimed), cast.credits()) == (Status.PROCESSING, (495, 5))
