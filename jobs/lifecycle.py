"""Every move of a job's status, one function each: the only writer of `Job.status`.

A claim counts `attempt` up; it is the fencing token. Heartbeat, complete, fail, block and release apply only while it
still matches, so a worker that comes back from the dead changes nothing. Leases use the database's clock.
Each end of a job is one transaction: state, money and the events that tell of it move together or not at all.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from billing import ledger
from jobs import flagging, webhooks
from jobs.models import Job, Review, Status
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

_ERROR_LENGTH_MAX = 500


class NotCancelable(PixelsiteError):
    """Only a queued job can be canceled; this one is already being worked on or has ended."""

    code = "not_cancelable"
    status = 409


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a completed job leaves behind: names of stored files and facts about them."""

    output_name: str
    output_type: str
    input_preview_name: str = ""
    output_preview_name: str = ""
    engine: str = ""
    receipt: dict[str, Any] | None = None
    selection: dict[str, Any] | None = None
    """What was found, of jobs that look for something."""
    safety: dict[str, Any] | None = None
    """The content filter's verdict and scores."""
    needs_review: bool = False


def claim_next(*, operations: Collection[str]) -> Job | None:
    """Take the queued job whose turn it is. None if none waits that may be taken now."""
    with transaction.atomic():
        waiting = (
            Job.objects.filter(status=Status.QUEUED, operation__in=operations, deadline_at__gt=Now())
            # One that may not be tried again must not stand in the way of all others.
            .filter(attempt__lt=settings.JOB_ATTEMPTS_MAX)
            .filter(Q(not_before=None) | Q(not_before__lte=Now()))
            .filter(Q(cancel_at=None) | Q(cancel_at__gt=Now()))
            .order_by("turn", "created_at")
        )
        job_id = waiting.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
        return _taken(job_id) if job_id is not None else None


@transaction.atomic
def claim_job(job_id: UUID) -> Job | None:
    """Take this job if it is queued or its lease has run out. None if another worker has it or it has ended."""
    return _taken(job_id)


def _taken(job_id: UUID) -> Job | None:
    takeable = Q(status=Status.QUEUED, deadline_at__gt=Now()) | Q(status=Status.PROCESSING, lease_until__lt=Now())
    won = Job.objects.filter(takeable, pk=job_id, attempt__lt=settings.JOB_ATTEMPTS_MAX).update(
        status=Status.PROCESSING,
        attempt=F("attempt") + 1,
        lease_until=_lease(),
        started_at=Coalesce("started_at", Now()),
        stage="",
        progress=0,
    )
    return Job.objects.get(pk=job_id) if won else None


def heartbeat(*, job_id: UUID, attempt: int) -> bool:
    """Extend the lease. False means it was lost: stop working."""
    return bool(_held_by(job_id, attempt).update(lease_until=_lease()))


def note_progress(*, job_id: UUID, attempt: int, stage: str, percent: int) -> bool:
    """Tell how far the work has come. False means the lease was lost."""
    return bool(_held_by(job_id, attempt).update(stage=stage, progress=percent))


@transaction.atomic
def complete_job(*, job_id: UUID, attempt: int, result: Result) -> bool:
    """The result is stored: spend the credits and say so. False means the lease was lost and nothing changed."""
    job = _locked(_held_by(job_id, attempt))
    if job is None:
        return False
    if job.price_credits:
        ledger.capture(job_id=job.pk)
    Job.objects.filter(pk=job.pk).update(
        status=Status.COMPLETED,
        ended_at=Now(),
        delete_images_at=_images_go(job),
        lease_until=None,
        stage="",
        progress=100,
        output_name=result.output_name,
        output_type=result.output_type,
        input_preview_name=result.input_preview_name,
        output_preview_name=result.output_preview_name,
        engine=result.engine,
        receipt=result.receipt,
        selection=result.selection,
        safety=result.safety,
        review=Review.WANTED if result.needs_review else "",
    )
    webhooks.announce(job, Status.COMPLETED)
    return True


@transaction.atomic
def fail_job(*, job_id: UUID, attempt: int, code: str, message: str) -> bool:
    """The work failed for good: give the credits back. False means the lease was lost and nothing changed."""
    return _refuse(_locked(_held_by(job_id, attempt)), Status.FAILED, code=code, message=message)


@transaction.atomic
def block_job(*, job_id: UUID, attempt: int, code: str, message: str, safety: dict[str, Any] | None = None) -> bool:
    """The content filter said no: give the credits back. False means the lease was lost and nothing changed."""
    job = _locked(_held_by(job_id, attempt))
    if job is None:
        return False
    _refuse(job, Status.BLOCKED, code=code, message=message, safety=safety)
    flagging.flag_if_often_blocked(job.user_id)
    return True


def release_job(*, job_id: UUID, attempt: int, code: str, message: str) -> bool:
    """The work failed in a way that may pass: put the job back for a later attempt, or fail it after the last one."""
    if attempt >= settings.JOB_ATTEMPTS_MAX:
        return fail_job(job_id=job_id, attempt=attempt, code=code, message=message)
    again = Now() + timedelta(seconds=2**attempt)
    back = _held_by(job_id, attempt).update(
        status=Status.QUEUED, lease_until=None, not_before=again, ring_at=again, stage="", progress=0
    )
    return bool(back)


def cancel_job(*, job: Job) -> Job:
    """Withdraw a queued job and give its credits back. Raises `NotCancelable`."""
    if not cancel_job_if_queued(job=job):
        raise NotCancelable
    return Job.objects.get(pk=job.pk)


@transaction.atomic
def cancel_job_if_queued(*, job: Job) -> bool:
    """As `cancel_job`; False if the job is being worked on or has ended."""
    locked = _locked(Job.objects.filter(pk=job.pk, status=Status.QUEUED))
    if locked is None:
        return False
    _end_with_refund(locked, Status.CANCELED, reason="canceled")
    return True


@transaction.atomic
def cancel_late_job(*, job_id: UUID) -> bool:
    """Withdraw a job that is still queued when its caller no longer wants it. False if it was claimed meanwhile."""
    locked = _locked(Job.objects.filter(pk=job_id, status=Status.QUEUED, cancel_at__lte=Now()))
    if locked is None:
        return False
    _end_with_refund(locked, Status.CANCELED, reason="cancel_after")
    return True


@transaction.atomic
def expire_queued_job(*, job_id: UUID) -> bool:
    """A job that waited past its deadline fails. False if it was claimed meanwhile."""
    waiting = Job.objects.filter(pk=job_id, status=Status.QUEUED, deadline_at__lte=Now())
    return _refuse(
        _locked(waiting),
        Status.FAILED,
        code="expired_in_queue",
        message="No worker was free in time. Your credits are back; please try again.",
    )


@transaction.atomic
def time_out_job(*, job_id: UUID) -> bool:
    """Nobody waits for this job any more: it fails, even while it is worked on. False if it had ended before.

    A worker that has it learns so at its next heartbeat, as if its lease were lost.
    """
    unfinished = Job.objects.filter(pk=job_id, status__in=(Status.QUEUED, Status.PROCESSING))
    return _refuse(
        _locked(unfinished),
        Status.FAILED,
        code="timed_out",
        message="The job did not end in the time its caller waits. Your credits are back; please try again.",
    )


@transaction.atomic
def rescue_job(*, job_id: UUID) -> bool:
    """Take a job from a worker that has gone silent: back to the queue, or failed after the last attempt.

    Returns True if it waits in the queue again.
    """
    silent = Job.objects.filter(pk=job_id, status=Status.PROCESSING, lease_until__lt=Now())
    job = _locked(silent)
    if job is None:
        return False
    logger.warning("job %s: lease of attempt %d ran out", job.pk, job.attempt)
    if job.attempt >= settings.JOB_ATTEMPTS_MAX:
        message = f"The work was interrupted {job.attempt} times. Your credits are back; please try again."
        _refuse(job, Status.FAILED, code="worker_lost", message=message)
        return False
    again = _back_at(job.attempt)
    Job.objects.filter(pk=job.pk).update(
        status=Status.QUEUED, lease_until=None, not_before=again, ring_at=again, stage="", progress=0
    )
    return True


def _back_at(attempt: int) -> Any:
    """When a rescued job may be claimed: at once the first time. Later, jobs that went down together come back apart:

    one of them may be what kills the worker, and the others must not die with it each time.
    """
    if attempt < 2:
        return Now()
    return Now() + timedelta(seconds=random.uniform(0, settings.LEASE_S))  # noqa: S311  # no secret


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_S)


def _held_by(job_id: UUID, attempt: int) -> QuerySet[Job]:
    return Job.objects.filter(pk=job_id, attempt=attempt, status=Status.PROCESSING)


def _locked(jobs: QuerySet[Job]) -> Job | None:
    """The one job of this query, locked until the transaction ends."""
    return jobs.select_for_update().first()


def _refuse(job: Job | None, status: Status, *, code: str, message: str, **facts: Any) -> bool:
    if job is None:
        return False
    _end_with_refund(job, status, reason=code, error_code=code, error_message=message[:_ERROR_LENGTH_MAX], **facts)
    return True


def _end_with_refund(job: Job, status: Status, *, reason: str, **facts: Any) -> None:
    if job.price_credits:
        ledger.refund(job_id=job.pk, reason=reason)
    Job.objects.filter(pk=job.pk).update(
        status=status, ended_at=Now(), delete_images_at=_images_go(job), lease_until=None, stage="", **facts
    )
    webhooks.announce(job, status)


def _images_go(job: Job) -> Any:
    hours = settings.RETENTION_HOURS if job.keep_hours is None else job.keep_hours
    return Now() + timedelta(hours=hours)
