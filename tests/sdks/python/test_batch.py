"""Many pictures at once, against a server that refuses some of them. What goes together is in test_bulk.py."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pixelsite_client import AsyncPixelsite, InsufficientCredits, InvalidRequest, Pixelsite
from pixelsite_client.progress import Progress

from tests.sdks.python.callers import Caller
from tests.sdks.python.conftest import KEY
from tests.sdks.python.faulty import Faulty, completed, refused

PICTURES = [b"one", b"two", b"three"]


def test_what_fails_is_told_and_stops_nobody(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed(), refused(422, "mask_empty"), completed()]

    batch = call_faulty("find_batch", PICTURES, prompt="the cat", progress=False, concurrency=1)

    assert [item.is_done for item in batch] == [True, False, True]
    assert isinstance(batch[1].error, InvalidRequest)
    assert (len(batch.done), batch.failed[0].source, batch.credits_used) == (2, b"two", 10.0)


def test_items_keep_the_order_they_were_given_in(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed()] * 12

    batch = call_faulty("find_batch", [bytes([65 + n]) for n in range(12)], prompt="x", progress=False, concurrency=5)

    assert [item.index for item in batch] == list(range(12))
    assert b"".join(item.source for item in batch) == b"ABCDEFGHIJKL"


def test_once_the_credits_are_gone_the_rest_is_not_sent(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed(), refused(402, "insufficient_credits")]

    batch = call_faulty("find_batch", PICTURES * 5, prompt="x", progress=False, concurrency=1)

    assert len(faulty.heard) == 2
    assert [type(item.error) for item in batch.failed] == [InsufficientCredits] * 14


def test_a_file_that_is_missing_is_one_failure(call_faulty: Caller, faulty: Faulty, tmp_path: Path) -> None:
    faulty.script = [completed()]

    batch = call_faulty("batch", [tmp_path / "none.jpg", b"one"], prompt="x", progress=False, concurrency=1)

    assert [type(item.error) for item in batch] == [FileNotFoundError, type(None)]


def test_pairs_and_dictionaries_bring_their_own_arguments(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed(), completed()]
    pairs: list[Any] = [(b"one", b"its mask"), {"image": b"two", "prompt": "the dog", "idempotency_key": "mine"}]

    call_faulty("batch", pairs, mode="quality", progress=False, concurrency=1)

    first, second = faulty.heard
    assert b"its mask" in first.body
    assert b"the dog" in second.body
    assert b"quality" in first.body
    assert b"quality" in second.body
    assert second.headers["idempotency-key"] == "mine"


def test_one_key_for_all_would_be_one_job_for_all(call_faulty: Caller, faulty: Faulty) -> None:
    with pytest.raises(TypeError, match="idempotency_key"):
        call_faulty("batch", PICTURES, prompt="x", idempotency_key="one", progress=False)

    assert faulty.heard == []


def test_a_misspelt_argument_stops_the_batch_before_it_begins(call_faulty: Caller, faulty: Faulty) -> None:
    with pytest.raises(TypeError, match="Did you mean"):
        call_faulty("batch", PICTURES, promt="x", progress=False)

    assert faulty.heard == []


def test_pictures_are_taken_as_they_are_needed(faulty: Faulty) -> None:
    faulty.script = [completed()] * 9
    heard_when_taken: list[int] = []

    def pictures() -> Any:
        for _ in range(9):
            heard_when_taken.append(len(faulty.heard))
            yield b"one"

    with Pixelsite(KEY, base_url=faulty.url) as client:
        client.find_batch(pictures(), prompt="x", progress=False, concurrency=1)

    assert heard_when_taken == list(range(9))


def test_what_could_not_be_saved_has_a_result_and_an_error(faulty: Faulty) -> None:
    faulty.script = [completed()] * 2

    def full(item: Any) -> None:
        raise OSError("the disk is full")

    async def full_too(item: Any) -> None:
        full(item)

    async def awaited() -> Any:
        async with AsyncPixelsite(KEY, base_url=faulty.url) as client:
            return await client.batch([b"one"], prompt="x", progress=False, on_done=full_too)

    with Pixelsite(KEY, base_url=faulty.url) as client:
        batches = [client.batch([b"one"], prompt="x", progress=False, on_done=full), asyncio.run(awaited())]

    assert [(str(batch[0].error), batch.credits_used) for batch in batches] == [("the disk is full", 5.0)] * 2


def test_a_mistake_in_on_done_is_not_swallowed(faulty: Faulty) -> None:
    faulty.script = [completed()] * 3

    def mistaken(item: Any) -> None:
        raise ZeroDivisionError

    with Pixelsite(KEY, base_url=faulty.url) as client, pytest.raises(ZeroDivisionError):
        client.find_batch(PICTURES, prompt="x", progress=False, on_done=mistaken)


def test_progress_goes_to_stderr(capfd: pytest.CaptureFixture[str], faulty: Faulty) -> None:
    faulty.script = [completed(), refused(422, "mask_empty"), completed()]

    with Pixelsite(KEY, base_url=faulty.url) as client:
        client.find_batch(PICTURES, prompt="x", concurrency=1)

    out, err = capfd.readouterr()
    assert (out, "3/3" in err, "1 failed" in err) == ("", True, True)


def test_without_tqdm_a_plain_line_counts(pytestconfig: pytest.Config) -> None:
    code = (
        "import sys; sys.modules['tqdm'] = None\n"
        "from pixelsite_client.progress import Progress\n"
        "bar = Progress(total=2, is_shown=True)\n"
        "bar.advance(failed=False); bar.advance(failed=True); bar.close()"
    )
    environment = os.environ | {"PYTHONPATH": str(pytestconfig.rootpath / "sdks/python/src")}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("", "2/2 pictures, 1 failed\n")


def test_progress_that_is_not_wanted_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    bar = Progress(total=1, is_shown=False)
    bar.advance(failed=True)
    bar.close()

    assert capfd.readouterr() == ("", "")
