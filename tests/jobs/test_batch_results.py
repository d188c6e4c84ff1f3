"""The results of a batch as one ZIP that is made while it is sent."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest
from asgiref.sync import async_to_sync
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from jobs import archives, results, retention, storage
from jobs.models import Batch, Job
from tests.jobs.batches import BAD, URL, fail, finish, job_at, send
from tests.jobs.conftest import mask, photo, upload


async def _body(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def zipped(api: APIClient, batch_id: str) -> ZipFile:
    answer: Any = api.get(f"/v1/batches/{batch_id}/results.zip")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    return ZipFile(io.BytesIO(async_to_sync(_body)(answer)))


def manifest(archive: ZipFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return found


@pytest.fixture
def half(alice_api: APIClient) -> str:
    """The id of a batch of which one is done, one failed, one waits and one was refused."""
    batch_id: str = send(alice_api, photo(), photo(), photo(), BAD).json()["id"]
    finish(job_at(0))
    fail(job_at(1))
    return batch_id


def test_it_holds_what_is_there_and_says_what_is_not(alice_api: APIClient, half: str) -> None:
    archive = zipped(alice_api, half)

    told = manifest(archive)
    assert (archive.testzip(), archive.namelist()) == (None, ["00-photo-0.png", "manifest.json"])
    assert (told["batch_id"], told["status"], told["total"], told["completed"]) == (half, "processing", 4, 1)
    assert told["is_complete"] is False
    assert [(line["status"], line["output"]) for line in told["jobs"]] == [
        ("completed", "00-photo-0.png"), ("failed", None), ("queued", None), ("failed", None),
    ]  # fmt: skip
    assert [line["error"] and line["error"]["code"] for line in told["jobs"]] == [
        None, "engine_failed", None, "invalid_image",
    ]  # fmt: skip


def test_pictures_are_stored_as_they_are(alice_api: APIClient, half: str) -> None:
    archive = zipped(alice_api, half)

    assert archive.getinfo("00-photo-0.png").compress_type == ZIP_STORED
    assert archive.read("00-photo-0.png") == storage.read(job_at(0).output_name)


def test_the_checksum_is_that_of_the_receipt(alice_api: APIClient, half: str) -> None:
    digest = hashlib.sha256(photo()).hexdigest()
    Job.objects.filter(pk=job_at(0).pk).update(receipt={"output_sha256": digest})

    archive = zipped(alice_api, half)

    assert manifest(archive)["jobs"][0]["sha256"] == digest
    assert hashlib.sha256(archive.read("00-photo-0.png")).hexdigest() == digest


def test_a_batch_that_is_done_is_told_as_complete(alice_api: APIClient) -> None:
    batch_id = send(alice_api, photo()).json()["id"]
    finish(job_at(0))

    assert manifest(zipped(alice_api, batch_id))["is_complete"] is True


def test_pictures_of_the_same_name_stay_apart(alice_api: APIClient) -> None:
    same = [upload(photo(), name="a.png") for _ in range(3)]
    masks = [upload(mask()) for _ in range(3)]
    batch_id = alice_api.post(URL, {"images": same, "masks": masks}).json()["id"]
    for index in range(3):
        finish(job_at(index))

    assert zipped(alice_api, batch_id).namelist() == ["00-a.png", "01-a.png", "02-a.png", "manifest.json"]


def test_before_anything_is_completed_it_is_a_conflict(alice_api: APIClient) -> None:
    batch_id = send(alice_api, photo()).json()["id"]

    answer = alice_api.get(f"/v1/batches/{batch_id}/results.zip")

    assert (answer.status_code, answer.json()["code"]) == (409, "no_results_yet")


def test_once_all_results_are_deleted_they_are_gone(alice_api: APIClient, half: str) -> None:
    retention.delete_images(job_at(0))

    answer = alice_api.get(f"/v1/batches/{half}/results.zip")

    assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_a_result_that_vanishes_meanwhile_is_told_as_missing(alice_api: APIClient, half: str) -> None:
    storage.delete([job_at(0).output_name])

    told = manifest(zipped(alice_api, half))

    assert (told["jobs"][0]["status"], told["jobs"][0]["output"], told["is_complete"]) == ("completed", None, False)


def test_it_is_not_gathered_in_memory(alice_api: APIClient, images: Path) -> None:
    batch_id = send(alice_api, *[photo()] * 20).json()["id"]
    for index in range(20):
        finish(job_at(index))
        job = job_at(index)
        (images / job.output_name).write_bytes(bytes(1_000_000))
    pieces = archives.zipped(results.members_of(Batch.objects.get(pk=batch_id)))

    tracemalloc.start()
    size = sum(len(piece) for piece in pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 20_000_000
    assert peak < 5_000_000


@given(st.integers(0, 49), st.text())
def test_no_name_leads_anywhere(index: int, filename: str) -> None:
    name = results.member_name(index, filename, "png")

    assert name.startswith(f"{index:02d}-")
    assert name.endswith(".png")
    assert not set(name) & set("/\\:\0\n\r\t\x1b\u202e")
    assert ".." not in name.removesuffix(".png") or not name.startswith(".")
    assert all(letter.isprintable() for letter in name)
    assert len(name) <= 90


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("photo.jpg", "07-photo.png"),
        ("../../etc/passwd", "07-passwd.png"),
        ("C:\\con.jpg", "07-con.png"),
        (".bashrc", "07-bashrc.png"),
        ("my holiday (1).jpeg", "07-my holiday (1).png"),
        ("Füße 照片.jpg", "07-Füße 照片.png"),
        ("a\u202egnp.exe", "07-a_gnp.png"),
        ("", "07-picture.png"),
    ],
)
def test_names_show_what_it_is(filename: str, name: str) -> None:
    assert results.member_name(7, filename, "png") == name
