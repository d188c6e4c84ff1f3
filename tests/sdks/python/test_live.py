"""The client against a real site and worker: what a program would do, sync and async."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pixelsite_client import (
    AsyncPixelsite,
    AuthenticationFailed,
    Conflict,
    Gone,
    InsufficientCredits,
    InvalidRequest,
    JobFailed,
    NotFound,
    Pixelsite,
    WaitTimeout,
)
from pixelsite_client.pixelapi import PixelAPI

from tests.faults.customers import small_picture
from tests.sdks.python.callers import Caller
from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

SMALL = small_picture()
BOX = (12, 12, 5, 5)


def _pixels(content: bytes, mode: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)).convert(mode))


def test_a_masked_object_is_removed_and_the_result_saved(client: Pixelsite, sample: Path) -> None:
    before = client.balance().credits_remaining

    result = client.remove_object("photo.jpg", mask="mask.png", output_format="png", metadata={"order": 17})
    path = result.save(sample / "clean.png")

    photo, clean = (_pixels(name.read_bytes(), "RGB") for name in (Path("photo.jpg"), path))
    hole = _pixels(Path("mask.png").read_bytes(), "L") >= 128
    assert np.array_equal(photo[~hole], clean[~hole])
    assert not np.array_equal(photo[hole], clean[hole])
    assert (result.credits_used, result.metadata) == (5.0, {"order": 17})
    assert client.balance().credits_remaining == before - 5
    assert result.receipt is not None
    assert result.receipt["output_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sorted(file.name for file in sample.iterdir()) == ["clean.png", "mask.png", "photo.jpg"]


def test_every_way_to_point_is_understood(call: Caller, sample: Path) -> None:
    result = call(
        "remove_object",
        SMALL,
        bbox=BOX,
        boxes=[(2, 2, 4, 4), {"x": 20, "y": 20, "width": 3, "height": 3}],
        segmentation=[[22, 2, 28, 2, 28, 8]],
        grow="10%",
        feather=1,
        mode="quality",
        quality=90,
        output_format="webp",
        metadata_policy="strip",
    )

    assert result.job.status == "completed"
    assert httpx.get(result.url).headers["content-type"] == "image/webp"


def test_points_find_the_object_and_its_mask_removes_it(client: Pixelsite, sample: Path) -> None:
    with Path("photo.jpg").open("rb") as photo:
        found = client.segment(photo, points=[(566, 474)])
    mask = found.bytes()

    result = client.remove_object("photo.jpg", mask=mask)

    ball = _pixels(Path("mask.png").read_bytes(), "L") >= 128
    selected = _pixels(mask, "L") >= 128
    assert found.credits_used == 0
    assert found.selection is not None
    assert (ball & selected).sum() > 0.95 * selected.sum() > 0  # the mask takes the ball's shadow along
    assert result.job.status == "completed"


def test_a_job_may_be_submitted_now_and_waited_for_later(call: Caller) -> None:
    job = call("submit", SMALL, bbox=BOX)

    result = call("wait", job.id)

    assert (job.status, result.id, call("job", job.id).status) == ("queued", job.id, "completed")


def test_not_waiting_returns_the_job(call: Caller) -> None:
    job = call("remove_object", SMALL, bbox=BOX, wait=False)

    assert call("wait", job).credits_used == 5.0


def test_a_repeated_call_is_one_job(call: Caller) -> None:
    name = f"order-{time.monotonic_ns()}"

    first, second = (call("remove_object", SMALL, bbox=BOX, idempotency_key=name) for _ in range(2))

    assert first.id == second.id


def test_an_estimate_costs_nothing(call: Caller) -> None:
    before = call("balance")

    estimate = call("estimate", SMALL, bbox=BOX)

    assert (estimate.credits, estimate.would_be_accepted, estimate.refusal) == (5.0, True, None)
    assert call("balance") == before


def test_usage_goes_through_all_pages(client: Pixelsite, live_site: LiveSite, key: str) -> None:
    for _ in range(3):
        client.submit(SMALL, bbox=BOX)
    since = datetime.now(UTC) - timedelta(days=1)

    async def listed() -> list[str]:
        async with AsyncPixelsite(key, base_url=live_site.url) as awaited:
            return [line.id async for line in awaited.usage(page_size=2, operation="remove-object", since=since)]

    ids = [line.id for line in client.usage(page_size=2, operation="remove-object", since=since)]

    assert len(ids) == len(set(ids)) >= 3
    assert ids == asyncio.run(listed())
    assert not list(client.usage(until=since))


def test_the_catalogue_names_the_engine(call: Caller) -> None:
    (removal,) = [model for model in call("models") if model.operation == "remove-object"]

    assert (removal.credits, removal.available, bool(removal.engine)) == (5.0, True, True)


def test_a_parameter_at_fault_is_named(call: Caller) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        call("remove_object", SMALL, bbox=BOX, quality=900)

    assert (refusal.value.status, refusal.value.param) == (422, "quality")
    assert "quality" in refusal.value.errors
    assert len(str(refusal.value.request_id)) == 32


def test_a_job_that_finds_nothing_is_an_error_with_its_reason(call: Caller) -> None:
    with pytest.raises(JobFailed) as failure:
        call("remove_object", SMALL, prompt="the unicorn")

    assert (failure.value.code, failure.value.job.credits_used) == ("nothing_found", 0.0)
    assert failure.value.request_id
    assert failure.value.idempotency_key


def test_a_stranger_s_job_is_not_found(call: Caller) -> None:
    with pytest.raises(NotFound):
        call("job", "7d3f0a3e-0000-4000-8000-000000000001")


def test_a_wrong_key_is_told_as_such(live_site: LiveSite) -> None:
    with Pixelsite("pk_live_wrong", base_url=live_site.url) as client, pytest.raises(AuthenticationFailed) as refusal:
        client.balance()

    assert refusal.value.code == "api_key_invalid"


def test_too_few_credits_say_how_many_and_stop_a_batch(live_site: LiveSite, poor_key: str) -> None:
    with Pixelsite(poor_key, base_url=live_site.url) as client:
        batch = client.batch([SMALL] * 4, bbox=BOX, concurrency=1, progress=False)

    error = batch[1].error
    assert [item.is_done for item in batch] == [True, False, False, False]
    assert isinstance(error, InsufficientCredits)
    assert (error.required, error.available) == (5, 2)


def test_a_batch_saves_as_it_goes(client: Pixelsite, tmp_path: Path) -> None:
    pictures = {f"{number}.png": SMALL for number in range(6)}
    names = list(pictures)

    batch = client.batch(
        pictures.values(),
        bbox=BOX,
        progress=False,
        on_done=lambda item: item.result and item.result.save(tmp_path / names[item.index]),
    )

    assert (len(batch.done), batch.credits_used) == (6, 30.0)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == sorted(names)


def test_a_batch_goes_together_and_is_fetched_as_one_file(call: Caller, tmp_path: Path) -> None:
    quote = call("quote_batch", [SMALL, b"no picture", SMALL], bbox=BOX)
    batch = call("batch", [SMALL, b"no picture", SMALL], bbox=BOX, progress=False)
    (batch_id,) = batch.batch_ids

    call("save_results", batch_id, tmp_path / "results.zip")

    archive = zipfile.ZipFile(tmp_path / "results.zip")
    assert (quote.credits, quote.refused, quote.lines[1].refusal.code) == (10.0, 1, "invalid_image")
    assert [item.is_done for item in batch] == [True, False, True]
    assert (archive.testzip(), archive.namelist()) == (None, ["00-picture.png", "02-picture.png", "manifest.json"])
    assert archive.read("00-picture.png") == httpx.get(batch[0].result.url).content
    assert call("batch_status", batch_id).counts["completed"] == 2
    with pytest.raises(Conflict):
        call("retry_batch", batch_id)


def test_one_mask_serves_for_all_pictures_of_its_size(call: Caller, sample: Path) -> None:
    batch = call("batch", ["photo.jpg", "photo.jpg", SMALL], mask="mask.png", progress=False)

    assert [item.is_done for item in batch] == [True, True, False]
    assert getattr(batch[2].error, "code", None) == "mask_size_mismatch"


def test_who_does_not_wait_long_is_told_where_the_job_stands(client: Pixelsite, sample: Path) -> None:
    job = client.submit("photo.jpg", mask="mask.png")

    with pytest.raises(WaitTimeout) as timeout:
        client.wait(job, wait_timeout=0)

    assert client.wait(timeout.value.job).id == job.id


def test_canceling_a_completed_job_keeps_its_result(call: Caller) -> None:
    result = call("remove_object", SMALL, bbox=BOX)

    job = call("cancel", result.id)

    assert (job.status, len(call("download", job)) > 0) == ("completed", True)


def test_a_queued_job_is_canceled_and_costs_nothing(client: Pixelsite, sample: Path) -> None:
    before = client.balance().credits_remaining
    jobs = [client.submit("photo.jpg", mask="mask.png") for _ in range(8)]  # the worker has two threads

    try:
        canceled = [client.cancel(job) for job in jobs[:3:-1]]
    finally:
        ended = []
        for job in jobs:
            while not (found := client.job(job.id)).is_ended:
                time.sleep(0.2)
            ended.append(found)

    paid = sum(job.credits_used for job in ended)
    assert "canceled" in {job.status for job in canceled}
    assert before - client.balance().credits_remaining == paid < 40


def test_deleted_images_are_gone(client: Pixelsite) -> None:
    result = client.remove_object(SMALL, bbox=BOX)

    client.delete(result.id)

    with pytest.raises(Gone):
        result.bytes()


def test_an_existing_file_is_kept_if_asked(client: Pixelsite, tmp_path: Path) -> None:
    result = client.remove_object(SMALL, bbox=BOX)
    (tmp_path / "mine.png").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        result.save(tmp_path / "mine.png", overwrite=False)
    kept = (tmp_path / "mine.png").read_bytes()
    result.save(tmp_path / "mine.png")
    result.save(tmp_path / "other.png", overwrite=False)

    assert kept == b"mine"
    assert (tmp_path / "mine.png").read_bytes() == (tmp_path / "other.png").read_bytes() != b"mine"


def test_a_result_is_saved_by_programs_that_await(live_site: LiveSite, key: str, tmp_path: Path) -> None:
    async def removed() -> Path:
        async with AsyncPixelsite(key, base_url=live_site.url) as client:
            results = await asyncio.gather(*(client.remove_object(SMALL, bbox=BOX) for _ in range(2)))
            return await results[0].save(tmp_path / "clean.png")

    assert _pixels(asyncio.run(removed()).read_bytes(), "RGB").shape == _pixels(SMALL, "RGB").shape


def test_programs_for_pixelapi_run(live_site: LiveSite, key: str, sample: Path) -> None:
    client = PixelAPI(api_key=key, base_url=live_site.url)

    with client:
        result = client.remove_object(image="photo.jpg", mask="mask.png")
        result.save("result.jpg")
        balance, latest = client.balance(), client.usage(limit=1)

    assert Path("result.jpg").read_bytes().startswith(b"\xff\xd8")
    assert httpx.get(str(result.url)).content == Path("result.jpg").read_bytes()
    assert (result.status, result.generation_id) == ("completed", latest[0]["generation_id"])
    assert {"credits_remaining", "plan", "email"} <= set(balance)
