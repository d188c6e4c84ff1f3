"""Concurrent callers share batches; memory that runs out halves them, then falls back to the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from inference.engines.base import Crop
from inference.engines.lama.batcher import Batcher
from inference.engines.lama.fused import Window
from inference.engines.lama.painter import Painter
from inference.errors import BadOutput, OutOfMemory


class _Mill:
    """Doubles numbers, and holds the first batch until it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_started, self.may_go_on = threading.Event(), threading.Event()

    def run(self, works: Sequence[int]) -> list[int]:
        self.batches.append(list(works))
        self.is_started.set()
        assert self.may_go_on.wait(10)
        if 13 in works:
            raise BadOutput("thirteen")
        return [2 * work for work in works]


def _batcher(mill: _Mill, *, most: int = 8) -> Batcher[int, int]:
    return Batcher[int, int](mill.run, kind_of=lambda work: work % 2, most_of=lambda work: most)


def _callers(batcher: Batcher[int, int], mill: _Mill, works: list[list[int]]) -> list[object]:
    """Let callers come while the first one's batch runs. Returns what each got."""
    got: list[object] = [None] * len(works)

    def call(index: int) -> None:
        try:
            got[index] = batcher.do(works[index])
        except BadOutput as error:
            got[index] = str(error)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(works))]
    threads[0].start()
    assert mill.is_started.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(batcher._waiting) < sum(map(len, works[1:])):
        pass
    mill.may_go_on.set()
    for thread in threads:
        thread.join(10)
    return got


def test_equal_work_that_waits_is_done_together() -> None:
    mill = _Mill()

    got = _callers(_batcher(mill), mill, [[2], [4], [6, 8]])

    assert mill.batches[0] == [2]
    assert [sorted(batch) for batch in mill.batches[1:]] == [[4, 6, 8]]
    assert got == [[4], [8], [12, 16]]


def test_work_of_another_kind_is_done_apart() -> None:
    mill = _Mill()

    got = _callers(_batcher(mill), mill, [[2], [4, 5], [6, 7]])

    assert sorted(sorted(batch) for batch in mill.batches[1:]) == [[4, 6], [5, 7]]
    assert got == [[4], [8, 10], [12, 14]]


def test_a_batch_is_never_larger_than_allowed() -> None:
    mill = _Mill()

    _callers(_batcher(mill, most=2), mill, [[2], [4, 6, 8], [10, 12]])

    assert [len(batch) for batch in mill.batches] == [1, 2, 2, 1]


def test_an_error_reaches_those_whose_work_it_was_and_nobody_else() -> None:
    mill = _Mill()

    got = _callers(_batcher(mill), mill, [[2], [13], [4]])

    assert got == [[4], "thirteen", [8]]


class _Network:
    """Paints everything grey, as long as it fits a device that holds so many pictures."""

    def __init__(self, *, holds: int, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.holds = holds
        self.batches: list[int] = []

    def __call__(self, image: torch.Tensor, mask: torch.Tensor, window: Window) -> torch.Tensor:
        self.batches.append(len(image))
        if len(image) > self.holds:
            raise torch.OutOfMemoryError("out of memory")
        rows, columns = window
        return torch.full((len(image), 3, rows.stop - rows.start, columns.stop - columns.start), 0.5)


def _crops(count: int) -> list[Crop]:
    mask = np.zeros((32, 32), bool)
    mask[8:16, 8:16] = True
    return [Crop(np.zeros((32, 32, 3), np.uint8), mask)] * count


def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    network = _Network(holds=2)

    painted = Painter(network).paint(_crops(5))

    assert len(painted) == 5
    assert all((image[8:16, 8:16] == 128).all() for image in painted)
    assert network.batches == [5, 2, 3, 1, 2]


def test_a_crop_that_does_not_fit_the_device_is_painted_by_the_spare_network() -> None:
    spare = _Network(holds=9)

    painted = Painter(_Network(holds=0), spare=lambda: spare).paint(_crops(2))

    assert len(painted) == 2
    assert spare.batches == [1, 1]


def test_a_crop_that_fits_nowhere_is_an_error_worth_another_try() -> None:
    with pytest.raises(OutOfMemory) as caught:
        Painter(_Network(holds=0)).paint(_crops(1))

    assert caught.value.retryable


def test_no_numbers_are_no_picture() -> None:
    class Broken(_Network):
        def __call__(self, image: torch.Tensor, mask: torch.Tensor, window: Window) -> torch.Tensor:
            return super().__call__(image, mask, window) * torch.nan

    with pytest.raises(BadOutput):
        Painter(Broken(holds=9)).paint(_crops(1))
