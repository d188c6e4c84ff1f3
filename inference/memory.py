"""Freed memory goes back to the system between the stages of a job: what one needed does not add to what the next needs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _trimmer() -> Callable[[int], object] | None:
    """glibc keeps freed blocks for itself; other C libraries have no such function."""
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None


_trim = _trimmer()


def give_back() -> None:
    """Return what is free to the system, where the C library can. Takes about a millisecond."""
    if _trim is not None:
        _trim(0)
