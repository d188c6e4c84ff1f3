"""What every API answer shares: the error shape, the request id, the rate-limit headers."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

# DRF's own refusals, by class: (our code, what to do).
_FRAMEWORK_CODES: tuple[tuple[type[exceptions.APIException], str], ...] = (
    (exceptions.UnsupportedMediaType, "unsupported_media_type"),
    (exceptions.MethodNotAllowed, "method_not_allowed"),
    (exceptions.NotAcceptable, "not_acceptable"),
    (exceptions.NotFound, "not_found"),
    (exceptions.ParseError, "multipart_invalid"),
    (exceptions.NotAuthenticated, "sign_in_required"),
    (exceptions.PermissionDenied, "permission_denied"),
)


_AWAY = "The site cannot reach its database. Send the request again in a moment, with the same Idempotency-Key."


def error_body(*, detail: str, code: str, param: str | None = None, request_id: str = "") -> dict[str, Any]:
    """The one shape of an error."""
    return {"detail": detail, "code": code, "param": param, "request_id": request_id}


def error_response(request: HttpRequest, *, detail: str, code: str, status: int) -> JsonResponse:
    """The same shape for refusals that happen outside Django REST framework."""
    return JsonResponse(error_body(detail=detail, code=code, request_id=request_id_of(request)), status=status)


def request_id_of(request: Any) -> str:
    return str(getattr(request, "request_id", ""))


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into the native API's answer. Bugs are left to Django: logged once, answered 500."""
    request_id = request_id_of(context.get("request"))
    if isinstance(exc, PixelsiteError):
        body = error_body(detail=exc.message, code=exc.code, param=exc.param, request_id=request_id)
        return Response(body | exc.facts, status=exc.status, headers=exc.headers)
    if isinstance(exc, exceptions.ValidationError):
        return _invalid_parameters(exc, request_id)
    if isinstance(exc, OperationalError | InterfaceError):
        logger.error("request %s: the database is away: %s", request_id, type(exc).__name__)
        body = error_body(detail=_AWAY, code="temporarily_unavailable", request_id=request_id)
        return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    if isinstance(exc, RequestDataTooBig):
        body = error_body(detail="The request is too large.", code="file_too_large", request_id=request_id)
        return Response(body, status=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(exc, TooManyFieldsSent | TooManyFilesSent):
        code = "too_many_fields" if isinstance(exc, TooManyFieldsSent) else "too_many_files"
        body = error_body(detail="The request has too many parts.", code=code, request_id=request_id)
        return Response(body, status=status.HTTP_400_BAD_REQUEST)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    response = drf_exception_handler(exc, context)
    if response is not None and isinstance(exc, exceptions.APIException):
        code = next((code for kind, code in _FRAMEWORK_CODES if isinstance(exc, kind)), "error")
        response.data = error_body(detail=str(exc.detail), code=code, request_id=request_id)
    return response


def _invalid_parameters(exc: exceptions.ValidationError, request_id: str) -> Response:
    """Name the first wrong field in `param`, all of them in `errors`."""
    fields: dict[str, list[str]] = {}
    if isinstance(exc.detail, dict):
        fields = {name: _messages(problems) for name, problems in exc.detail.items()}
    else:
        fields = {"": _messages(exc.detail)}
    param, messages = next(iter(fields.items()))
    detail = f"{param}: {messages[0]}" if param else messages[0]
    body = error_body(detail=detail, code="invalid_parameter", param=param or None, request_id=request_id)
    return Response(body | {"errors": fields}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)


def _messages(problems: Any) -> list[str]:
    if isinstance(problems, dict):
        return [f"{name}: {message}" for name, inner in problems.items() for message in _messages(inner)]
    if isinstance(problems, list):
        return [message for inner in problems for message in _messages(inner)]
    return [str(problems)]


class RequestIdMiddleware:
    """Give every request an id, answer it in X-Request-Id, and put the rate-limit headers where a limit was counted."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        if self.is_async:
            return self._answer_later(request)
        return self._with_headers(request, self.get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        return self._with_headers(request, await self.get_response(request))

    @staticmethod
    def _with_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response["X-Request-Id"] = request_id_of(request)
        usage = getattr(request, "rate_limit_usage", None)
        if usage is not None:
            for name, value in usage.headers.items():
                response[name] = value
        return response
