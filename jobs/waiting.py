"""Answers that are held back: who waits costs a coroutine, no thread and no database connection.

A view decides who may see what and answers as things stand; with `hold` it says what is to become of that answer.
`Waiting`, around Django, then keeps it. By that time the request has left Django.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection
from rest_framework.request import Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Any], Awaitable[None]]
R = TypeVar("R")

_PLAN = "pixelsite.waiting"


class Plan(Protocol):
    """What becomes of an answer that is held back."""

    async def fulfil(self, held: list[Message], receive: Receive, send: Send) -> None:
        """Send it, or another one in its place."""

    async def abandon(self) -> None:
        """The caller hung up before there was an answer to hold back."""


class Waiting:
    """ASGI application around Django that keeps answers back as their views have asked."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def keep(message: Message) -> None:
            if _PLAN in scope:
                held.append(message)
            else:
                await send(message)

        await self._application(scope, receive, keep)
        plan: Plan | None = scope.pop(_PLAN, None)
        if plan is not None:
            await (plan.fulfil(held, receive, send) if held else plan.abandon())


def hold(request: Request, plan: Plan) -> bool:
    """Hold the answer to this request back. False where no server does: a test client that calls views directly."""
    scope = getattr(request._request, "scope", None)
    if scope is None:
        return False
    scope[_PLAN] = plan
    return True


async def until_gone(receive: Receive) -> None:
    """Return when the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def in_thread(function: Callable[[], R]) -> R:
    """Call what asks the database, in a thread that does not keep its connection."""

    def call() -> R:
        try:
            return function()
        finally:
            connection.close()  # this thread's own

    answer: R = await sync_to_async(call, thread_sensitive=False)()
    return answer


def start_of(held: Message, *, status: int, length: int | None, **headers: str) -> Message:
    """The held start of an answer, for another body; `headers` (with underscores) are put in place of those there."""
    changed = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    replaced = {b"content-length", *changed}
    kept = [(name, value) for name, value in held.get("headers", ()) if name.lower() not in replaced]
    if length is not None:
        kept.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": [*kept, *changed.items()]}


def body_of(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}
