"""`dry_run=true`: what a submission would cost and whether it would be accepted, without a trace of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.api_keys import KeyTerms
from billing.models import LedgerEntry
from jobs.models import IdempotencyRecord, Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/image/remove-object"
SEGMENT = "/v1/image/segment"


def ask(client: APIClient, url: str = URL, *, dry_run: str = "true", **fields: Any) -> Any:
    sent = {"image": upload(photo()), "mask": upload(mask()), "dry_run": dry_run} | fields
    return client.post(url, {name: value for name, value in sent.items() if value is not None})


def test_it_tells_what_a_submission_costs(alice_api: APIClient) -> None:
    answer = ask(alice_api)

    assert answer.status_code == 200
    assert answer.json() == {
        "dry_run": True,
        "operation": "remove-object",
        "credits": 5.0,
        "credits_remaining": 500.0,
        "would_be_accepted": True,
        "refusal": None,
        "warnings": [],
    }


def test_it_leaves_no_trace(cast: Cast, images: Path, rung: list[str], django_capture_on_commit_callbacks) -> None:
    entries = LedgerEntry.objects.count()
    client = cast.api(cast.alice_key)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            URL,
            {"image": upload(photo()), "mask": upload(mask()), "dry_run": "true"},
            headers={"Idempotency-Key": "dry-1", "Prefer": "wait=5"},
        )

    assert not Job.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert (cast.credits(), LedgerEntry.objects.count(), rung) == ((500, 0), entries, [])
    assert [path for path in images.rglob("*") if path.is_file()] == []


def test_a_key_of_idempotency_is_free_for_the_submission_itself(alice_api: APIClient) -> None:
    headers = {"Idempotency-Key": "once"}
    fields = {"bbox": "4,4,9,9"}
    alice_api.post(URL, {"image": upload(photo()), **fields, "dry_run": "true"}, headers=headers)

    answer = alice_api.post(URL, {"image": upload(photo()), **fields}, headers=headers)

    assert answer.status_code == 202
    assert "Idempotent-Replayed" not in answer


def test_false_is_a_submission(alice_api: APIClient) -> None:
    assert ask(alice_api, dry_run="false").status_code == 202


@pytest.mark.parametrize("word", ["yes", "1", "", "tru", "null"])
def test_what_is_neither_true_nor_false_is_refused(alice_api: APIClient, word: str) -> None:
    answer = ask(alice_api, dry_run=word)

    assert (answer.status_code, answer.json()["param"]) == (422, "dry_run")
    assert not Job.objects.exists()


@pytest.mark.parametrize("value", [1, 0, None, [], {}, "on"])
def test_json_says_true_or_false_as_json_does(alice_api: APIClient, value: Any) -> None:
    body = json.dumps({"image_url": "https://example.com/x.png", "bbox": "1,1,2,2", "dry_run": value})

    answer = alice_api.post(URL, body, content_type="application/json")

    assert (answer.status_code, answer.json()["param"]) == (422, "dry_run")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"image": None}, 400, "image_required"),
        ({"mask": None}, 422, "target_required"),
        ({"mask": upload(mask(size=(10, 10)))}, 422, "mask_size_mismatch"),
        ({"bbox": "1000,1000,5,5"}, 422, None),
        ({"webhook_url": "ftp://example.com"}, 422, None),
        ({"no_such_thing": "1"}, 422, "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_refused_as_a_submission_would_be(
    alice_api: APIClient, fields: dict[str, Any], status: int, code: str | None
) -> None:
    dry = ask(alice_api, **fields)
    for file in ("image", "mask"):
        if fields.get(file) is not None:
            fields[file].seek(0)
    real = ask(alice_api, **{"dry_run": None, **fields})

    assert (dry.status_code, dry.json()["code"]) == (real.status_code, real.json()["code"])
    assert dry.status_code in (400, 422)
    if code is not None:
        assert dry.json()["code"] == code


def test_a_file_that_is_no_picture_is_refused(alice_api: APIClient) -> None:
    assert ask(alice_api, image=upload(b"not a picture")).status_code == 400


def test_a_purse_too_small_is_told(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(3)

    body = ask(alice_api).json()

    assert (body["would_be_accepted"], body["refusal"]["code"]) == (False, "insufficient_credits")
    assert (body["credits"], body["credits_remaining"]) == (5.0, 3.0)
    assert "Required: 5" in body["refusal"]["detail"]


def test_a_cap_of_the_key_is_told(cast: Cast) -> None:
    _, key = api_keys.mint_key(user=cast.alice, name="Capped", terms=KeyTerms(monthly_cap_credits=4))

    assert ask(cast.api(key)).json()["refusal"]["code"] == "key_cap_reached"


def test_a_full_house_is_told(alice_api: APIClient, settings: Any) -> None:
    settings.QUEUE_JOBS_MAX = 0

    assert ask(alice_api).json()["refusal"]["code"] == "queue_full"


def test_too_many_unfinished_jobs_are_told(cast: Cast, alice_api: APIClient) -> None:
    plan = cast.wallet.plan
    plan.active_jobs_max = 1
    plan.save()
    ask(alice_api, dry_run="false")

    assert ask(alice_api).json()["refusal"]["code"] == "too_many_active_jobs"


def test_what_would_be_refused_is_refused_and_for_the_same_reason(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(4)

    told = ask(alice_api).json()["refusal"]
    refused = ask(alice_api, dry_run="false").json()

    assert (told["code"], told["detail"]) == (refused["code"], refused["detail"])


def test_warnings_are_told(alice_api: APIClient) -> None:
    body = ask(alice_api, mask=upload(mask(box=(0, 0, 60, 46)))).json()

    assert "invert it" in body["warnings"][0]


def test_finding_costs_nothing_and_can_be_asked_about_too(alice_api: APIClient) -> None:
    body = ask(alice_api, SEGMENT).json()

    assert (body["operation"], body["credits"], body["would_be_accepted"]) == ("segment", 0.0, True)
    assert not Job.objects.exists()
