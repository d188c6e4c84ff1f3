"""A completed job and its picture."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pixelsite_client.models import Job

if TYPE_CHECKING:
    from pixelsite_client.async_client import AsyncPixelsite
    from pixelsite_client.client import Pixelsite


class ResultFacts:
    """What is known of a completed job without fetching its picture."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, operation={self.job.operation!r})"

    @property
    def id(self) -> str:
        return self.job.id

    @property
    def url(self) -> str | None:
        """Signed address of the picture, for a day; None once it has been deleted."""
        return self.job.output_url

    @property
    def credits_used(self) -> float:
        return self.job.credits_used

    @property
    def receipt(self) -> Mapping[str, Any] | None:
        """What was changed and what was not, with checksums."""
        return self.job.receipt

    @property
    def selection(self) -> Mapping[str, Any] | None:
        """What points, a box or a sentence were found to mean."""
        return self.job.selection

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """What was sent along."""
        return self.job.metadata


class Result(ResultFacts):
    """A completed job."""

    def __init__(self, job: Job, client: Pixelsite) -> None:
        super().__init__(job)
        self._client = client

    def bytes(self) -> bytes:
        """Fetch the picture, as a file's bytes."""
        return self._client.download(self.job)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> Path:
        """Fetch the picture into this file; an interrupted download leaves none. Raises `FileExistsError` if told to."""
        refuse_existing(path, overwrite=overwrite)
        return write_picture(path, self.bytes(), overwrite=overwrite)


class AsyncResult(ResultFacts):
    """A completed job, for programs that await."""

    def __init__(self, job: Job, client: AsyncPixelsite) -> None:
        super().__init__(job)
        self._client = client

    async def bytes(self) -> bytes:
        """Fetch the picture, as a file's bytes."""
        return await self._client.download(self.job)

    async def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> Path:
        """Fetch the picture into this file; an interrupted download leaves none. Raises `FileExistsError` if told to."""
        refuse_existing(path, overwrite=overwrite)
        content = await self.bytes()
        return await asyncio.to_thread(write_picture, path, content, overwrite=overwrite)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to be written piece by piece that is there once all of it is, and not at all before."""
    target = Path(path)
    part = target.with_name(f".{target.name[:80]}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def refuse_existing(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raises `FileExistsError`, before anything is fetched for nothing."""
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"{os.fspath(path)} exists")


def write_picture(path: str | os.PathLike[str], content: bytes, *, overwrite: bool) -> Path:
    """Write a whole file or none. Raises `FileExistsError`."""
    target = Path(path)
    part = target.with_name(f".{target.name[:80]}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
        if overwrite:
            part.replace(target)
        else:
            _move_to_new(part, target, content)
    finally:
        part.unlink(missing_ok=True)
    return target


def _move_to_new(part: Path, target: Path, content: bytes) -> None:
    """Another program may have written the file meanwhile: only the file system knows."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise FileExistsError(f"{target} exists") from None
    except OSError:  # no hard links here
        with target.open("xb") as file:
            file.write(content)
