"""Names of stored images, and reading, writing and deleting them. A local folder or anything Django stores to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

FOLDERS = ("inputs", "outputs", "previews")


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


def job_folders(folder: str) -> list[str]:
    """Names of the folders in one of `FOLDERS`: ids of jobs."""
    try:
        return list(default_storage.listdir(folder)[0])
    except FileNotFoundError:  # nothing was ever stored
        return []


def names_in(folder: str, job_id: str) -> list[str]:
    """Names of the files stored for a job in one of `FOLDERS`."""
    try:
        return [f"{folder}/{job_id}/{name}" for name in default_storage.listdir(f"{folder}/{job_id}")[1]]
    except FileNotFoundError:  # deleted meanwhile
        return []


def is_older(name: str, moment: datetime) -> bool:
    """Whether a file was stored before this moment; False if it is gone."""
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:
        return False


def delete(names: Iterable[str]) -> None:
    """Delete what is there of these; empty names are passed over."""
    for name in filter(None, names):
        default_storage.delete(name)
        _drop_empty_folder(name)


def _drop_empty_folder(name: str) -> None:
    """A local folder per job would stay behind; object stores have none."""
    with contextlib.suppress(OSError, NotImplementedError):
        default_storage.delete(name.rpartition("/")[0])
