"""`?wait=N`: answer when the job has ended, or after N seconds."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse

from jobs.models import ENDED, Job

WAIT_S_MAX = 60
_FIRST_LOOK_S = 0.05
_LONGEST_PAUSE_S = 0.5


def long_polling(view: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a job view so that a GET with `?wait=N` is answered once the job has ended.

    The view runs first and decides who may see what; the wait happens on the event loop and holds no worker thread busy.
    """

    @functools.wraps(view)
    async def waiting_view(request: HttpRequest, job_id: UUID) -> HttpResponse:
        answer = sync_to_async(view)
        response: HttpResponse = await answer(request, job_id=job_id)
        seconds = _seconds(request.GET.get("wait", ""))
        if request.method != "GET" or response.status_code != 200 or not seconds:
            return response
        if await _ended_within(job_id, seconds):
            return await answer(request, job_id=job_id)  # type: ignore[no-any-return]
        return response

    markcoroutinefunction(waiting_view)
    return waiting_view


def _seconds(written: str) -> float:
    """What was asked for, within bounds; nonsense means no wait."""
    return min(int(written[:6]), WAIT_S_MAX) if written.isascii() and written.isdigit() else 0


async def _ended_within(job_id: UUID, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    pause = _FIRST_LOOK_S
    while True:
        if await Job.objects.filter(pk=job_id, status__in=ENDED).aexists():
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
