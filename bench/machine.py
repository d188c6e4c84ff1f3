"""What the figures were measured on, and how."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import torch

from inference.memory import give_back


def describe() -> str:
    """One line: processor, cores, GPU, versions."""
    names = [line.partition(":")[2].strip() for line in _cpu_info() if line.startswith("model name")]
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ", no GPU"
    found = torch.cpu.get_capabilities()
    extensions = [name for name in ("amx_bf16", "avx512_bf16", "avx512_f", "avx2") if found.get(name)]
    return (
        f"{names[0] if names else platform.machine()} ({', '.join(extensions)}), {len(os.sched_getaffinity(0))} cores, "
        f"{torch.get_num_threads()} threads{gpu}; torch {torch.__version__}, Python {platform.python_version()}"
    )


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def best_seconds(run: Callable[[], object], *, times: int = 3, warm: int = 1) -> float:
    """The fastest of several runs: the others were disturbed."""
    for _ in range(warm):
        run()
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - started)
    return best


def resident_mb() -> float:
    """Memory that this process and its children hold, in MB (Linux); what they share counts once."""
    children = [child for path in Path("/proc/self/task").glob("*/children") for child in path.read_text().split()]
    return sum(_proportional_kb(process) for process in ("self", *children)) / 1e3


def _proportional_kb(process: str) -> float:
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1.024
    return 0


class PeakMemory:
    """Measures how much more memory the process held at most within a block than before it: `.mb`."""

    def __enter__(self) -> PeakMemory:
        give_back()
        self._before = self._most = resident_mb()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._watcher.join()
        self.mb = self._most - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self._most = max(self._most, resident_mb())
