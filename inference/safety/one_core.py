"""Small networks on one core each: beside other work, dividing them costs more than it gains.

Torch divides every operation among all cores and its threads wait for each other by spinning. A classifier is hundreds of
operations of a tenth of a millisecond: where another job keeps one of two cores busy, the threads wait for their turn
at each, and 50 ms become 1,200 (docs/safety.md).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_THREADS_MAX = 8  # as many pictures are looked at beside each other; a worker has fewer threads
_START_S = 30.0
Result = TypeVar("Result")


class OneCore:
    """Runs functions in threads of its own, in which torch uses one core; elsewhere it uses as many as before."""

    def __init__(self) -> None:
        count = min(_THREADS_MAX, os.cpu_count() or 1)
        everywhere = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="content-filter")
        together = threading.Barrier(count)  # so that each thread takes one of the tasks
        started = [self._pool.submit(_use_one_core, together) for _ in range(count)]
        for task in started:
            task.result()
        torch.set_num_threads(everywhere)  # what threads that begin later use

    def run(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns, raise what it raises."""
        return self._pool.submit(function).result()


def _use_one_core(together: threading.Barrier) -> None:
    torch.get_num_threads()  # a thread's first question sets the number it has; from then on it keeps its own
    torch.set_num_threads(1)
    together.wait(_START_S)
