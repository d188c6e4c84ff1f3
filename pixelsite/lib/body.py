"""Request bodies, before Django keeps them: bounded in size while they come in, and in the patience they may ask for.

Django stores a whole body before it looks at it, however large or slow (CVE-2026-5766 and ticket 37397 tell of it). Here
a body that says it is too large, or grows too large, is refused at once, and one that trickles in is given up. Nobody
who trickles holds a thread: bodies come in on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pixelsite.lib.api import error_body

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# How much of what still comes in after a refusal is taken.
_LINGER_S = 2
_LINGER_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class BodyLimits:
    """Of one request."""

    bytes_max: int
    batch_bytes_max: int
    """Where many pictures come in one request."""
    grace_s: float
    """For so long any speed will do."""
    bytes_per_s_min: int
    """On average, from then on."""

    def bytes_max_at(self, path: str) -> int:
        return self.batch_bytes_max if path.endswith("/batch") else self.bytes_max

    def deadline_s(self, received: int) -> float:
        """Seconds after the request's start by which the next bytes must have come."""
        return self.grace_s + received / self.bytes_per_s_min


@dataclass(frozen=True, kw_only=True)
class Told:
    """A refusal as it is sent."""

    status: int
    body: bytes


Tell = Callable[..., Told]
"""Takes the path as `path`, `status`, `code`, `detail` and `request_id`."""


def told_natively(*, path: str, status: int, code: str, detail: str, request_id: str) -> Told:
    """In the one shape of our own errors."""
    return Told(status=status, body=json.dumps(error_body(detail=detail, code=code, request_id=request_id)).encode())


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class BoundedBody:
    """ASGI application around another one."""

    def __init__(self, application: Application, limits: BodyLimits, *, tell: Tell = told_natively) -> None:
        self._application = application
        self._limits = limits
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        body = _Body(receive, send, self._limits, bytes_max=self._limits.bytes_max_at(scope["path"]))
        try:
            body.refuse_declared(scope)
            await self._application(scope, body.receive, body.send)
        except _Refused as refusal:
            if body.is_answered:
                raise
            request_id = uuid.uuid4().hex
            told = self._tell(
                path=scope["path"],
                status=int(refusal.status),
                code=refusal.code,
                detail=refusal.detail,
                request_id=request_id,
            )
            await _answer(told, request_id, receive, send)


class _Body:
    """One body as it comes in."""

    def __init__(self, receive: Receive, send: Send, limits: BodyLimits, *, bytes_max: int) -> None:
        self._receive, self._send, self._limits, self._bytes_max = receive, send, limits, bytes_max
        self._started = asyncio.get_running_loop().time()
        self._received = 0
        self._is_complete = False
        self.is_answered = False

    def refuse_declared(self, scope: Scope) -> None:
        declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._bytes_max:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._is_complete:  # what comes now is the end of the connection, and takes as long as it takes
            return await self._receive()
        deadline = self._started + self._limits.deadline_s(self._received)
        try:
            async with asyncio.timeout_at(deadline):
                message = await self._receive()
        except TimeoutError:
            raise _Refused(
                HTTPStatus.REQUEST_TIMEOUT,
                "upload_too_slow",
                "The upload is too slow. Nothing was charged; send it again over a faster connection.",
            ) from None
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if self._received > self._bytes_max:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        self.is_answered = True
        await self._send(message)

    def _too_large(self) -> _Refused:
        megabytes = self._bytes_max // 1_000_000
        return _Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "file_too_large",
            f"The request is too large: {megabytes} MB are allowed. Send smaller files.",
        )


async def _answer(told: Told, request_id: str, receive: Receive, send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(told.body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    await send({"type": "http.response.body", "body": told.body, "more_body": True})
    await _linger(receive)
    await send({"type": "http.response.body", "body": b""})


async def _linger(receive: Receive) -> None:
    """Throw away what still comes in, so that the caller reads the answer and not that the connection was reset."""
    left = _LINGER_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
