"""What a call does, step by step, without doing any of it.

Each is a generator: it yields what is to be sent, waited or looked at, and is sent what came of it. `Pixelsite` runs the
steps one after the other, `AsyncPixelsite` awaits them; neither knows what a call consists of.
"""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pixelsite_client import messages
from pixelsite_client.batch_models import BatchStatus
from pixelsite_client.errors import Conflict, ConnectionFailed, Gone, PixelsiteError, WaitTimeout, error_of_job
from pixelsite_client.messages import Answer, Download, NoAnswer, Request, Save
from pixelsite_client.models import Job
from pixelsite_client.retries import Retries, backoff_s

logger = logging.getLogger("pixelsite_client")

HOLD_S = 25
"""How long a site is asked to keep an answer back: below what proxies in between allow."""


@dataclass(frozen=True)
class Pause:
    """Do nothing for so long."""

    seconds: float


@dataclass(frozen=True)
class Now:
    """Look at the clock: seconds that only grow."""


Step = Request | Download | Save | Pause | Now
_Value = TypeVar("_Value")
Flow = Generator[Step, Any, _Value]
"""Yields steps; is sent an `Answer` or `NoAnswer` for a request or download, a float for `Now`, None for `Pause`."""


def answered(step: Request | Download | Save, retries: Retries) -> Flow[Answer]:
    """Send until there is an answer that sending again would not change. Raises `ConnectionFailed`."""
    attempt = 0
    while True:
        request_id = uuid.uuid4().hex
        sent = step.with_headers(X_Request_Id=request_id) if isinstance(step, Request) else step
        reply: Answer | NoAnswer = yield sent
        pause_s = retries.pause_s(attempt, reply)
        attempt += 1
        if pause_s is not None:
            told = reply.reason if isinstance(reply, NoAnswer) else f"HTTP {reply.status}"
            logger.info("%s; sent again in %.1f s", told, pause_s)
            yield Pause(pause_s)
        elif isinstance(reply, NoAnswer):
            raise _no_answer(reply, attempts=attempt, request_id=request_id)
        else:
            return reply


def submitted(request: Request, retries: Retries) -> Flow[Job]:
    """Submit, and return the job as it was accepted."""
    try:
        return messages.read_job((yield from answered(request, retries)))
    except PixelsiteError as error:
        error.idempotency_key = request.idempotency_key
        raise


def finished(request: Request, retries: Retries, *, wait_timeout: float) -> Flow[Job]:
    """Submit, and return the job once it is completed. Raises `JobNotDone` or `WaitTimeout`."""
    try:
        deadline = (yield Now()) + wait_timeout
        answer: Answer = yield from answered(messages.held(request, seconds=min(HOLD_S, wait_timeout)), retries)
        return (yield from _completed(messages.read_job(answer), answer.request_id, retries, deadline=deadline))
    except PixelsiteError as error:
        error.idempotency_key = request.idempotency_key
        raise


def waited(job: Job | str, retries: Retries, *, wait_timeout: float) -> Flow[Job]:
    """Return the job once it is completed. Raises `JobNotDone` or `WaitTimeout`."""
    deadline = (yield Now()) + wait_timeout
    request_id: str | None = None
    if isinstance(job, str):
        answer: Answer = yield from answered(messages.one_job(job), retries)
        job, request_id = messages.read_job(answer), answer.request_id
    return (yield from _completed(job, request_id, retries, deadline=deadline))


def canceled(job_id: str, retries: Retries) -> Flow[Job]:
    """Cancel a job that is queued; return one that has ended as it is. Raises `Conflict` for one that is worked on."""
    try:
        return messages.read_job((yield from answered(messages.cancellation(job_id), retries)))
    except Conflict:
        # It has ended, or an earlier try has canceled it and its answer got lost.
        job = messages.read_job((yield from answered(messages.one_job(job_id), retries)))
        if not job.is_ended:
            raise
        return job


def deleted(job_id: str, retries: Retries) -> Flow[Job]:
    """Delete the images of a job that has ended. Raises `Conflict` for one that has not."""
    job = messages.read_job((yield from answered(messages.one_job(job_id), retries)))
    if not job.is_ended:
        message = f"Job {job_id} is {job.status}: cancel it, or wait for it, before deleting its images."
        raise Conflict(message, status=409, code="not_ended")
    return messages.read_job((yield from answered(messages.deletion(job_id), retries)))


def batch_submitted(request: Request, retries: Retries) -> Flow[BatchStatus]:
    """Submit many pictures, and return how they were accepted."""
    try:
        return messages.read_batch((yield from answered(request, retries)))
    except PixelsiteError as error:
        error.idempotency_key = request.idempotency_key
        raise


def batch_ended(batch_id: str, retries: Retries, *, wait_timeout: float) -> Flow[BatchStatus]:
    """Return the batch once all of it has ended, or as it stands when the time is up."""
    deadline = (yield Now()) + wait_timeout
    now, polls = deadline - wait_timeout, 0
    while True:
        wait_s = max(0, min(HOLD_S, math.ceil(deadline - now)))
        batch = messages.read_batch((yield from answered(messages.one_batch(batch_id, wait_s=wait_s), retries)))
        before, now = now, (yield Now())
        if batch.is_ended or now >= deadline:
            return batch
        if now - before < wait_s / 2:
            yield Pause(min(backoff_s(polls), max(0.0, deadline - now)))
            polls += 1
            now = yield Now()


def saved(batch_id: str, target: Path, retries: Retries) -> Flow[Path]:
    """Fetch the results of a batch into this file; an interrupted download leaves none."""
    messages.read_saved((yield from answered(messages.batch_results(batch_id, target), retries)))
    return target


def downloaded(job: Job, retries: Retries) -> Flow[bytes]:
    """Fetch the result. Raises `Gone` where it has been deleted."""
    if job.output_url is None:
        raise Gone(f"Job {job.id} has no image (any more).", status=410, code="gone")
    return messages.read_image((yield from answered(Download(job.output_url), retries)))


def _completed(job: Job, request_id: str | None, retries: Retries, *, deadline: float) -> Flow[Job]:
    now: float = yield Now()
    polls = 0
    while not job.is_ended:
        if now >= deadline:
            raise WaitTimeout(job, request_id=request_id)
        wait_s = min(HOLD_S, math.ceil(deadline - now))
        answer: Answer = yield from answered(messages.one_job(job.id, wait_s=wait_s), retries)
        job, request_id = messages.read_job(answer), answer.request_id
        before, now = now, (yield Now())
        if not job.is_ended and now - before < wait_s / 2:
            # What stands in between does not hold answers back: ask less and less often.
            pause_s = min(backoff_s(polls), max(0.0, deadline - now))
            polls += 1
            yield Pause(pause_s)
            now += pause_s
    if job.status != "completed":
        raise error_of_job(job, request_id=request_id)
    return job


def _no_answer(reply: NoAnswer, *, attempts: int, request_id: str | None) -> ConnectionFailed:
    times = "once" if attempts == 1 else f"{attempts} times"
    return ConnectionFailed(f"No answer came ({reply.reason}); tried {times}.", request_id=request_id)
