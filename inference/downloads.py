"""Large files over HTTP: resumed where they broke off, never longer than they should be, all errors in a sentence."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from inference.errors import EngineError

_TIMEOUT = httpx.Timeout(30.0)
_RETRIES = 5  # in a row, without a byte gained in between
_PAUSE_S = 1.0  # before the first; doubled before each of the next

OnBytes = Callable[[int], None]
"""Told how many bytes are there."""


class DownloadFailed(EngineError):
    """The file could not be downloaded. Look at the network, then run the same command again: it goes on from there."""

    code = "download_failed"


class DiskFull(EngineError):
    """The disk is full. Make room, then run the same command again: it goes on from there."""

    code = "disk_full"


class _Interrupted(Exception):
    """This attempt broke off; another may get further."""


def download(url: str, partial: Path, *, size_bytes: int, on_bytes: OnBytes) -> None:
    """Fetch `url` into the file `partial`, going on after what is in it already, until it holds `size_bytes`.

    What was fetched stays when an error is raised. Raises `DownloadFailed` or `DiskFull`.
    """
    failures, reached = 0, _size(partial)
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        while _size(partial) != size_bytes:
            try:
                _attempt(client, url, partial, size_bytes, on_bytes)
            except (_Interrupted, httpx.TransportError) as error:
                failures = 0 if _size(partial) > reached else failures + 1
                reached = _size(partial)
                if failures >= _RETRIES:
                    raise DownloadFailed(f"{url} could not be fetched: {_reason(error)}") from error
                time.sleep(_PAUSE_S * 2 ** max(0, failures - 1))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise DiskFull(f"{partial.parent} is full: {size_bytes:,} bytes are needed.") from error
                raise DownloadFailed(f"{partial} cannot be written: {error.strerror}.") from error
            except httpx.HTTPError as error:
                raise DownloadFailed(f"{url} could not be fetched: {_reason(error)}") from error

    _tag(partial).unlink(missing_ok=True)


def _attempt(client: httpx.Client, url: str, partial: Path, size_bytes: int, on_bytes: OnBytes) -> None:
    start = _size(partial)
    tag = _tag(partial)
    headers = {"Accept-Encoding": "identity"}
    if start and tag.exists():
        headers |= {"Range": f"bytes={start}-", "If-Range": tag.read_text()}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code >= 500 or answer.status_code == 429:
            raise _Interrupted(f"the server answered {answer.status_code}")
        if answer.status_code == 416:  # what is there fits no longer
            partial.unlink()
            raise _Interrupted("the server has another file now")
        if answer.status_code not in (200, 206):
            raise DownloadFailed(f"{url} answered {answer.status_code} {answer.reason_phrase}.")
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if not goes_on and answer.status_code == 206:
            raise DownloadFailed(f"{url} sent another part of the file than the one asked for.")
        tag.write_text(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
        if not tag.read_text():
            tag.unlink()  # nothing to tell by whether the file is still the same: a next attempt starts anew
        with partial.open("ab" if goes_on else "wb") as file:
            _copy(answer, file, size_bytes, on_bytes)
    if _size(partial) < size_bytes:
        raise _Interrupted(f"it ended after {_size(partial):,} of {size_bytes:,} bytes")


def _copy(answer: httpx.Response, file: BinaryIO, size_bytes: int, on_bytes: OnBytes) -> None:
    # As they come: a buffer would be lost when the connection breaks.
    for chunk in answer.iter_raw():
        if file.tell() + len(chunk) > size_bytes:
            file.truncate(0)
            raise DownloadFailed(f"{answer.url} is larger than the {size_bytes:,} bytes it should have.")
        file.write(chunk)
        file.flush()
        on_bytes(file.tell())


def _tag(partial: Path) -> Path:
    """Where it is kept which version of the file the server gave out."""
    return partial.with_suffix(partial.suffix + ".etag")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: Exception) -> str:
    """One clause, whatever the library says."""
    if isinstance(error, httpx.TimeoutException):
        return "the server did not answer in time."
    text = str(error).strip() or type(error).__name__
    if "Name or service not known" in text or "getaddrinfo" in text or "name resolution" in text:
        return "its address cannot be found. Is there a network?"
    return text.rstrip(".") + "."
