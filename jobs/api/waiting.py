"""Answers that come later: `?wait=N`, `Prefer: wait=N`, and the stream of a job's events.

A view decides who may see what and answers as things stand; with `answer_later` or `stream_events` it says what the
caller wants to wait for. `Waiting`, around Django, then holds the answer back. By that time the request has left Django:
who waits costs a coroutine, no thread and no database connection.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from rest_framework.request import Request

from jobs.watching import Snapshot, watch

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Any], Awaitable[None]]
Render = Callable[[int | None], dict[str, Any]]
"""Makes the JSON of the job as it is now; takes its place in line."""

WAIT_S_MAX = 60
_PLAN = "pixelsite.waiting"
_HEARTBEAT_S = 15
# Longer streams end; the client comes back with Last-Event-ID.
_STREAM_S_MAX = 1800


@dataclass(frozen=True, kw_only=True)
class _Later:
    """Hold the answer until the job has ended, or until the time is up."""

    job_id: UUID
    seconds: float
    render: Render

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        ended = asyncio.create_task(self._ended())
        try:
            await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            if ended.result():
                body = json.dumps(await _rendered(self.render, None)).encode()
                held = [_start(held[0], status=200, length=len(body)), _body(body)]
            for message in held:
                await send(message)
        finally:
            gone.cancel()
            ended.cancel()

    async def _ended(self) -> bool:
        deadline = asyncio.get_running_loop().time() + self.seconds
        seen: Snapshot | None = None
        while seen is None or not seen.is_ended:
            left = deadline - asyncio.get_running_loop().time()
            seen = await watch().change(self.job_id, since=seen, timeout_s=left)
            if seen is None:
                return False
        return True


@dataclass(frozen=True, kw_only=True)
class _Stream:
    """Send an event for every change of the job until it has ended."""

    job_id: UUID
    last_event_id: str
    render: Render

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(self._send_all(held[0], send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            gone.cancel()
            sending.cancel()

    async def _send_all(self, start: Message, send: Send) -> None:
        now = asyncio.get_running_loop().time
        end = now() + _STREAM_S_MAX
        seen = await watch().change(self.job_id, since=None, timeout_s=_HEARTBEAT_S)
        if seen is not None and seen.is_ended and seen.event_id == self.last_event_id:
            # The caller has had the last event: 204 tells an EventSource not to come back.
            await send(_start(start, status=204, length=0))
            await send(_body(b""))
            return
        await send(_start(start, status=200, length=None, kind=b"text/event-stream; charset=utf-8"))
        before: str | None = None
        if seen is not None and seen.event_id != self.last_event_id:
            before = await self._send_event(seen, before, send)
        while (seen is None or not seen.is_ended) and now() < end:
            change = await watch().change(self.job_id, since=seen, timeout_s=_HEARTBEAT_S)
            if change is None:
                await send(_body(b": still here\n\n", more=True))
                continue
            seen = change
            before = await self._send_event(seen, before, send)
        await send(_body(b""))

    async def _send_event(self, seen: Snapshot, before: str | None, send: Send) -> str:
        name = "progress" if seen.status == before else "status"
        data = json.dumps(await _rendered(self.render, seen.place_in_line))
        await send(_body(f"event: {name}\nid: {seen.event_id}\ndata: {data}\n\n".encode(), more=True))
        return seen.status


class Waiting:
    """ASGI application around Django that keeps answers back as their views have asked."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if _PLAN in scope:
                held.append(message)
            else:
                await send(message)

        await self._application(scope, receive, hold)
        if held:
            plan: _Later | _Stream = scope.pop(_PLAN)
            await plan.fulfil(held, receive, send)


def answer_later(request: Request, *, job_id: UUID, seconds: float, render: Render) -> None:
    """Answer this request once the job has ended, in `seconds` at the latest."""
    _plan(request, _Later(job_id=job_id, seconds=min(seconds, WAIT_S_MAX), render=render))


def stream_events(request: Request, *, job_id: UUID, render: Render) -> None:
    """Answer this request with events."""
    last = request.headers.get("Last-Event-ID", "")
    _plan(request, _Stream(job_id=job_id, last_event_id=last, render=render))


def _plan(request: Request, plan: _Later | _Stream) -> None:
    scope = getattr(request._request, "scope", None)
    if scope is not None:  # a test client that calls views without a server gets the answer at once
        scope[_PLAN] = plan


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _rendered(render: Render, place_in_line: int | None) -> dict[str, Any]:
    def call() -> dict[str, Any]:
        try:
            return render(place_in_line)
        finally:
            connection.close()  # this thread's own

    answer: dict[str, Any] = await sync_to_async(call, thread_sensitive=False)()
    return answer


def _start(held: Message, *, status: int, length: int | None, kind: bytes | None = None) -> Message:
    """The held start of an answer, for another body."""
    changed = {b"content-length"} | ({b"content-type"} if kind else set())
    headers = [(name, value) for name, value in held.get("headers", ()) if name.lower() not in changed]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    if kind:
        headers += [(b"content-type", kind), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
