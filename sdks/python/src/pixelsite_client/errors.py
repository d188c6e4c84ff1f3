"""Everything this package raises, and how an answer becomes one of them.

Catch `PixelsiteError` for all of it. What a site answered is an `ApiError`, named for its status and `code`; what became
of a job is a `JobNotDone`; where no answer came there is `ConnectionFailed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pixelsite_client.models import Job

_REQUIRED = re.compile(r"Required: (\d+)")
_AVAILABLE = re.compile(r"available: (\d+)")


class PixelsiteError(Exception):
    """Something went wrong. `message` says what to do, `code` is for programs, `request_id` for asking for help."""

    code: str = "error"

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.idempotency_key: str | None = None
        """Of a submission: repeat it under this key, and whatever was accepted already is not paid for again."""

    def __str__(self) -> str:
        return f"{self.message} (request {self.request_id})" if self.request_id else self.message


class ConfigurationError(PixelsiteError):
    """The client cannot be used as it was set up."""

    code = "configuration_error"


class ConnectionFailed(PixelsiteError):
    """No answer came, however often it was tried. A submission may have been accepted: see `idempotency_key`."""

    code = "connection_failed"


class WaitTimeout(PixelsiteError):
    """The job had not ended in time. It goes on: `client.wait(error.job)` does too."""

    code = "wait_timeout"

    def __init__(self, job: Job, *, request_id: str | None = None) -> None:
        super().__init__(
            f"Job {job.id} is still {job.status}. It goes on; wait for it again with its id.", request_id=request_id
        )
        self.job = job


class ApiError(PixelsiteError):
    """The site refused, or failed. `status` is HTTP's, `code` the site's own, `param` the parameter at fault."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        request_id: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.status = status
        self.code = code
        self.body: Mapping[str, Any] = body or {}
        self.retry_after: float | None = None
        """Seconds after which the site expects the request again."""

    @property
    def param(self) -> str | None:
        """The parameter at fault."""
        param = self.body.get("param")
        return param if isinstance(param, str) else None


class InvalidRequest(ApiError):
    """A parameter or a picture is wrong (400, 405, 406, 408, 413, 415, 422). Sending it again will not help."""

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """Every parameter at fault, with what is wrong about it."""
        found = self.body.get("errors")
        return found if isinstance(found, dict) else {}


class AuthenticationFailed(ApiError):
    """The API key is missing, unknown, expired or revoked (401)."""


class PaymentRequired(ApiError):
    """It costs more than may be spent (402)."""


class InsufficientCredits(PaymentRequired):
    """The account has too few credits."""

    @property
    def required(self) -> int | None:
        """What the job costs, if the site says so."""
        return _told_number(self.body, "required", _REQUIRED, self.message)

    @property
    def available(self) -> int | None:
        """What the account has, if the site says so."""
        return _told_number(self.body, "available", _AVAILABLE, self.message)


class KeyCapReached(PaymentRequired):
    """This key has spent what it may today or this month."""


class PermissionDenied(ApiError):
    """The key may not do that, or the account is suspended (403)."""


class NotFound(ApiError):
    """There is no such thing, or it is another account's (404)."""


class Gone(NotFound):
    """The image has been deleted, or the link to it has expired (410)."""


class Conflict(ApiError):
    """Things stand otherwise by now, as with canceling a job that has begun (409)."""


class RateLimited(ApiError):
    """Too many requests, or too many unfinished jobs (429). `retry_after` says how long to wait."""


class ServerError(ApiError):
    """Something went wrong at the site (5xx)."""


class ServiceUnavailable(ServerError):
    """The site has more to do than it can, or a part of it is away (503)."""


class UnexpectedAnswer(ApiError):
    """What answered does not speak as Pixelsite does. Look at `base_url`, and at what stands in between."""


class JobNotDone(PixelsiteError):
    """A job ended without a result, and cost nothing. `job` is how it ended, `code` why."""

    def __init__(self, job: Job, *, request_id: str | None = None) -> None:
        told = job.error
        super().__init__(told.message if told else f"Job {job.id} is {job.status}.", request_id=request_id)
        self.job = job
        self.code = told.code if told else job.status


class JobFailed(JobNotDone):
    """The picture could not be worked on."""


class JobBlocked(JobNotDone):
    """The content filter does not allow the picture or the prompt."""


class JobCanceled(JobNotDone):
    """Somebody canceled the job, or `cancel_after` was up."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    405: InvalidRequest,
    406: InvalidRequest,
    408: InvalidRequest,
    409: Conflict,
    410: Gone,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
    503: ServiceUnavailable,
}
_BY_CODE: dict[str, type[ApiError]] = {
    "insufficient_credits": InsufficientCredits,
    "account_in_debt": InsufficientCredits,
    "key_cap_reached": KeyCapReached,
    "sandbox_limit_reached": RateLimited,
}
_BY_JOB_STATUS: dict[str, type[JobNotDone]] = {"blocked": JobBlocked, "canceled": JobCanceled}


def error_of_answer(*, status: int, headers: Mapping[str, str], content: bytes) -> ApiError:
    """The error that an answer stands for. `headers` are found in any case, as httpx's are."""
    body = _body(content)
    detail, code = body.get("detail"), body.get("code")
    request_id = headers.get("x-request-id")
    if 300 <= status < 400:
        message = f"The site answers from {headers.get('location', 'another address')}: give that as base_url."
        return UnexpectedAnswer(message, status=status, code="redirected", request_id=request_id)
    if not isinstance(detail, str):
        detail = f"HTTP {status}, and no word of Pixelsite's about it."
    code = code if isinstance(code, str) else f"http_{status}"
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status) or (ServerError if status >= 500 else UnexpectedAnswer)
    error = kind(detail, status=status, code=code, request_id=request_id, body=body)
    error.retry_after = retry_after_s(headers)
    return error


def error_of_line(code: str, message: str) -> ApiError:
    """The error that one picture of a batch was refused with."""
    kind = _BY_CODE.get(code, InvalidRequest)
    status = 402 if issubclass(kind, PaymentRequired) else 429 if kind is RateLimited else 422
    return kind(message, status=status, code=code, body={"detail": message, "code": code})


def error_of_job(job: Job, *, request_id: str | None) -> JobNotDone:
    """The error that a job without a result stands for."""
    return _BY_JOB_STATUS.get(job.status, JobFailed)(job, request_id=request_id)


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds of `Retry-After`, written as a number or as a date; None where there is none that can be read."""
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:9])
    try:
        moment = parsedate_to_datetime(written)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - (now or datetime.now(timezone.utc))).total_seconds())


def _body(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _told_number(body: Mapping[str, Any], name: str, pattern: re.Pattern[str], sentence: str) -> int | None:
    """A field of the answer; of sites that have none, what the sentence says."""
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = pattern.search(sentence)
    return int(found[1]) if found else None
