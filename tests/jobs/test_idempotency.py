"""`Idempotency-Key`: the same request again gets the first answer again, and costs once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from rest_framework.test import APIClient

from billing import invariants
from jobs import idempotency, sweeper
from jobs.models import IdempotencyRecord, Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/image/remove-object"


def _send(api: APIClient, key: str = "first", **fields: Any) -> Any:
    sent = {"image": upload(photo()), "mask": upload(mask()), **fields}
    return api.post(URL, sent, headers={"Idempotency-Key": key})


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


def test_the_same_request_gets_the_same_answer_and_costs_once(alice_api: APIClient, cast: Cast) -> None:
    first, again = _send(alice_api), _send(alice_api)

    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert (Job.objects.count(), cast.credits()) == (1, (495, 5))


def test_another_request_under_the_same_key_is_refused(alice_api: APIClient) -> None:
    _send(alice_api)

    for changed in ({"quality": "80"}, {"mask": upload(mask(box=(5, 5, 9, 9)))}, {"metadata": '{"a":1}'}):
        answer = _send(alice_api, **changed)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_file_names_and_boundaries_do_not_make_another_request(alice_api: APIClient) -> None:
    _send(alice_api)

    assert _send(alice_api, image=upload(photo(), name="other.png")).status_code == 202
    assert Job.objects.count() == 1


def test_without_a_key_every_request_is_a_job(alice_api: APIClient) -> None:
    for _ in range(2):
        alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert Job.objects.count() == 2


def test_the_same_key_of_another_account_is_another_key(alice_api: APIClient, bob_api: APIClient) -> None:
    assert _send(alice_api).json()["id"] != _send(bob_api).json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb"])
def test_a_key_that_is_no_key_is_refused(alice_api: APIClient, key: str) -> None:
    answer = _send(alice_api, key)

    assert (answer.status_code, answer.json()["code"], Job.objects.count()) == (400, "idempotency_key_invalid", 0)


def test_a_refusal_is_not_remembered(alice_api: APIClient, cast: Cast) -> None:
    cast.set_credits(0)
    assert _send(alice_api).status_code == 402
    cast.set_credits(10)

    assert _send(alice_api).status_code == 202


def test_a_copy_of_a_request_under_way_is_told_to_wait(alice_api: APIClient, cast: Cast) -> None:
    under_way = idempotency.IdempotentRequest(user=cast.alice, key="first", fingerprint="x")

    with under_way.in_progress():
        answer = _send(alice_api)

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "idempotency_in_progress", "1")
    assert _send(alice_api).status_code == 202


def test_a_copy_that_slips_through_gets_the_answer_of_the_one_that_won(
    alice_api: APIClient, cast: Cast, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _send(alice_api)
    stored = sorted(images.rglob("*"))
    earlier = idempotency.IdempotentRequest.earlier
    looks: list[int] = []

    def blind_at_first(request: idempotency.IdempotentRequest) -> IdempotencyRecord | None:
        looks.append(1)
        return None if len(looks) == 1 else earlier(request)

    monkeypatch.setattr(idempotency.IdempotentRequest, "earlier", blind_at_first)
    again = _send(alice_api)

    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (202, first.json(), "true")
    assert (Job.objects.count(), cast.credits(), sorted(p for p in images.rglob("*") if p.is_file())) == (
        1, (495, 5), [p for p in stored if p.is_file()],
    )  # fmt: skip


def test_without_a_cache_the_database_still_decides(alice_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "add", away)

    assert _send(alice_api).json() == _send(alice_api).json()


def test_after_a_day_the_key_is_new_again(alice_api: APIClient) -> None:
    _send(alice_api)
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))

    assert _send(alice_api, quality="80").status_code == 202
    assert Job.objects.count() == 2


def test_the_sweeper_forgets_keys_after_a_day(alice_api: APIClient) -> None:
    _send(alice_api, "old")
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24, seconds=1))
    _send(alice_api, "new")

    sweeper.sweep()

    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["new"]


def test_the_editor_repeats_safely_too(alice_browser: Any, cast: Cast) -> None:
    for _ in range(2):
        alice_browser.post(
            "/editor/jobs/",
            {"image": upload(photo()), "mask": upload(mask())},
            headers={"Idempotency-Key": "from-the-editor"},
        )

    assert (Job.objects.count(), cast.credits()) == (1, (495, 5))
