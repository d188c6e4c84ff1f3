"""Where the work is, and how long each stage of it takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inference.memory import give_back

OnProgress = Callable[[str, int], None]
"""Takes the stage and the percent that are done; may raise to stop the work."""


class Clock:
    """Says where the work is, and adds up the seconds of each stage."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._percent = 0
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str, *, percent: int) -> Iterator[None]:
        self.note(name, percent)
        started = time.perf_counter()
        give_back()  # what the stage before has freed
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    def note(self, name: str, percent: int) -> None:
        # A second engine begins anew: the customer sees it fill again, but no bar that runs backwards.
        self._percent = max(self._percent, percent)
        self._on_progress(name, self._percent)
