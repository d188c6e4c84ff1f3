"""Hostile pictures and names among good ones: each fails alone, and names lead nowhere."""

from __future__ import annotations

import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync

from jobs.models import Job
from tests.hostile import pictures
from tests.hostile.cases import SUBMIT, Stage
from tests.hostile.test_names import NAMES
from tests.jobs.batches import finish, job_at
from tests.jobs.conftest import photo, upload

BATCH = f"{SUBMIT}/batch"


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        pictures.png_header_only(60_000, 60_000),
        pictures.png_with_text_bomb(),
        pictures.png_of_a_million_chunks(),
    ],
    ids=["empty", "claims 3.6 gigapixels", "text bomb", "a million chunks"],
)
def test_a_hostile_picture_fails_alone(stage: Stage, hostile: bytes) -> None:
    answer = stage.api.post(BATCH, {"images": [upload(photo()), upload(hostile), upload(photo())], "bbox": "2,2,9,9"})

    told = answer.json()
    assert (answer.status_code, [line["id"] is not None for line in told["jobs"]]) == (202, [True, False, True])
    assert told["jobs"][1]["error"]["code"] != "internal_error"
    assert stage.cast.credits() == (490, 10)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_no_path_in_storage_nor_in_the_zip(stage: Stage, name: str) -> None:
    told = stage.api.post(BATCH, {"images": [upload(photo(), name), upload(photo(), name)], "bbox": "2,2,9,9"}).json()
    for index in range(2):
        finish(job_at(index))

    answer: Any = stage.api.get(f"/v1/batches/{told['id']}/results.zip")
    archive = ZipFile(io.BytesIO(async_to_sync(_body)(answer)))

    assert all(str(job.pk) in job.input_name for job in Job.objects.all())
    assert len(set(archive.namelist())) == 3
    assert not any(set(member) & set("/\\\0\r\n\u202e") or len(member) > 100 for member in archive.namelist())
    assert "X-Evil" not in answer.headers
    assert json.loads(archive.read("manifest.json"))["jobs"][0]["output"] == archive.namelist()[0]


async def _body(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


@pytest.mark.parametrize("batch_id", ["x", "1", "../../etc", "00000000-0000-0000-0000-000000000000", "%00"])
@pytest.mark.parametrize("path", ["", "/retry", "/results.zip"])
def test_an_id_that_nobody_has_is_not_found(stage: Stage, batch_id: str, path: str) -> None:
    ask = stage.api.post if path == "/retry" else stage.api.get

    assert ask(f"/v1/batches/{batch_id}{path}").status_code == 404
