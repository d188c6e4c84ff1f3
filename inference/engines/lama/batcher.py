"""Unites equal work of concurrent callers into batches, one batch at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Entry(Generic[Work, Result]):
    """One piece of work and, once it is done, what became of it."""

    work: Work
    kind: Hashable
    is_done: bool = False
    result: Result | None = None
    error: BaseException | None = None


class Batcher(Generic[Work, Result]):
    """Runs work in the order it came, each piece together with others of its kind that wait at that moment.

    There is no thread and no delay: whichever caller finds the runner free runs the next batch, others' work among it.
    While a batch runs, the next one gathers.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Work]], Sequence[Result]],
        *,
        kind_of: Callable[[Work], Hashable],
        most_of: Callable[[Work], int],
    ) -> None:
        """`run` does a batch of one kind; `most_of` says how many pieces like this one may run together."""
        self._run, self._kind_of, self._most_of = run, kind_of, most_of
        self._waiting: deque[_Entry[Work, Result]] = deque()
        self._queue = threading.Lock()
        self._runner = threading.Lock()

    def do(self, works: Sequence[Work]) -> list[Result]:
        """Return the results in order. Raises what running one's own work raised."""
        mine = [_Entry[Work, Result](work, self._kind_of(work)) for work in works]
        with self._queue:
            self._waiting.extend(mine)
        while not all(entry.is_done for entry in mine):
            with self._runner:
                self._finish(self._next_batch())
        return [_outcome(entry) for entry in mine]

    def _next_batch(self) -> list[_Entry[Work, Result]]:
        with self._queue:
            if not self._waiting:
                return []
            first = self._waiting[0]
            most = max(1, self._most_of(first.work))
            batch = [entry for entry in self._waiting if entry.kind == first.kind][:most]
            for entry in batch:
                self._waiting.remove(entry)
            return batch

    def _finish(self, batch: list[_Entry[Work, Result]]) -> None:
        if not batch:
            return
        try:
            for entry, result in zip(batch, self._run([entry.work for entry in batch]), strict=True):
                entry.result = result
        except Exception as error:  # noqa: BLE001 - it belongs to the callers whose work this was
            for entry in batch:
                entry.error = error
        finally:
            for entry in batch:
                entry.is_done = True


def _outcome(entry: _Entry[Work, Result]) -> Result:
    if entry.error is not None:
        raise entry.error
    assert entry.result is not None  # noqa: S101 - done without an error
    return entry.result
