"""What failed of a batch is tried again from what is stored: in its place, for its price, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing import invariants
from jobs import batch_retries, lifecycle, retention, storage
from jobs.models import Batch, Job, Status
from tests.cast import Cast
from tests.jobs.batches import BAD, fail, finish, job_at, send, stored_files
from tests.jobs.conftest import block, photo


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


@pytest.fixture
def retry(alice_api: APIClient) -> Callable[..., Any]:
    def retry(batch_id: str, key: str = "") -> Any:
        return alice_api.post(f"/v1/batches/{batch_id}/retry", headers={"Idempotency-Key": key} if key else {})

    return retry


@pytest.fixture
def mixed(alice_api: APIClient) -> str:
    """The id of a batch: completed, failed, blocked, canceled, refused."""
    batch_id: str = send(alice_api, photo(), photo("JPEG"), photo(), photo(), BAD, grow="3").json()["id"]
    finish(job_at(0))
    fail(job_at(1))
    block(job_at(2), safety={})
    lifecycle.cancel_job(job=job_at(3))
    return batch_id


def test_only_what_failed_is_tried_again(cast: Cast, mixed: str, retry: Any) -> None:
    before = {job.batch_index: job for job in Job.objects.all()}

    answer = retry(mixed)

    told = answer.json()
    assert (answer.status_code, told["retried"]) == (202, [1])
    assert [(line["index"], line["error"]["code"]) for line in told["not_retried"]] == [
        (2, "blocked"),
        (4, "not_stored"),
    ]
    assert [line["status"] for line in told["jobs"]] == ["completed", "queued", "blocked", "canceled", "failed"]
    assert told["jobs"][1]["id"] not in {str(before[1].pk), None}
    assert (Job.objects.count(), cast.credits()) == (5, (490, 5))


def test_the_new_job_asks_what_the_old_one_asked(mixed: str, retry: Any) -> None:
    old = job_at(1)

    retry(mixed)

    new = job_at(1)
    asked = ("input_format", "width", "height", "boxes", "output_format", "grow", "metadata_policy", "operation")
    assert [getattr(new, name) for name in asked] == [getattr(old, name) for name in asked]
    assert (new.attempt, new.status, new.input_name != old.input_name) == (0, Status.QUEUED, True)
    assert storage.read(new.input_name) == storage.read(old.input_name)
    assert storage.read(new.mask_name) == storage.read(old.mask_name)


def test_what_was_tried_again_stands_for_its_picture(alice_api: APIClient, mixed: str, retry: Any) -> None:
    retry(mixed)
    finish(job_at(1))

    told = alice_api.get(f"/v1/batches/{mixed}").json()

    assert (told["jobs"][1]["status"], told["counts"]["completed"], told["total"]) == ("completed", 2, 5)


def test_a_second_retry_finds_nothing(mixed: str, retry: Any) -> None:
    retry(mixed)

    answer = retry(mixed)

    assert (answer.status_code, answer.json()["code"], Job.objects.count()) == (409, "nothing_to_retry", 5)


def test_under_a_key_a_retry_is_made_once(mixed: str, retry: Any) -> None:
    first, again = retry(mixed, "one"), retry(mixed, "one")

    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (202, first.json(), "true")
    assert Job.objects.count() == 5


def test_two_retries_at_once_pay_once(
    cast: Cast, mixed: str, retry: Any, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first was done, and looks again behind the lock."""
    real = batch_retries._written

    def beaten(batch: Batch, *arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr("jobs.batch_retries._written", real)
        assert retry(mixed).status_code == 202
        return real(batch, *arguments, **options)

    before = len(stored_files(images))
    monkeypatch.setattr("jobs.batch_retries._written", beaten)
    answer = retry(mixed)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")
    assert (Job.objects.count(), cast.credits(), len(stored_files(images))) == (5, (490, 5), before + 2)


def test_images_that_were_deleted_cannot_be_tried_again(mixed: str, retry: Any) -> None:
    retention.delete_images(job_at(1))

    answer = retry(mixed)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retry")


def test_images_that_vanish_while_they_are_copied_are_gone(alice_api: APIClient, retry: Any, images: Path) -> None:
    batch_id = send(alice_api, photo(), photo()).json()["id"]
    for index in (0, 1):
        fail(job_at(index))
    storage.delete([job_at(0).mask_name])

    told = retry(batch_id).json()

    assert (told["retried"], [line["error"]["code"] for line in told["not_retried"]]) == ([1], ["gone"])
    assert len(stored_files(images)) == 1 + 2 + 2  # of the first its image; of the second both, twice


def test_credits_that_give_out_let_as_many_through_as_fit(cast: Cast, alice_api: APIClient, retry: Any) -> None:
    batch_id = send(alice_api, photo(), photo()).json()["id"]
    for index in (0, 1):
        fail(job_at(index))
    cast.set_credits(6)

    told = retry(batch_id).json()

    assert (told["retried"], told["not_retried"][0]["error"]["code"]) == ([0], "insufficient_credits")
    assert cast.credits() == (1, 5)


def test_without_credits_it_is_402(cast: Cast, mixed: str, retry: Any, images: Path) -> None:
    cast.set_credits(4)
    before = stored_files(images)

    answer = retry(mixed)

    assert (answer.status_code, answer.json()["required"], answer.json()["available"]) == (402, 5, 4)
    assert stored_files(images) == before


def test_a_failure_after_copying_leaves_no_file(
    cast: Cast, mixed: str, retry: Any, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **facts: object) -> None:
        raise RuntimeError("broken")

    before = stored_files(images)
    monkeypatch.setattr("jobs.batch_retries.batch_json", broken)

    assert retry(mixed).status_code == 500
    assert (sorted(stored_files(images)), cast.credits()) == (sorted(before), (495, 0))


def test_workers_are_rung_for(mixed: str, retry: Any, rung: list[str], django_capture_on_commit_callbacks: Any) -> None:
    rung.clear()
    with django_capture_on_commit_callbacks(execute=True):
        retry(mixed)

    assert rung == [str(job_at(1).pk)]
