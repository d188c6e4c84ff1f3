"""What the throw-away servers share: finding a program, waiting for it, ending it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


class MissingServer(RuntimeError):
    """A test needs a server program that this machine lacks. The message says what to install."""


class ServerDidNotStart(RuntimeError):
    """A server program ended, or did not answer in time. The message carries the end of its log."""


def wait_until(is_ready: Callable[[], bool], *, what: str, timeout_s: float = 20) -> None:
    """Return as soon as `is_ready()` is true; raise ServerDidNotStart when it never is."""
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if time.monotonic() > deadline:
            raise ServerDidNotStart(f"{what} did not answer within {timeout_s:.0f} s")
        time.sleep(0.02)


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder whose name leaves room for a socket: their paths end at 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_process(process: subprocess.Popen[bytes], how: signal.Signals, timeout_s: float = 20) -> None:
    """Signal our own child and wait for it; one that does not listen is killed."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def packaged_program(package: str, *path: str) -> Path | None:
    """A program that a Python package carries inside it, found without importing the package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]).joinpath(*path)
    return program if os.access(program, os.X_OK) else None
