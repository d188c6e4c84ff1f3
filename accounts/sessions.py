"""Where an account is signed in, and ending that. The table is allauth's; writing it is ours.

allauth's own middleware writes on every request and makes every view wait for a thread. Here a session is written down
when it begins, by whichever door, and again when it was not seen for some minutes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit
from accounts.devices import device_in_words
from accounts.models import AuditKind, User

logger = logging.getLogger(__name__)

# Its column takes no NULL.
NO_ADDRESS = "0.0.0.0"  # noqa: S104  # nothing is bound to it
_USER_AGENT_LENGTH_MAX = 200
_SEEN_STEP_S = 300
_REMEMBERED_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """One place where the account is signed in."""

    id: int
    device: str
    address: str | None
    since: datetime
    seen_at: datetime
    is_this_one: bool


def connect() -> None:
    user_logged_in.connect(_begin, dispatch_uid="accounts.sessions.begin")


def sessions_of(user: User, *, current_key: str | None) -> list[SignedIn]:
    """Where the account is signed in now, this place first, then the one seen last."""
    rows = [
        SignedIn(
            id=row.pk,
            device=device_in_words(row.user_agent),
            address=None if row.ip == NO_ADDRESS else row.ip,
            since=row.created_at,
            seen_at=row.last_seen_at,
            is_this_one=row.session_key == current_key,
        )
        for row in _alive(user).order_by("-last_seen_at", "-pk")
    ]
    return sorted(rows, key=lambda row: not row.is_this_one)


@transaction.atomic
def end_session(*, user: User, session_id: int, request: HttpRequest) -> bool:
    """Sign the account out at one place. False if it is not signed in there."""
    row = _alive(user).filter(pk=session_id).first()
    if row is None:
        return False
    _end([row])
    audit.note(AuditKind.SESSION_ENDED, user=user, request=request, about=device_in_words(row.user_agent))
    return True


@transaction.atomic
def end_other_sessions(*, user: User, request: HttpRequest) -> int:
    """Sign the account out everywhere but here. Returns at how many places it was signed in."""
    rows = list(_alive(user).exclude(session_key=request.session.session_key))
    _end(rows)
    for row in rows:
        audit.note(AuditKind.SESSION_ENDED, user=user, request=request, about=device_in_words(row.user_agent))
    return len(rows)


def end_all_sessions(user: User) -> None:
    """The account is closed or suspended: nobody is signed in to it any more, and where they were is forgotten."""
    _end(list(UserSession.objects.filter(user_id=user.pk)))


def delete_expired_sessions(*, limit: int = 1000) -> int:
    """Forget sessions that have run out, and from where they were used."""
    expired = Session.objects.filter(expire_date__lt=Now()).order_by("expire_date")
    keys = list(expired.values_list("session_key", flat=True)[:limit])
    if keys:
        UserSession.objects.filter(session_key__in=keys).delete()
        Session.objects.filter(session_key__in=keys).delete()
    return len(keys)


def _alive(user: User) -> Any:
    """A row may outlive its session: signing out deletes only that."""
    session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=Now())
    return UserSession.objects.filter(Exists(session), user_id=user.pk)


def _end(rows: list[UserSession]) -> None:
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()


def _begin(*, request: HttpRequest | None = None, user: User, **_: Any) -> None:
    if request is None or not hasattr(request, "session"):
        return
    if not request.session.session_key:
        request.session.save()
    _write_down(request, user)
    gone = ~Exists(Session.objects.filter(session_key=OuterRef("session_key")))
    UserSession.objects.filter(gone, user_id=user.pk).delete()


def _write_down(request: HttpRequest, user: User) -> None:
    now = timezone.now()
    facts = {
        "user_id": user.pk,
        "ip": audit.address_of(request) or NO_ADDRESS,
        "user_agent": request.headers.get("User-Agent", "")[:_USER_AGENT_LENGTH_MAX],
        "last_seen_at": now,
    }
    UserSession.objects.update_or_create(session_key=request.session.session_key, defaults=facts)
    _remember(str(request.session.session_key))


# When this process last wrote each session down, by a clock that never jumps.
_written: dict[str, float] = {}


def _remember(key: str) -> None:
    if len(_written) >= _REMEMBERED_MAX:
        _written.clear()
    _written[key] = time.monotonic()


class SeenMiddleware:
    """Keep the time at which each session was last seen, to some minutes.

    Looks only at requests for which somebody has asked who is signed in: others cost nothing.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._answer_later(request)
        response: HttpResponse = self.get_response(request)
        if (user := _is_due(request)) is not None:
            _note_seen(request, user)
        return response

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = await self.get_response(request)
        if (user := _is_due(request)) is not None:
            await sync_to_async(_note_seen)(request, user)
        return response


def _is_due(request: HttpRequest) -> User | None:
    """Who is signed in, if that is to be written down."""
    # Where Django's middleware keeps the user once it was asked for; `request.user` may be another in a visit.
    user = getattr(request, "_cached_user", None) or getattr(request, "_acached_user", None)
    key = request.session.session_key if user is not None else None
    if not isinstance(user, User) or not key:
        return None
    written = _written.get(key)
    return user if written is None or time.monotonic() - written >= _SEEN_STEP_S else None


def _note_seen(request: HttpRequest, user: User) -> None:
    try:
        if Session.objects.filter(session_key=request.session.session_key).exists():  # not ended meanwhile
            _write_down(request, user)
    except DatabaseError as error:  # the answer is made; that it was given is not worth a failure
        logger.warning("a session could not be written down: %s", type(error).__name__)
