"""Requests and answers as plain data, and how each becomes the other's: no network here.

The API key is in none of them. The client adds it when it sends.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from pixelsite_client import options as known
from pixelsite_client.batch_models import BatchQuote, BatchStatus
from pixelsite_client.errors import PixelsiteError, UnexpectedAnswer, error_of_answer
from pixelsite_client.models import Balance, Estimate, Job, Model, UsageLine, UsagePage
from pixelsite_client.pictures import Address, Picture, Upload, read_picture

_Read = TypeVar("_Read")

REMOVE_PATH = "/v1/image/remove-object"
SEGMENT_PATH = "/v1/image/segment"
WAIT_S_MAX = 60
"""The site answers no later."""


@dataclass(frozen=True)
class Request:
    """One request to the site."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    lists: Mapping[str, Sequence[Upload]] = field(default_factory=dict)
    """Fields that hold several files."""
    holds_s: float = 0
    """How long the site may keep the answer back, because it was asked to wait."""

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("Idempotency-Key")

    def with_headers(self, **headers: str) -> Request:
        """The same with more headers, named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


@dataclass(frozen=True)
class Download:
    """A signed address, which is asked without the key."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class Save:
    """A download that needs the key and goes to a file, piece by piece: it may be larger than memory."""

    path: str
    target: Path = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` are found in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")


@dataclass(frozen=True)
class NoAnswer:
    """Nothing came back, for this reason."""

    reason: str
    is_final: bool = False
    """Whether trying again is of no use."""


def removal(image: Picture, options: Mapping[str, Any]) -> Request:
    """A submission. Its key is made here, once, so that every try carries the same."""
    return _submission(REMOVE_PATH, image, known.given(options, known=known.REMOVE))


def finding(image: Picture, options: Mapping[str, Any]) -> Request:
    """A submission that finds what is pointed at."""
    return _submission(SEGMENT_PATH, image, known.given(options, known=known.FIND))


def estimate(image: Picture, options: Mapping[str, Any]) -> Request:
    """A submission that is only asked about."""
    request = _form(REMOVE_PATH, image, known.given(options, known=known.ESTIMATE))
    return replace(request, fields={**request.fields, "dry_run": "true"})


def held(request: Request, *, seconds: float) -> Request:
    """The same submission, answered with the ended job if it ends in time."""
    whole = max(0, min(WAIT_S_MAX, int(seconds)))
    return replace(request.with_headers(Prefer=f"wait={whole}"), holds_s=whole)


def one_job(job_id: str, *, wait_s: float = 0) -> Request:
    whole = max(0, min(WAIT_S_MAX, int(wait_s)))
    return Request("GET", _job_path(job_id), params={"wait": str(whole)} if whole else {}, holds_s=whole)


def deletion(job_id: str) -> Request:
    """Cancels a queued job, and deletes the images of an ended one: what it does depends on when it arrives."""
    return Request("DELETE", _job_path(job_id))


def cancellation(job_id: str) -> Request:
    """Cancels a queued job, and does nothing to any other."""
    return Request("DELETE", _job_path(job_id), params={"only": "queued"})


def batch_removal(images: Sequence[Upload], masks: Sequence[Upload], options: Mapping[str, Any]) -> Request:
    """Many pictures in one submission. Its key is made here, once, so that every try carries the same."""
    return _headed(_batch_form(images, masks, options), options)


def batch_quote(images: Sequence[Upload], masks: Sequence[Upload], options: Mapping[str, Any]) -> Request:
    """Such a submission that is only asked about."""
    request = _batch_form(images, masks, options)
    return replace(request, fields={**request.fields, "dry_run": "true"})


def one_batch(batch_id: str, *, wait_s: float = 0) -> Request:
    whole = max(0, min(WAIT_S_MAX, int(wait_s)))
    return Request("GET", _batch_path(batch_id), params={"wait": str(whole)} if whole else {}, holds_s=whole)


def batch_retry(batch_id: str) -> Request:
    """What failed, once more. Every try of this call carries the same key."""
    return Request("POST", _batch_path(batch_id) + "/retry", headers={"Idempotency-Key": str(uuid.uuid4())})


def batch_results(batch_id: str, target: Path) -> Save:
    return Save(_batch_path(batch_id) + "/results.zip", target)


def usage_page(filters: Mapping[str, str], *, cursor: str | None) -> Request:
    params = {**filters, "cursor": cursor} if cursor else dict(filters)
    return Request("GET", "/v1/account/usage", params=params)


def balance() -> Request:
    return Request("GET", "/v1/account/balance")


def models() -> Request:
    return Request("GET", "/v1/models")


def read_job(answer: Answer) -> Job:
    return _read(answer, Job.from_json)


def read_batch(answer: Answer) -> BatchStatus:
    return _read(answer, BatchStatus.from_json)


def read_quote(answer: Answer) -> BatchQuote:
    return _read(answer, BatchQuote.from_json)


def read_saved(answer: Answer) -> None:
    """Raises the `ApiError` that the answer stands for."""
    if answer.status != 200:
        raise error_of_answer(status=answer.status, headers=answer.headers, content=answer.content)


def read_estimate(answer: Answer) -> Estimate:
    return _read(answer, Estimate.from_json)


def read_balance(answer: Answer) -> Balance:
    return _read(answer, Balance.from_json)


def read_models(answer: Answer) -> tuple[Model, ...]:
    return _read(answer, lambda told: tuple(Model.from_json(line) for line in told["models"]))


def read_usage(answer: Answer) -> UsagePage:
    return _read(answer, _usage)


def read_image(answer: Answer) -> bytes:
    """Raises the `ApiError` that the answer stands for."""
    if answer.status != 200:
        raise error_of_answer(status=answer.status, headers=answer.headers, content=answer.content)
    return answer.content


def _usage(told: Mapping[str, Any]) -> UsagePage:
    lines = tuple(UsageLine.from_json(line) for line in told["results"])
    if told["next"] is None:
        return UsagePage(lines, None)
    # Only the cursor of the address is used: the key goes to base_url and nowhere else.
    (cursor,) = parse_qs(urlsplit(told["next"]).query)["cursor"]
    return UsagePage(lines, cursor)


def _read(answer: Answer, read: Callable[[Mapping[str, Any]], _Read]) -> _Read:
    """Raises the `ApiError` that the answer stands for."""
    if not 200 <= answer.status < 300:
        raise error_of_answer(status=answer.status, headers=answer.headers, content=answer.content)
    try:
        return read(json.loads(answer.content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnexpectedAnswer(
            f"This is not an answer of Pixelsite's ({error}). Look at base_url.",
            status=answer.status,
            code="unexpected_answer",
            request_id=answer.request_id,
        ) from error


def _submission(path: str, image: Picture, options: Mapping[str, Any]) -> Request:
    return _headed(_form(path, image, options), options)


def _headed(request: Request, options: Mapping[str, Any]) -> Request:
    headers = {"Idempotency-Key": _key(options.get("idempotency_key"))}
    if "cancel_after" in options:
        headers["Cancel-After"] = str(options["cancel_after"])
    return replace(request, headers=headers)


def _key(given: str | None) -> str:
    if given is None:
        return str(uuid.uuid4())
    if not 1 <= len(given) <= 255 or not given.isascii() or not given.isprintable():
        raise PixelsiteError("idempotency_key is 1 to 255 printable ASCII characters. A UUID does well.")
    return given


def _form(path: str, image: Picture, options: Mapping[str, Any]) -> Request:
    fields = known.fields_of(options)
    files: dict[str, Upload] = {}
    pictures = {"image": image} | ({"mask": options["mask"]} if "mask" in options else {})
    for name, picture in pictures.items():
        found = read_picture(picture)
        if isinstance(found, Address):
            fields[f"{name}_url"] = found.url
        else:
            files[name] = found
    return Request("POST", path, fields=fields, files=files)


def _batch_form(images: Sequence[Upload], masks: Sequence[Upload], options: Mapping[str, Any]) -> Request:
    lists = {name: files for name, files in (("images", images), ("masks", masks)) if files}
    return Request("POST", f"{REMOVE_PATH}/batch", fields=known.fields_of(options), lists=lists)


def _batch_path(batch_id: str) -> str:
    return f"/v1/batches/{quote(batch_id, safe='')}"


def _job_path(job_id: str) -> str:
    return f"/v1/image/{quote(job_id, safe='')}"
