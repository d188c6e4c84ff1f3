"""Many pictures at once: each ends for itself, done or failed, and the whole is told in the order it was given."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pixelsite_client import options as known
from pixelsite_client.errors import AuthenticationFailed, InsufficientCredits, PermissionDenied, PixelsiteError
from pixelsite_client.options import RemoveItem
from pixelsite_client.pictures import Picture
from pixelsite_client.progress import Progress
from pixelsite_client.results import ResultFacts

Pair = Picture | tuple[Picture, Picture | None] | RemoveItem
_Result = TypeVar("_Result", bound=ResultFacts)

# What belongs to one picture: a file that is missing, an argument that is wrong, a refusal, a job that failed.
_OF_ONE = (PixelsiteError, OSError, TypeError, ValueError)
# What the next picture would be told as well.
_OF_ALL = (InsufficientCredits, AuthenticationFailed, PermissionDenied)


@dataclass(frozen=True)
class BatchItem(Generic[_Result]):
    """One picture of a batch: a `result`, or the `error` that there is instead. Both, if only `on_done` failed."""

    index: int
    source: Pair = field(repr=False)
    result: _Result | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.error is None


@dataclass(frozen=True)
class Batch(Generic[_Result]):
    """What became of a batch, in the order it was given."""

    items: tuple[BatchItem[_Result], ...]
    batch_ids: tuple[str, ...] = ()
    """Of the batches at the site that the pictures went in: for `batch_status`, `retry_batch` and `save_results`."""

    def __iter__(self) -> Iterator[BatchItem[_Result]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> BatchItem[_Result]:
        return self.items[index]

    @property
    def done(self) -> tuple[BatchItem[_Result], ...]:
        return tuple(item for item in self.items if item.is_done)

    @property
    def failed(self) -> tuple[BatchItem[_Result], ...]:
        """Those with an error: `client.batch([item.source for item in batch.failed], …)` tries them again."""
        return tuple(item for item in self.items if not item.is_done)

    @property
    def credits_used(self) -> float:
        return sum(item.result.credits_used for item in self.items if item.result is not None)


class Source:
    """The pictures of a batch, taken one at a time by whoever is free, and the arguments that hold for all."""

    def __init__(
        self,
        pairs: Iterable[Pair],
        options: Mapping[str, Any],
        *,
        allowed: frozenset[str] = known.REMOVE,
        goes_together: bool = False,
    ) -> None:
        """Raises `TypeError` for arguments that no picture could be sent with."""
        self._goes_together = goes_together
        self.options = known.given(options, known=allowed)
        if "idempotency_key" in self.options:
            raise TypeError("idempotency_key names one submission: give one in the dictionary of each picture.")
        self.total = len(pairs) if isinstance(pairs, Sized) else None
        self.accepted: set[int] = set()
        """Pictures that were sent with others, and are paid for."""
        self._pairs = enumerate(pairs)
        self._ahead: deque[tuple[int, Pair]] = deque()
        self._unsent: deque[tuple[int, Pair]] = deque()
        self._lock = threading.Lock()

    def take(self) -> tuple[int, Pair] | None:
        """The next picture and its number; None when there are no more."""
        with self._lock:
            if not self._ahead:
                self._read()
            return self._ahead.popleft() if self._ahead else None

    def unsent(self, count: int) -> list[tuple[int, Pair]]:
        """Up to so many pictures that were not sent yet, whether somebody has taken them or not."""
        with self._lock:
            while len(self._unsent) < count and self._read():
                pass
            return list(self._unsent)[:count]

    def mark_sent(self, count: int) -> None:
        """The first of those need not be told again."""
        with self._lock:
            for _ in range(count):
                self._unsent.popleft()

    def _read(self) -> bool:
        found = next(self._pairs, None)
        if found is not None:
            self._ahead.append(found)
            if self._goes_together:
                self._unsent.append(found)
        return found is not None

    def call(self, pair: Pair) -> tuple[Picture, dict[str, Any]]:
        """The picture to send and its arguments. Raises `TypeError`."""
        if isinstance(pair, Mapping):
            own = dict(pair)
            if "image" not in own:
                raise TypeError("a dictionary of a batch needs an 'image'.")
            return cast(Picture, own.pop("image")), {**self.options, **own}
        if isinstance(pair, tuple):
            image, mask = pair
            return image, {**self.options, "mask": mask}
        return pair, self.options


class _Ledger(Generic[_Result]):
    """Who has ended how, and whether anyone should begin."""

    def __init__(self, total: int | None, *, progress: bool) -> None:
        self.items: dict[int, BatchItem[_Result]] = {}
        self.stopped_by: Exception | None = None
        self._progress = Progress(total=total, is_shown=progress)
        self._lock = threading.Lock()

    def unsent(self, index: int, pair: Pair, source: Source) -> BatchItem[_Result] | None:
        """The item, where nothing needs to be tried any more."""
        if self.stopped_by is None or index in source.accepted:
            return None
        return BatchItem(index, pair, error=self.stopped_by)

    def note(self, item: BatchItem[_Result]) -> None:
        with self._lock:
            self.items[item.index] = item
            if isinstance(item.error, _OF_ALL) and self.stopped_by is None:
                self.stopped_by = item.error
            self._progress.advance(failed=not item.is_done)

    def close(self) -> Batch[_Result]:
        self._progress.close()
        return Batch(tuple(self.items[index] for index in sorted(self.items)))


def run(
    source: Source,
    call: Callable[[int, Pair], _Result],
    *,
    concurrency: int,
    progress: bool,
    on_done: Callable[[BatchItem[_Result]], object] | None,
) -> Batch[_Result]:
    """Call for each picture, `concurrency` at a time."""
    ledger: _Ledger[_Result] = _Ledger(source.total, progress=progress)
    broken: list[BaseException] = []

    def one(index: int, pair: Pair) -> BatchItem[_Result]:
        result: _Result | None = None
        try:
            result = call(index, pair)
            item = BatchItem(index, pair, result)
            if on_done is not None:
                on_done(item)
        except _OF_ONE as error:
            return BatchItem(index, pair, result, error)
        return item

    def work() -> None:
        try:
            while not broken and (taken := source.take()) is not None:
                ledger.note(ledger.unsent(*taken, source) or one(*taken))
        except BaseException as error:  # noqa: BLE001  # raised again where the batch was called
            broken.append(error)

    try:
        _work_in_threads(work, concurrency=concurrency)
    except BaseException as interruption:
        broken.append(interruption)
        raise
    finally:
        batch = ledger.close()
    if broken:
        raise broken[0]
    return batch


async def run_async(
    source: Source,
    call: Callable[[int, Pair], Awaitable[_Result]],
    *,
    concurrency: int,
    progress: bool,
    on_done: Callable[[BatchItem[_Result]], Awaitable[object]] | None,
) -> Batch[_Result]:
    """Await for each picture, `concurrency` at a time."""
    ledger: _Ledger[_Result] = _Ledger(source.total, progress=progress)

    async def one(index: int, pair: Pair) -> BatchItem[_Result]:
        result: _Result | None = None
        try:
            result = await call(index, pair)
            item = BatchItem(index, pair, result)
            if on_done is not None:
                await on_done(item)
        except _OF_ONE as error:
            return BatchItem(index, pair, result, error)
        return item

    async def work() -> None:
        while (taken := source.take()) is not None:
            ledger.note(ledger.unsent(*taken, source) or await one(*taken))

    workers = [asyncio.ensure_future(work()) for _ in range(_checked(concurrency))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        batch = ledger.close()
    return batch


def _work_in_threads(work: Callable[[], None], *, concurrency: int) -> None:
    # Daemons: whoever interrupts a batch is not kept waiting for pictures that are on their way.
    workers = [threading.Thread(target=work, daemon=True) for _ in range(_checked(concurrency))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _checked(concurrency: int) -> int:
    if concurrency < 1:
        raise ValueError("concurrency is at least 1.")
    return concurrency
