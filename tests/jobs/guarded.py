"""What the tests of the guard let a child do."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Known:
    """A class the parent expects."""

    text: str
    array: NDArray[Any] | None = None


@dataclass(frozen=True)
class Unknown:
    """A class the parent does not expect."""

    text: str


class Refusal(Exception):
    """What a decoder raises."""


def double(array: NDArray[Any]) -> Known:
    return Known("doubled", array * 2)


def mean(arrays: list[NDArray[Any]]) -> list[float]:
    return [float(array.mean()) for array in arrays]


def same_memory(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return bool(np.shares_memory(one, other))


def refuse(why: str) -> None:
    raise Refusal(why)


def stumble() -> None:
    raise KeyError("a bug")


def abort() -> None:
    os.abort()


def sleep_long() -> None:
    time.sleep(60)


def spin() -> None:
    while True:
        pass


def take(count: int) -> int:
    return len(bytearray(count))


def answer_unknown() -> Unknown:
    return Unknown("x")


class _Runs:
    """What a broken child might send to have code run by its parent."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._folder,)


def answer_with_code(folder: str) -> Any:
    return _Runs(folder)


def environment() -> dict[str, str]:
    return dict(os.environ)


def pid() -> int:
    return os.getpid()


def cpu_limit_s() -> float:
    """Seconds of processor time that are left."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return resource.getrlimit(resource.RLIMIT_CPU)[0] - used.ru_utime - used.ru_stime
