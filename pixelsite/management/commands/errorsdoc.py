"""`manage.py errorsdoc`: every error code, written from the classes that raise them."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

import accounts
import billing
import inference
import jobs
from inference.errors import EngineError
from jobs.images import ImageError
from jobs.targets import TargetError
from pixelsite import lib
from pixelsite.lib.errors import PixelsiteError

_OPENING = """Written by `manage.py errorsdoc`. Every refusal is JSON of this shape:

```json
{
  "detail": "The mask is 64×64 pixels but the image is 640×480. Send a mask of the image's size.",
  "code": "mask_size_mismatch",
  "param": "mask",
  "request_id": "5f0c3b1e9a7d4c62b8e1f2a3d4c5b6a7"
}
```

`code` is for programs and stable; `detail` is for people and may change. `param` names the parameter at fault, or is
`null`. `request_id` is in the header `X-Request-Id` of every answer as well: name it when you ask for help.

| status | send the same again? |
| --- | --- |
| 400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 422 | no: it would be refused again until something changes |
| 409 | only where the code says "in progress" |
| 408, 429, 503 | yes, after `Retry-After`; with the same `Idempotency-Key`, so that no try pays twice |
| 500, 502 | yes, once or twice, with the same `Idempotency-Key` |

Programs of other vendors get the same refusals in their vendor's words: see the pages for those who move here."""

# What no class of ours says.
_FRAMEWORK = {
    "bad_request": (400, "The request could not be read."),
    "too_many_fields": (400, "The request has too many fields."),
    "too_many_files": (400, "The request has too many files."),
    "multipart_invalid": (400, "The multipart body could not be read."),
    "sign_in_required": (401, "Sign in first."),
    "permission_denied": (403, "This is not allowed, or the page's token is missing: load the page again."),
    "not_found": (404, "There is nothing at this address, or it is not yours."),
    "invalid_parameter": (422, "A parameter has a wrong value: `param` names it, `errors` all of them."),
    "json_invalid": (400, "The body, or a parameter that holds JSON, is not valid JSON."),
    "method_not_allowed": (405, "Use one of the methods in Allow."),
    "not_acceptable": (406, "Answers are JSON."),
    "upload_too_slow": (408, "The upload is too slow. Nothing was charged; send it again over a faster connection."),
    "unsupported_media_type": (415, "Send multipart/form-data or application/json."),
    "internal_error": (500, "Something went wrong on our side. If a job was involved, its credits come back."),
    "temporarily_unavailable": (503, "The site cannot reach its database. Send the request again in a moment."),
}

# Where a job's errors come from; others of their kind are for who runs the site.
_WORK = ("inference.errors", "inference.pipeline", "inference.codecs.codec", "inference.tasks")

# What the lifecycle itself says of a job that ended without a result.
_ENDS = {
    "worker_lost": "The work was interrupted as often as it is tried.",
    "expired_in_queue": "No worker was free in time.",
    "timed_out": "The job did not end in the time that a vendor's program waits for it.",
    "processing_error": "Something went wrong while the picture was worked on.",
    "storage_unavailable": "The images could not be read or stored.",
}


# What helps where the error's own words say only what is wrong.
_HELPS = {
    401: "Sign in, or send a valid key.",
    402: "Buy credits, or wait until there are some.",
    403: "Use a key or an account that may.",
    404: "Check the address and the id.",
    409: "Look at how things stand now, then decide anew.",
    410: "Make it again.",
    413: "Send less.",
    500: "Send it again with the same `Idempotency-Key`; if it stays, name the `request_id` to whoever runs the site.",
    503: "Wait for `Retry-After`, then send it again.",
}
_CHANGE = "Change the request; the same again is refused again."
# Where the error's own words say only what to do.
_MEANS = {400: "The request is not complete, or not clear.", 401: "It is not known who asks."}
_UNCLEAR = "What was sent cannot be used."
# How a sentence, or a part of one, begins that says what to do.
_VERBS = (
    "add adjust answers appeal ask buy change check choose copy correct create delete draw enable end give go have keep leave load "
    "look make mark name never paint pay raise reload repeat resume revoke rotate save say send set shorten sign submit "
    "switch try upload use wait write"
)
_DO = re.compile(rf"(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE)
_PART = re.compile(rf"(?<=\.) (?=[A-Z`])|[;:] (?=(?:{'|'.join(_VERBS.split())})\b)")
_OF_JOBS = "Submit again; if it stays, name the id of the job to whoever runs the site."
_OF_THIS_JOB = {
    "bad_weights": "Tell whoever runs the site.",
    "content_blocked": "Appeal if you do not agree: `POST /v1/image/{id}/appeal`.",
    "rights_confirmation_required": 'Confirm that you have them, once: in the dashboard, or `POST /v1/account/rights` with `{"confirm": true}`.',
}


class Command(BaseCommand):
    """Print the codes as Markdown tables."""

    help = "Print docs/errors.md."

    def handle(self, *args: Any, **options: Any) -> None:
        _import_all()
        self.stdout.write("# Errors\n")
        self.stdout.write(_OPENING)
        self.stdout.write("\n## Answers\n\n| code | status | meaning | what to do |\n| --- | --- | --- | --- |")
        answers = _answers() | _FRAMEWORK
        for code in sorted(answers):
            status, words = answers[code]
            meaning, helps = _told_apart(
                words, otherwise=_HELPS.get(status, _CHANGE), empty=_MEANS.get(status, _UNCLEAR)
            )
            self.stdout.write(f"| `{code}` | {status} | {meaning} | {helps} |")
        self.stdout.write("\n## Jobs that failed or were blocked\n\nThe credits are back.\n\n")
        self.stdout.write("| code | meaning | what to do |\n| --- | --- | --- |")
        ends = {error.code: _meaning(error) for error in _all_of(EngineError) if error.__module__ in _WORK} | _ENDS
        for code in sorted(ends):
            meaning, helps = _told_apart(ends[code], otherwise=_OF_THIS_JOB.get(code, _OF_JOBS), empty=_UNCLEAR)
            self.stdout.write(f"| `{code}` | {meaning} | {helps} |")


def _answers() -> dict[str, tuple[int, str]]:
    """Status and words of every code; where several errors share one, the words of all."""
    words: dict[str, list[str]] = {}
    statuses = {}
    for error in sorted(_refusals(), key=lambda error: (error.__module__, error.__name__)):
        statuses[error.code] = error.status
        told = words.setdefault(error.code, [])
        if _meaning(error) not in told:
            told.append(_meaning(error))
    return {code: (statuses[code], " ".join(told)) for code, told in words.items()}


def _told_apart(words: str, *, otherwise: str, empty: str) -> tuple[str, str]:
    """What is wrong, and what to do about it. `empty` and `otherwise` stand in for what the words do not say."""
    parts = [_sentence(part) for part in _PART.split(words)]
    helps = [part for part in parts if _DO.match(part)]
    meaning = [part for part in parts if part not in helps]
    return " ".join(meaning) or empty, " ".join(helps) or otherwise


def _sentence(part: str) -> str:
    part = part[0].upper() + part[1:]
    ended = part if part.endswith((".", "…")) else f"{part}."
    return ended.replace("|", r"\|")  # which would end a cell


def _import_all() -> None:
    """A class is known once its module is loaded."""
    for house in (accounts, billing, jobs, inference, lib):
        for module in pkgutil.walk_packages(house.__path__, f"{house.__name__}."):
            if not {"migrations", "management", "child"} & set(module.name.split(".")):
                importlib.import_module(module.name)


def _refusals() -> Iterator[Any]:
    bases: tuple[type, ...] = (PixelsiteError, ImageError, TargetError)
    for base in bases:
        for error in _all_of(base):
            if error.code != PixelsiteError.code:
                yield error


def _all_of(base: Any) -> Iterator[Any]:
    yield base
    for below in base.__subclasses__():
        yield from _all_of(below)


def _meaning(error: type) -> str:
    return " ".join((error.__doc__ or "").split("\n\n")[0].split())
