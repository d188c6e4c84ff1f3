"""Answers that come later: `?wait=N`, `Prefer: wait=N`, and the stream of a job's events.

With `answer_later` or `stream_events` a view says what the caller wants to wait for; `jobs.waiting` holds the answer back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from jobs.waiting import Message, Receive, Send, body_of, hold, in_thread, start_of, until_gone
from jobs.watching import Snapshot, ends_within, watch

Render = Callable[[int | None], dict[str, Any]]
"""Makes the JSON of what is waited for, as it is now; takes a job's place in line."""

WAIT_S_MAX = 60
_HEARTBEAT_S = 15
# Longer streams end; the client comes back with Last-Event-ID.
_STREAM_S_MAX = 1800
_STREAM_HEADERS = {
    "content_type": "text/event-stream; charset=utf-8",
    "cache_control": "no-store",
    "x_accel_buffering": "no",
}


@dataclass(frozen=True, kw_only=True)
class _Later:
    """Hold the answer until the jobs have ended, or until the time is up."""

    job_ids: tuple[UUID, ...]
    seconds: float
    render: Render

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        ended = asyncio.create_task(self._all_end())
        try:
            await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            if ended.result():
                body = json.dumps(await _rendered(self.render, None)).encode()
                held = [start_of(held[0], status=200, length=len(body)), body_of(body)]
            for message in held:
                await send(message)
        finally:
            gone.cancel()
            ended.cancel()

    async def abandon(self) -> None:
        """The jobs go on: their caller may ask for them later."""

    async def _all_end(self) -> bool:
        return all(await asyncio.gather(*(ends_within(job_id, seconds=self.seconds) for job_id in self.job_ids)))


@dataclass(frozen=True, kw_only=True)
class _Stream:
    """Send an event for every change of the job until it has ended."""

    job_id: UUID
    last_event_id: str
    render: Render

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        sending = asyncio.create_task(self._send_all(held[0], send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            gone.cancel()
            sending.cancel()

    async def abandon(self) -> None:
        """The job goes on."""

    async def _send_all(self, start: Message, send: Send) -> None:
        now = asyncio.get_running_loop().time
        end = now() + _STREAM_S_MAX
        seen = await watch().change(self.job_id, since=None, timeout_s=_HEARTBEAT_S)
        if seen is not None and seen.is_ended and seen.event_id == self.last_event_id:
            # The caller has had the last event: 204 tells an EventSource not to come back.
            await send(start_of(start, status=204, length=0))
            await send(body_of(b""))
            return
        await send(start_of(start, status=200, length=None, **_STREAM_HEADERS))
        before: str | None = None
        if seen is not None and seen.event_id != self.last_event_id:
            before = await self._send_event(seen, before, send)
        while (seen is None or not seen.is_ended) and now() < end:
            change = await watch().change(self.job_id, since=seen, timeout_s=_HEARTBEAT_S)
            if change is None:
                await send(body_of(b": still here\n\n", more=True))
                continue
            seen = change
            before = await self._send_event(seen, before, send)
        await send(body_of(b""))

    async def _send_event(self, seen: Snapshot, before: str | None, send: Send) -> str:
        name = "progress" if seen.status == before else "status"
        data = json.dumps(await _rendered(self.render, seen.place_in_line))
        await send(body_of(f"event: {name}\nid: {seen.event_id}\ndata: {data}\n\n".encode(), more=True))
        return seen.status


def answer_later(request: Request, *, job_ids: Iterable[UUID], seconds: float, render: Render) -> None:
    """Answer this request once these jobs have ended, in `seconds` at the latest."""
    hold(request, _Later(job_ids=tuple(job_ids), seconds=min(seconds, WAIT_S_MAX), render=render))


def stream_events(request: Request, *, job_id: UUID, render: Render) -> None:
    """Answer this request with events."""
    last = request.headers.get("Last-Event-ID", "")
    hold(request, _Stream(job_id=job_id, last_event_id=last, render=render))


async def _rendered(render: Render, place_in_line: int | None) -> dict[str, Any]:
    return await in_thread(lambda: render(place_in_line))
