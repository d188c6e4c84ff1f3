"""One line of the catalogue: how it is sent, what it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rest_framework.test import APIClient

from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

SUBMIT = "/v1/image/remove-object"
BALANCE = "/v1/account/balance"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Alice with 500 credits, her client, and the folders in which nothing may be left."""

    cast: Cast
    api: APIClient
    images: Path
    uploads: Path
    settings: Any

    def state(self) -> tuple[int, tuple[int, int], list[str]]:
        """What a refusal must not change: jobs, credits (available, held), stored files."""
        files = sorted(str(path) for folder in (self.images, self.uploads) for path in folder.rglob("*"))
        return Job.objects.count(), self.cast.credits(), files


Send = Callable[[Stage], Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`title` begins with section and number of the catalogue: `A06 JPEG cut in half`."""

    title: str
    send: Send
    status: int
    code: str = ""
    param: str | None = None
    prepare: Callable[[Stage], Any] = field(default=lambda _: None)
    """What has to have happened before."""
    counted: bool = True
    """Whether the request counts against a limit, which its answer then tells."""

    @property
    def number(self) -> int:
        return int(self.title[1:].split(" ", 1)[0])


def refused(title: str, send: Send, status: int, code: str, param: str | None = None, **facts: Any) -> Case:
    return Case(title=title, send=send, status=status, code=code, param=param, **facts)


def accepted(title: str, send: Send, **facts: Any) -> Case:
    return Case(title=title, send=send, status=202, **facts)


def form(**fields: Any) -> Send:
    """Send these fields; what is callable is made at the moment of sending."""
    return lambda stage: stage.api.post(
        SUBMIT, {name: value() if callable(value) else value for name, value in fields.items()}
    )


def with_image(make: Callable[[], bytes], *, name: str = "photo.png", kind: str = "image/png", **fields: Any) -> Send:
    """Send this picture and a box in its top left corner."""
    target = {"bbox": "2,2,9,9"} | fields
    return form(image=lambda: upload(make(), name, kind), **target)


def with_mask(make: Callable[[], bytes], *, picture: Callable[[], bytes] = photo) -> Send:
    return form(image=lambda: upload(picture()), mask=lambda: upload(make()))


def with_target(**fields: Any) -> Send:
    """Send an ordinary picture and these fields."""
    return form(image=lambda: upload(photo()), **fields)


def with_options(**fields: Any) -> Send:
    """Send an ordinary picture, an ordinary mask and these fields."""
    return form(image=lambda: upload(photo()), mask=lambda: upload(mask()), **fields)


def json_body(body: bytes, kind: str = "application/json") -> Send:
    return lambda stage: stage.api.post(SUBMIT, body, content_type=kind)
