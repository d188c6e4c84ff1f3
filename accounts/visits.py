"""An operator looks at the site as one customer sees it: reading only, with a reason, for half an hour, written down.

The operator's own session says whom they visit; a cookie beside it says only that it is worth a look, so that the
requests of everybody else cost nothing. The admin stays the operator's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User
from pixelsite.lib.api import error_response
from pixelsite.lib.errors import PixelsiteError

LASTS = timedelta(minutes=30)
_KEY = "visit"
_COOKIE = "visit"
# Longer than a visit: the next request after its end writes the end down.
_COOKIE_LASTS = timedelta(days=1)
# Images are the customer's own; signing in and out is not to be done as somebody else.
_CLOSED = ("/v1/files/", "/accounts/", "/account/export/")
# Whoever calls the API does so with a key, and the admin is the operator's.
_NOT_VISITED = ("/v1/", "/admin/", "/static/", "/healthz")
_SCRIPTS = ("/v1/", "/editor/jobs/", "/editor/find/")

_under_way: ContextVar[bool] = ContextVar("visit_under_way", default=False)


class NotVisitable(PixelsiteError):
    """Accounts of operators and closed accounts cannot be looked at."""

    code = "not_visitable"
    status = 409


class VisitsOnlyLook(PixelsiteError):
    """You are looking at a customer's account: nothing can be changed and no image opened. End the visit first."""

    code = "visits_only_look"
    status = 403


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Who looks at whose account, and until when."""

    customer: User
    operator: User
    until: datetime


def is_under_way() -> bool:
    """Whether what is being answered is shown to an operator who visits: then no link to an image is made."""
    return _under_way.get()


@transaction.atomic
def begin(*, customer: User, operator: User, reason: str, request: HttpRequest) -> None:
    """From now on this browser is shown the site as the customer sees it. Raises `NotVisitable`."""
    if customer.is_staff or customer.is_superuser or not (customer.is_active or customer.suspended_at):
        raise NotVisitable
    end(request=request)
    until = timezone.now() + LASTS
    request.session[_KEY] = {"customer": customer.pk, "operator": operator.pk, "until": until.timestamp()}
    audit.note(AuditKind.VISIT_BEGUN, user=customer, actor=operator, reason=reason, request=request)


@transaction.atomic
def end(*, request: HttpRequest) -> User | None:
    """The operator is themselves again. Returns whom they visited, if anybody."""
    noted: dict[str, Any] | None = request.session.pop(_KEY, None)
    if noted is None:
        return None
    customer = User.objects.filter(pk=noted["customer"]).first()
    operator = User.objects.filter(pk=noted["operator"]).first()
    audit.note(AuditKind.VISIT_ENDED, user=customer, actor=operator, request=request)
    return customer


def mark(response: HttpResponse) -> None:
    """Have the browser say with each request that it visits."""
    response.set_cookie(
        _COOKIE,
        "1",
        max_age=_COOKIE_LASTS,
        httponly=True,
        samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )


def unmark(response: HttpResponse) -> None:
    response.delete_cookie(_COOKIE, samesite="Lax")


class VisitMiddleware:
    """Serve a visiting operator's GETs as the customer's, and refuse everything else."""

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
        if not _may_be_one(request):
            return cast(HttpResponse, self.get_response(request))
        refusal = _admit(request)
        token = _under_way.set(_visit_of(request) is not None)
        try:
            return _marked(request, refusal or self.get_response(request))
        finally:
            _under_way.reset(token)

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        if not _may_be_one(request):
            return cast(HttpResponse, await self.get_response(request))
        refusal = await sync_to_async(_admit)(request)
        token = _under_way.set(_visit_of(request) is not None)
        try:
            return _marked(request, refusal or await self.get_response(request))
        finally:
            _under_way.reset(token)


def _may_be_one(request: HttpRequest) -> bool:
    if _COOKIE not in request.COOKIES:
        return False
    return request.path.startswith(_CLOSED) or not request.path.startswith(_NOT_VISITED)


def _visit_of(request: HttpRequest) -> Visit | None:
    return getattr(request, "visit", None)


def _admit(request: HttpRequest) -> HttpResponse | None:
    """Let the request be the customer's if a visit is under way. Returns the refusal, if it is to be refused."""
    visit = _current(request)
    if visit is None:
        return None
    request.visit = visit  # type: ignore[attr-defined]  # read by the banner
    if request.method not in ("GET", "HEAD") or request.path.startswith(_CLOSED):
        return _refusal(request)
    request.user = visit.customer

    async def auser() -> User:
        return visit.customer

    request.auser = auser
    return None


def _current(request: HttpRequest) -> Visit | None:
    noted = request.session.get(_KEY)
    if noted is None:
        return None
    operator = request.user
    until = datetime.fromtimestamp(noted["until"], UTC)
    customer = User.objects.filter(pk=noted["customer"], is_staff=False, is_superuser=False).first()
    may_go_on = (
        isinstance(operator, User) and operator.pk == noted["operator"] and operator.has_perm("accounts.change_user")
    )
    if customer is None or not may_go_on or timezone.now() >= until:
        end(request=request)
        return None
    return Visit(customer=customer, operator=cast(User, operator), until=until)


def _refusal(request: HttpRequest) -> HttpResponse:
    refusal = VisitsOnlyLook()
    if request.path.startswith(_SCRIPTS):
        return error_response(request, detail=refusal.message, code=refusal.code, status=refusal.status)
    return render(request, "accounts/visit_refused.html", {"refusal": refusal}, status=refusal.status)


def _marked(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if _visit_of(request) is None:
        unmark(response)
    else:
        response["Cache-Control"] = "no-store"
    return response
