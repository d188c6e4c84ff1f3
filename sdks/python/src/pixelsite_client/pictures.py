"""A picture, as callers have it: a path, bytes, an open file, or an address."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

Picture = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A path; an http or https address, which the site fetches; bytes; or a file opened in binary mode."""


@dataclass(frozen=True)
class Upload:
    """A picture to be sent along. Read beforehand, so that a second try sends the same bytes."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Address:
    """A picture that the site fetches."""

    url: str


def read_picture(picture: Picture) -> Upload | Address:
    """Read it, unless it is an address. Raises `OSError` where there is no such file, `TypeError` for anything else."""
    if isinstance(picture, str) and is_address(picture):
        return Address(picture)
    if isinstance(picture, (str, os.PathLike)):
        path = Path(picture)
        return Upload(path.name, path.read_bytes())
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return Upload("picture", bytes(picture))
    read = getattr(picture, "read", None)
    if read is None:
        raise TypeError(f"A picture is a path, bytes, a file or an address, not {type(picture).__name__}.")
    content = read()
    if not isinstance(content, bytes):
        raise TypeError('Open the picture in binary mode: open(path, "rb").')
    name = getattr(picture, "name", None)
    return Upload(Path(name).name if isinstance(name, str) and name else "picture", content)


def is_address(written: str) -> bool:
    """Whether this is an http or https address rather than a path."""
    return written.lower().startswith(("http://", "https://"))
