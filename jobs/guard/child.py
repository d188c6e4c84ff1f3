"""The child of a guard: `python -m jobs.guard.child SOCKET MEMORY_BYTES MODULE …` calls what it is sent until the socket closes."""

from __future__ import annotations

import ctypes
import importlib
import math
import resource
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from jobs.guard import wire

_PR_SET_NO_NEW_PRIVS = 38
_FILE_BYTES_MAX = 1 << 30  # of a temporary file


def main() -> None:
    number, memory_bytes, *modules = sys.argv[1:]
    parent = socket.socket(fileno=int(number))
    for module in modules:
        importlib.import_module(module)
    _confine(int(memory_bytes))
    wire.send(parent, "ready")
    while True:
        try:
            function, args, options, cpu_s = wire.receive(parent)
        except EOFError:
            return
        _limit_cpu(cpu_s)
        answer = _answer(function, args, options)
        del function, args, options
        wire.send(parent, answer)
        del answer
        _give_back_memory()


def _answer(function: Any, args: Any, options: Any) -> tuple[str, Any]:
    try:
        return "returned", function(*args, **options)
    except MemoryError:
        return "out of memory", None
    except Exception as error:  # noqa: BLE001  # what a decoder raises is its answer
        if type(error).__module__ == "builtins":  # the parent takes only what it knows
            traceback.print_exc()
        return "raised", error


def _confine(memory_bytes: int) -> None:
    """Take away what a decoder does not need. `memory_bytes` come on top of what the libraries have by now."""
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    used = pages * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, used + memory_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES_MAX),
    ):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most, hard) if hard == resource.RLIM_INFINITY or most <= hard else (hard, hard))


def _limit_cpu(seconds: float) -> None:
    """The kernel ends this process when a call has used so much, even if nobody waits for it any more."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _give_back_memory() -> None:
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # another C library
        return


if __name__ == "__main__":
    main()
