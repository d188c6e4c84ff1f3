"""Why a request is refused, before a vendor's words are put to it. Native error bodies end here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from rest_framework import exceptions

from jobs.models import Job, Status
from pixelsite.lib import api

logger = logging.getLogger(__name__)

_BUG = "Something went wrong on our side. If a job was involved, its credits come back."


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Code, status and sentence of the native API; each vendor's module says what becomes of them."""

    code: str
    status: int
    message: str
    param: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)
    """Every wrong field, with what is wrong with it."""
    headers: dict[str, str] = field(default_factory=dict)


def refusal_of(exc: Exception, context: dict[str, Any]) -> Refusal:
    """What the native API would answer. A bug is logged, and refused with 500."""
    answer = api.exception_handler(exc, context)
    if answer is None:
        logger.error("request %s failed", api.request_id_of(context.get("request")), exc_info=exc)
        return Refusal(code="internal_error", status=500, message=_BUG)
    kept = {name: value for name, value in answer.headers.items() if name in ("Retry-After", "WWW-Authenticate")}
    if isinstance(exc, exceptions.MethodNotAllowed):
        kept["Allow"] = ", ".join(context["view"].allowed_methods)
    return Refusal(
        code=answer.data["code"],
        status=answer.status_code,
        message=answer.data["detail"],
        param=answer.data["param"],
        fields=answer.data.get("errors", {}),
        headers=kept,
    )


def is_too_many_parts(exc: Exception) -> bool:
    return isinstance(exc, TooManyFieldsSent | TooManyFilesSent)


# What the worker finds wrong with a picture or a mask: sending the same again helps nobody.
_FAULTS_OF_THE_INPUT = {"invalid_image", "image_too_complex", "mask_covers_image", "nothing_found"}


def end_of(job: Job) -> Refusal | None:
    """Why an ended job has no result; None where it has one."""
    if job.status == Status.COMPLETED:
        return None
    if job.status == Status.CANCELED:
        return Refusal(code=job.status, status=500, message="The job was canceled. Its credits are back.")
    if job.status == Status.BLOCKED or job.error_code in _FAULTS_OF_THE_INPUT:
        status = 400
    else:
        status = 504 if job.error_code in ("timed_out", "expired_in_queue") else 500
    return Refusal(code=job.error_code, status=status, message=job.error_message)
