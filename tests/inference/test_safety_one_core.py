"""A classifier uses one core, and leaves the others' numbers as they were."""

from __future__ import annotations

import threading

import pytest
import torch

from inference.safety.one_core import OneCore


def test_one_core_is_used_inside_and_as_many_as_before_elsewhere() -> None:
    before = torch.get_num_threads()
    cores = OneCore()
    later: list[int] = []

    inside = cores.run(torch.get_num_threads)

    beside = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    beside.start()
    beside.join()
    assert (inside, torch.get_num_threads(), later) == (1, before, [before])


def test_what_is_raised_inside_arrives() -> None:
    def fail() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        OneCore().run(fail)
