"""What reads hostile bytes runs in a child: it may die, hang or grow, and only its own call is lost."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs import guard
from tests.jobs import guarded


@pytest.fixture(scope="module")
def guards() -> Iterator[guard.Guards]:
    made = guard.Guards(
        guard.Limits(memory_bytes=256 << 20, seconds=20),
        children_max=1,
        wait_s=20,
        imports=("tests.jobs.guarded",),
        answers=(guarded.Known, guarded.Refusal),
    )
    yield made
    made.close()


def _hasty(*, seconds: float = 0.3, wait_s: float = 10) -> guard.Guards:
    return guard.Guards(
        guard.Limits(memory_bytes=256 << 20, seconds=seconds),
        children_max=1,
        wait_s=wait_s,
        imports=("tests.jobs.guarded",),
    )


def _open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_call_returns_what_the_function_returns(guards: guard.Guards) -> None:
    answer = guards.call(guarded.double, np.arange(12, dtype=np.uint16).reshape(3, 4))

    assert (answer.text, answer.array is not None) == ("doubled", True)
    assert np.array_equal(answer.array, np.arange(0, 24, 2).reshape(3, 4))  # type: ignore[arg-type]


def test_a_call_raises_what_the_function_raises(guards: guard.Guards) -> None:
    with pytest.raises(guarded.Refusal, match="cut short"):
        guards.call(guarded.refuse, "cut short")


def test_a_function_runs_in_another_process_that_stays(guards: guard.Guards) -> None:
    first, second = guards.call(guarded.pid), guards.call(guarded.pid)

    assert first == second != os.getpid()


@pytest.mark.parametrize(
    "broken",
    [guarded.abort, guarded.stumble, guarded.answer_unknown],
    ids=["dies", "has a bug", "answers with a class nobody expects"],
)
def test_a_call_that_breaks_leaves_the_next_one_alone(guards: guard.Guards, broken: Callable[[], Any]) -> None:
    with pytest.raises(guard.Crashed):
        guards.call(broken)

    assert guards.call(guarded.mean, [np.ones(3)]) == [1.0]


def test_a_child_cannot_have_its_parent_run_code(guards: guard.Guards, tmp_path: Path) -> None:
    with pytest.raises(guard.Crashed, match="mkdir"):
        guards.call(guarded.answer_with_code, str(tmp_path / "broken"))

    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize("hang", [guarded.spin, guarded.sleep_long], ids=["spins", "sleeps"])
def test_a_call_that_takes_too_long_is_ended(hang: Callable[[], Any]) -> None:
    guards = _hasty()

    with pytest.raises(guard.TookTooLong):
        guards.call(hang)

    guards.close()


def test_the_kernel_ends_a_child_whose_parent_has_gone_away_while_it_spins(guards: guard.Guards) -> None:
    # Its own limit of processor time is set for every call, so that nobody has to wait for it.
    limit = guards.call(guarded.cpu_limit_s)

    assert 0 < limit < 60


def test_a_call_that_needs_too_much_memory_is_refused(guards: guard.Guards) -> None:
    with pytest.raises(guard.OutOfMemory):
        guards.call(guarded.take, 1 << 30)

    assert guards.call(guarded.take, 1 << 20) == 1 << 20


def test_nobody_waits_for_ever_for_a_free_child() -> None:
    guards = _hasty(seconds=1.0, wait_s=0.1)
    ended = []

    def keep_busy() -> None:
        with pytest.raises(guard.TookTooLong):
            guards.call(guarded.sleep_long)
        ended.append(True)

    guards.call(guarded.pid)
    busy = threading.Thread(target=keep_busy)
    busy.start()
    time.sleep(0.3)  # it has the only child now, for 0.7 s more
    with pytest.raises(guard.AllBusy):
        guards.call(guarded.pid)

    busy.join()
    assert ended
    guards.close()


def test_a_child_knows_none_of_our_secrets(guards: guard.Guards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXELSITE_SECRET_KEY", "secret")
    fresh = _hasty(seconds=20)

    known = fresh.call(guarded.environment)

    fresh.close()
    assert set(known) <= {
        "PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS", "LC_CTYPE",
    }  # fmt: skip


def test_shared_arrays_are_not_copied_on_their_way(guards: guard.Guards) -> None:
    shared = guard.shared_copy(np.zeros((64, 64), np.uint8))
    shared[:] = 7

    assert guards.call(guarded.mean, [shared]) == [7.0]
    assert guards.call(guarded.same_memory, shared, shared)


def test_an_array_that_came_back_is_read_only_and_may_be_sent_again(guards: guard.Guards) -> None:
    array = guards.call(guarded.double, np.ones(8, np.float32)).array

    assert array is not None
    assert not array.flags.writeable
    assert guards.call(guarded.mean, [array]) == [2.0]


def test_part_of_a_shared_array_is_sent_as_that_part(guards: guard.Guards) -> None:
    shared = guard.shared_copy(np.arange(10, dtype=np.float64))

    assert guards.call(guarded.mean, [shared[:4], shared[::2]]) == [1.5, 4.0]


def test_memory_and_descriptors_are_given_back(guards: guard.Guards) -> None:
    guards.call(guarded.pid)  # the child's own socket
    before = _open_files()

    for _ in range(5):
        guards.call(guarded.double, guard.shared_copy(np.ones(1000)))

    assert _open_files() == before
