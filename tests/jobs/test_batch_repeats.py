"""Batches under an `Idempotency-Key`, and batches that are only asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing import invariants
from jobs import idempotency
from jobs.models import Batch, IdempotencyRecord, Job
from tests.cast import Cast
from tests.jobs.batches import BAD, send, stored_files
from tests.jobs.conftest import mask, photo, upload


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


def test_the_same_request_gets_the_same_answer_and_costs_once(cast: Cast, alice_api: APIClient) -> None:
    first, again = send(alice_api, photo(), BAD, key="one"), send(alice_api, photo(), BAD, key="one")

    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert (Job.objects.count(), cast.credits()) == (1, (495, 5))


def test_another_order_of_the_pictures_is_another_request(alice_api: APIClient) -> None:
    send(alice_api, photo(), photo("JPEG"), key="one")

    answer = send(alice_api, photo("JPEG"), photo(), key="one")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_of_a_single_job_is_not_one_of_a_batch(alice_api: APIClient) -> None:
    single = {"image": upload(photo()), "mask": upload(mask())}
    alice_api.post("/v1/image/remove-object", single, headers={"Idempotency-Key": "one"})

    assert send(alice_api, photo(), key="one").json()["code"] == "idempotency_key_reused"


def test_a_copy_that_slips_through_gets_the_answer_of_the_one_that_won(
    alice_api: APIClient, cast: Cast, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(alice_api, photo(), key="one")
    stored = sorted(stored_files(images))
    earlier = idempotency.IdempotentRequest.earlier
    looks: list[int] = []

    def blind_at_first(request: Any) -> IdempotencyRecord | None:
        looks.append(1)
        return None if len(looks) == 1 else earlier(request)

    monkeypatch.setattr("jobs.idempotency.IdempotentRequest.earlier", blind_at_first)
    again = send(alice_api, photo(), key="one")

    assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")
    assert (Job.objects.count(), cast.credits(), sorted(stored_files(images))) == (1, (495, 5), stored)


def test_a_refusal_is_not_remembered(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(0)
    assert send(alice_api, photo(), key="one").status_code == 402
    cast.set_credits(5)

    assert send(alice_api, photo(), key="one").status_code == 202


def test_a_quote_tells_all_and_does_nothing(cast: Cast, alice_api: APIClient, images: Path) -> None:
    cast.set_credits(12)

    answer = send(alice_api, photo(), BAD, photo(), photo(), photo(size=(20, 20)), dry_run="true")

    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["total"], told["accepted"], told["refused"]) == (
        200, True, 5, 2, 3,
    )  # fmt: skip
    assert (told["credits"], told["credits_each"], told["credits_remaining"]) == (10.0, 5.0, 12.0)
    assert [line["refusal"] and line["refusal"]["code"] for line in told["jobs"]] == [
        None, "invalid_image", None, "insufficient_credits", "mask_size_mismatch",
    ]  # fmt: skip
    assert (Batch.objects.count(), stored_files(images), cast.credits()) == (0, [], (12, 0))


def test_a_quote_for_which_nothing_would_be_accepted_says_so(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(0)

    told = send(alice_api, photo(), dry_run="true").json()

    assert (told["would_be_accepted"], told["credits"], told["credits_remaining"]) == (False, 0.0, 0.0)
