"""Children that are kept ready, each for one call at a time."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from jobs.guard import wire

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_ROOT = Path(__file__).resolve().parents[2]
# Never a secret among them.
_INHERITED = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START_S_MAX = 60
# What a library leaks does not add up for ever.
_CALLS_MAX = 500


class GuardError(Exception):
    """A guarded call had no answer."""


class Crashed(GuardError):
    """The child died, or answered with nonsense."""


class TookTooLong(GuardError):
    """The call took longer than it may, and was ended."""


class OutOfMemory(GuardError):
    """The call needed more memory than it may have."""


class AllBusy(GuardError):
    """No child was free in time."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one call."""

    memory_bytes: int
    """Beyond what the child's libraries take."""
    seconds: float


class Guards:
    """A few children that call functions for this process. Any thread may use it."""

    def __init__(
        self,
        limits: Limits,
        *,
        children_max: int,
        wait_s: float,
        imports: Collection[str] = (),
        answers: Collection[type] = (),
    ) -> None:
        """Start nothing yet.

        A call waits `wait_s` for a free child. A child loads the modules `imports` when it starts; its answers may hold
        the classes `answers`.
        """
        self._limits = limits
        self._wait_s = wait_s
        self._imports = tuple(imports)
        self._answers = frozenset(answers)
        # The child used last is used next: the others are not even started while nobody needs them.
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(children_max):
            self._free.put(None)
        atexit.register(self.close)

    def call(self, function: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """Return what `function`, defined at the top of a module, returns in a child, or raise what it raises.

        Raises `Crashed`, `TookTooLong`, `OutOfMemory` or `AllBusy`.
        """
        try:
            child = self._free.get(timeout=self._wait_s)
        except queue.Empty:
            raise AllBusy from None
        try:
            if child is None:
                child = _Child(self._limits, self._imports)
            answer = child.call(function, args, options, answers=self._answers)
        except BaseException:  # whatever it is: what this child says next would be taken for another call's answer
            _ended(child)
            child = None
            raise
        finally:
            if child is not None and child.calls >= _CALLS_MAX:
                _ended(child)
                child = None
            self._free.put(child)
        how, value = answer
        if how == "out of memory":
            raise OutOfMemory
        if how == "raised":
            raise value
        return cast(R, value)

    def close(self) -> None:
        """End the children that are free."""
        with contextlib.suppress(queue.Empty):
            while True:
                _ended(self._free.get_nowait())


def _ended(child: _Child | None) -> None:
    if child is not None:
        child.end()


class _Child:
    """One process."""

    def __init__(self, limits: Limits, imports: tuple[str, ...]) -> None:
        self.calls = 0
        self._limits = limits
        self._socket, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | _ONE_THREAD
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [sys.executable, "-m", "jobs.guard.child", str(theirs.fileno()), str(limits.memory_bytes), *imports],
                cwd=_ROOT,
                env=environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, which may want to finish
            )
        try:
            self._hear(frozenset(), time.monotonic() + _START_S_MAX)
        except BaseException:
            self.end()
            raise

    def call(self, function: Any, args: Any, options: Any, *, answers: frozenset[type]) -> tuple[str, Any]:
        self.calls += 1
        deadline = time.monotonic() + self._limits.seconds
        try:
            wire.send(self._socket, (function, args, options, self._limits.seconds), deadline=deadline)
        except TimeoutError:
            raise TookTooLong from None
        except OSError as error:
            raise Crashed(self._how_it_ended()) from error
        answer: tuple[str, Any] = self._hear(answers, deadline)
        return answer

    def _hear(self, answers: frozenset[type], deadline: float) -> Any:
        try:
            return wire.receive(self._socket, deadline=deadline, allowed=answers, bytes_max=self._limits.memory_bytes)
        except TimeoutError:
            raise TookTooLong from None
        except pickle.UnpicklingError as error:
            raise Crashed(str(error)) from error
        except (OSError, EOFError) as error:
            ended = self._how_it_ended()
            raise (TookTooLong if self._process.returncode == -signal.SIGXCPU else Crashed)(ended) from error

    def _how_it_ended(self) -> str:
        try:
            return f"the child ended with {self._process.wait(timeout=5)}"
        except subprocess.TimeoutExpired:
            return "the child closed its socket"

    def end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()
