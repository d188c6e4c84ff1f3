"""`Idempotency-Key` at the door: what was answered before is answered again, what is new is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Protocol, TypeVar, cast

from rest_framework.request import Request

from accounts.models import User
from jobs import idempotency
from jobs.idempotency import IdempotentRequest
from jobs.models import IdempotencyRecord

Answer = TypeVar("Answer")


class Sent(Protocol):
    """What makes one request differ from another."""

    def sent_fields(self) -> Mapping[str, Any]: ...

    def sent_files(self) -> Mapping[str, BinaryIO]: ...


class NothingSent:
    """A request without a body."""

    def sent_fields(self) -> Mapping[str, Any]:
        return {}

    def sent_files(self) -> Mapping[str, BinaryIO]:
        return {}


def key_of(request: Request) -> str | None:
    """The request's key, if it has one. Raises `IdempotencyKeyInvalid`."""
    key = request.headers.get("Idempotency-Key")
    return None if key is None else idempotency.check_key(key)


def once(
    request: Request,
    sent: Sent,
    *,
    act: Callable[[IdempotentRequest | None], Answer],
    replay: Callable[[IdempotencyRecord], Answer],
) -> Answer:
    """Act, or tell what was answered to the same request before. Raises `IdempotencyInProgress`, `IdempotencyKeyReused`."""
    key = key_of(request)
    if key is None:
        return act(None)
    idempotent = IdempotentRequest(
        user=cast(User, request.user),
        key=key,
        fingerprint=idempotency.fingerprint_of(
            method="POST", path=request.path, fields=sent.sent_fields(), files=sent.sent_files()
        ),
    )
    with idempotent.in_progress():
        earlier = idempotent.earlier()
        return act(idempotent) if earlier is None else replay(earlier)
