"""Names of stored images, and reading, writing and deleting them. A local folder or anything Django stores to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def input_name(job_id: UUID, extension: str) -> str:
    return f"inputs/{job_id}/image.{extension}"


def mask_name(job_id: UUID) -> str:
    return f"inputs/{job_id}/mask.png"


def output_name(job_id: UUID, attempt: int, extension: str) -> str:
    """The attempt is in the name: a worker whose lease was lost can neither overwrite nor finish another's result."""
    return f"outputs/{job_id}/{attempt}.{extension}"


def preview_name(job_id: UUID, attempt: int, which: str) -> str:
    return f"previews/{job_id}/{attempt}-{which}.webp"


def write(name: str, data: bytes) -> None:
    """Store bytes under exactly this name, which must be free."""
    stored = default_storage.save(name, ContentFile(data))
    if stored != name:
        default_storage.delete(stored)
        raise FileExistsError(name)


def read(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        data: bytes = file.read()
    return data


def delete(names: Iterable[str]) -> None:
    """Delete what is there of these; empty names are passed over."""
    for name in filter(None, names):
        default_storage.delete(name)
        _drop_empty_folder(name)


def _drop_empty_folder(name: str) -> None:
    """A local folder per job would stay behind; object stores have none."""
    with contextlib.suppress(OSError, NotImplementedError):
        default_storage.delete(name.rpartition("/")[0])
