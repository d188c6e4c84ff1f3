"""Synchronous calls: the answer is held back until the jobs have ended, the time is up, or the caller has gone.

When the time is up, what has not ended fails and its credits come back. A caller that hangs up withdraws what is still
queued. Should this process die, `cancel_after_s` lets the sweeper withdraw it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from jobs import lifecycle, retention
from jobs.models import Job, Status
from jobs.waiting import Message, Receive, Send, body_of, hold, in_thread, start_of, until_gone
from jobs.watching import ends_within

logger = logging.getLogger(__name__)

_GRACE_S = 15


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent, whatever Django was going to send."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        return cls(status=status, body=json.dumps(value).encode(), headers=headers or {})

    def as_response(self) -> HttpResponse:
        return HttpResponse(self.body, status=self.status, content_type=self.content_type, headers=self.headers)


@dataclass(frozen=True, kw_only=True)
class _OnceEnded:
    """Hold an answer until these jobs have ended, in `seconds` at the latest."""

    job_ids: tuple[UUID, ...]
    seconds: float
    answer: Callable[[], Answer]

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        ended = asyncio.create_task(self._all_ended())
        try:
            await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                await self.abandon()
                return
            for message in await self._answered(held, in_time=ended.result()):
                await send(message)
        finally:
            gone.cancel()
            ended.cancel()

    async def abandon(self) -> None:
        await in_thread(lambda: withdraw_queued(self.job_ids))

    async def _all_ended(self) -> bool:
        return all(await asyncio.gather(*(ends_within(job_id, seconds=self.seconds) for job_id in self.job_ids)))

    async def _answered(self, held: list[Message], *, in_time: bool) -> list[Message]:
        try:
            if not in_time:
                await in_thread(lambda: time_out(self.job_ids))
            answer = await in_thread(self.answer)
        except Exception:  # the caller is owed an answer: the one that was held says that something went wrong
            logger.exception("jobs %s have ended, but could not be told of", self.job_ids)
            return held
        headers = {name.replace("-", "_").lower(): value for name, value in answer.headers.items()}
        start = start_of(
            held[0], status=answer.status, length=len(answer.body), content_type=answer.content_type, **headers
        )
        return [start, body_of(answer.body)]


def answer_once_ended(
    request: Request, *, job_ids: Iterable[UUID], seconds: float, answer: Callable[[], Answer], otherwise: Answer
) -> HttpResponse:
    """Answer once all of these jobs have ended. `otherwise` is sent if that cannot be told.

    A test client that calls views without a server waits for nothing: for it the time is up at once.
    """
    plan = _OnceEnded(job_ids=tuple(job_ids), seconds=seconds, answer=answer)
    if hold(request, plan):
        return otherwise.as_response()
    time_out(plan.job_ids)
    return answer().as_response()


def cancel_after_s(seconds: float) -> int:
    """When the sweeper withdraws a job that is queued although nobody can be waiting for it any more."""
    return int(seconds) + _GRACE_S


def withdraw_queued(job_ids: Iterable[UUID]) -> None:
    """Nobody waits any more: what no worker has begun is canceled and deleted."""
    for job in Job.objects.filter(pk__in=list(job_ids), status=Status.QUEUED):
        if lifecycle.cancel_job_if_queued(job=job):
            retention.delete_images(job)


def time_out(job_ids: Iterable[UUID]) -> None:
    """What has not ended fails, and its credits come back."""
    for job_id in job_ids:
        lifecycle.time_out_job(job_id=job_id)
