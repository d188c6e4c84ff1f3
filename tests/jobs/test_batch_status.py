"""How a batch stands, whose it is, and what becomes of its jobs one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import services
from billing import invariants
from jobs import lifecycle, retention
from jobs.models import Batch, Job
from tests.cast import Cast
from tests.jobs.batches import BAD, URL, codes, fail, files, finish, job_at, send, stored_files
from tests.jobs.conftest import mask, photo, upload


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


@pytest.mark.parametrize("pictures", [1, 12])
def test_asking_how_a_batch_stands_takes_two_looks_at_its_tables(alice_api: APIClient, pictures: int) -> None:
    batch_id = send(alice_api, *[photo()] * pictures).json()["id"]

    with CaptureQueriesContext(connection) as asked:
        alice_api.get(f"/v1/batches/{batch_id}")

    assert sum('"jobs_' in query["sql"] for query in asked.captured_queries) == 2


def test_a_batch_tells_how_far_it_has_come(cast: Cast, alice_api: APIClient) -> None:
    batch_id = send(alice_api, photo(), photo(), BAD).json()["id"]
    finish(job_at(0))
    half = alice_api.get(f"/v1/batches/{batch_id}").json()
    fail(job_at(1))

    told = alice_api.get(f"/v1/batches/{batch_id}").json()

    assert (half["status"], half["progress"], half["ended_at"]) == ("processing", 66, None)
    assert (told["status"], told["progress"], told["credits_used"]) == ("completed", 100, 5.0)
    assert told["ended_at"] is not None
    assert told["counts"] == {
        "queued": 0, "processing": 0, "completed": 1, "failed": 2, "blocked": 0, "canceled": 0
    }  # fmt: skip
    assert told["jobs"][0]["output_url"].startswith("http://testserver/v1/files/")
    assert codes(told) == [None, "engine_failed", "invalid_image"]
    assert told["results_url"] == f"http://testserver/v1/batches/{batch_id}/results.zip"


@pytest.mark.parametrize(
    ("ends", "status"),
    [((fail, fail), "failed"), ((finish, fail), "completed"), ((finish, None), "processing"), ((None, None), "queued")],
)
def test_the_status_of_the_whole(
    alice_api: APIClient, ends: tuple[Callable[[Job], None] | None, ...], status: str
) -> None:
    batch_id = send(alice_api, photo(), photo()).json()["id"]
    for index, end in enumerate(ends):
        if end is not None:
            end(job_at(index))

    assert alice_api.get(f"/v1/batches/{batch_id}").json()["status"] == status


def test_a_batch_that_was_withdrawn_is_canceled(alice_api: APIClient) -> None:
    batch_id = send(alice_api, photo()).json()["id"]
    lifecycle.cancel_job(job=job_at(0))

    assert alice_api.get(f"/v1/batches/{batch_id}").json()["status"] == "canceled"


def test_a_job_says_which_batch_it_is_of(alice_api: APIClient) -> None:
    told = send(alice_api, photo(), photo()).json()

    job = alice_api.get(f"/v1/image/{told['jobs'][1]['id']}").json()

    assert (job["batch_id"], job["batch_index"]) == (told["id"], 1)


def test_warnings_stay_with_the_batch(alice_api: APIClient) -> None:
    large = upload(mask(box=(0, 0, 63, 40)))
    told = alice_api.post(URL, {"images": files(photo()), "masks": [large]}).json()

    line = alice_api.get(f"/v1/batches/{told['id']}").json()["jobs"][0]

    assert line["warnings"] == told["jobs"][0]["warnings"]
    assert line["warnings"][0].startswith("The mask covers")


@pytest.mark.parametrize("path", ["", "/retry", "/results.zip"])
def test_a_strangers_batch_does_not_exist(alice_api: APIClient, bob_api: APIClient, path: str) -> None:
    batch_id = send(alice_api, photo()).json()["id"]
    ask = bob_api.post if path == "/retry" else bob_api.get

    assert ask(f"/v1/batches/{batch_id}{path}").status_code == 404


def test_closing_the_account_forgets_the_names(cast: Cast, alice_api: APIClient) -> None:
    send(alice_api, photo())

    services.close_account(cast.alice)

    assert Batch.objects.get().lines[0]["filename"] == ""


def test_only_queued_cancels_a_queued_job_and_keeps_its_images(
    cast: Cast, alice_api: APIClient, job: Job, images: Path
) -> None:
    before = stored_files(images)

    answer = alice_api.delete(f"/v1/image/{job.pk}?only=queued")

    assert (answer.status_code, answer.json()["status"], cast.credits()) == (200, "canceled", (500, 0))
    assert stored_files(images) == before


def test_only_queued_never_touches_a_result(alice_api: APIClient, completed: Job, images: Path) -> None:
    before = stored_files(images)

    answer = alice_api.delete(f"/v1/image/{completed.pk}?only=queued")

    assert (answer.status_code, answer.json()["code"], stored_files(images)) == (409, "not_cancelable", before)


def test_only_something_else_is_refused(alice_api: APIClient, completed: Job) -> None:
    answer = alice_api.delete(f"/v1/image/{completed.pk}?only=everything")

    completed.refresh_from_db()
    assert (answer.status_code, answer.json()["param"], completed.output_name != "") == (422, "only", True)


def test_images_of_a_batch_go_as_those_of_any_job(alice_api: APIClient, images: Path) -> None:
    send(alice_api, photo())
    finish(job_at(0))
    retention.delete_images(job_at(0))

    assert stored_files(images) == []
