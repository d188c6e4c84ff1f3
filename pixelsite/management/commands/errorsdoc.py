"""`manage.py errorsdoc`: every error code, written from the classes that raise them."""

from __future__ import annotations

import importlib
import pkgutil
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


class Command(BaseCommand):
    """Print the codes as Markdown tables."""

    help = "Print docs/errors.md."

    def handle(self, *args: Any, **options: Any) -> None:
        _import_all()
        self.stdout.write("# Errors\n")
        self.stdout.write(
            "Written by `manage.py errorsdoc`. `code` is for programs and stable; `detail` is for people.\n"
        )
        self.stdout.write("## Answers\n\n| code | status | meaning |\n| --- | --- | --- |")
        answers = {error.code: (error.status, _meaning(error)) for error in _refusals()} | _FRAMEWORK
        for code in sorted(answers):
            status, meaning = answers[code]
            self.stdout.write(f"| `{code}` | {status} | {meaning} |")
        self.stdout.write("\n## Jobs that failed or were blocked\n\nThe credits are back.\n\n")
        self.stdout.write("| code | meaning |\n| --- | --- |")
        ends = {error.code: _meaning(error) for error in _all_of(EngineError) if error.__module__ in _WORK} | _ENDS
        for code in sorted(ends):
            self.stdout.write(f"| `{code}` | {ends[code]} |")


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
