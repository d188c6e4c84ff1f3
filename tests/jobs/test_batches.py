"""Many pictures in one request: accepted together, each with an end of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from billing import invariants, ledger
from billing.models import EntryKind, LedgerEntry
from jobs import storage
from jobs.models import Batch, Job
from tests.cast import Cast, make_cast
from tests.jobs.batches import BAD, URL, codes, send, stored_files
from tests.jobs.conftest import mask, photo, upload


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


def test_every_pair_becomes_a_job_of_the_batch(cast: Cast, alice_api: APIClient) -> None:
    answer = send(alice_api, photo(), photo("JPEG"))

    told = answer.json()
    assert answer.status_code == 202
    assert (told["status"], told["total"], told["accepted"], told["refused"]) == ("queued", 2, 2, 0)
    assert (told["credits_used"], told["batch_id"], cast.credits()) == (10.0, told["id"], (490, 10))
    assert [line["filename"] for line in told["jobs"]] == ["photo-0.png", "photo-1.png"]
    assert [(str(job.pk), job.batch_index) for job in Job.objects.order_by("batch_index")] == [
        (line["generation_id"], line["index"]) for line in told["jobs"]
    ]


def test_workers_are_rung_for_after_the_commit(
    alice_api: APIClient, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        told = send(alice_api, photo(), photo()).json()
        assert rung == []

    assert rung == [line["id"] for line in told["jobs"]]


def test_a_broker_that_is_away_is_tried_once_and_the_sweep_rings_later(
    alice_api: APIClient, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    tried: list[Any] = []

    def away(**about: Any) -> bool:
        tried.append(about)
        return False

    monkeypatch.setattr("jobs.dispatch.ring", away)

    with django_capture_on_commit_callbacks(execute=True):
        send(alice_api, photo(), photo(), photo())

    assert len(tried) == 1


def test_a_bad_pair_is_refused_in_its_place_and_the_others_go_on(cast: Cast, alice_api: APIClient) -> None:
    answer = send(alice_api, photo(), BAD, photo(size=(20, 20)), photo())

    told = answer.json()
    assert (answer.status_code, told["accepted"], told["refused"]) == (202, 2, 2)
    assert codes(told) == [None, "invalid_image", "mask_size_mismatch", None]
    assert [line["id"] is None for line in told["jobs"]] == [False, True, True, False]
    assert told["jobs"][1]["error_message"] == told["jobs"][1]["error"]["message"]
    assert (told["counts"]["failed"], told["progress"], cast.credits()) == (2, 50, (490, 10))


def test_one_mask_serves_all_pictures_of_its_size(alice_api: APIClient) -> None:
    told = send(alice_api, photo(), photo(size=(20, 20)), photo(), masks=1).json()

    assert codes(told) == [None, "mask_size_mismatch", None]
    assert len({job.mask_name for job in Job.objects.all()}) == 2


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("bbox", "4,4,10,10", "boxes"),
        ("rectangles", '[{"x":1,"y":1,"width":5,"height":5}]', "boxes"),
        ("points", "[[5,5]]", "clicks"),
        ("box", "[2,2,20,20]", "object_box"),
        ("segmentation", "[[1,1,20,1,20,20]]", "segmentation"),
        ("prompt", "the cat", "prompt"),
    ],
)
def test_one_target_may_hold_for_every_picture(alice_api: APIClient, field: str, value: str, column: str) -> None:
    target: dict[str, Any] = {field: value} | ({"labels": "[1]"} if field == "points" else {})

    answer = send(alice_api, photo(), photo(), masks=0, **target)

    assert answer.status_code == 202
    assert all(getattr(job, column) for job in Job.objects.all())


def test_what_is_asked_of_the_result_holds_for_every_picture(alice_api: APIClient) -> None:
    asked: dict[str, Any] = {
        "grow": "3",
        "feather": "2",
        "output_format": "webp",
        "quality": "80",
        "metadata_policy": "strip",
    }

    send(alice_api, photo(), photo(), metadata='{"order": 7}', webhook_url="https://example.com/hook", **asked)

    found = [
        {"grow": job.grow, "feather": str(job.feather), "output_format": job.output_format,
         "quality": str(job.quality), "metadata_policy": job.metadata_policy}
        for job in Job.objects.all()
    ]  # fmt: skip
    assert found == [asked, asked]
    assert [(job.metadata, job.webhook_url) for job in Job.objects.all()] == [
        ({"order": 7}, "https://example.com/hook")
    ] * 2


@pytest.mark.parametrize(
    ("form", "status", "code", "param"),
    [
        ({"masks": [mask()]}, 400, "image_required", "images"),
        ({"images": [photo()] * 3, "masks": [mask()] * 2}, 400, "batch_counts_differ", "masks"),
        ({"images": [photo()]}, 422, "target_required", "mask"),
        ({"images": [photo()], "masks": [mask()], "promt": "x"}, 422, "unknown_parameter", "promt"),
        ({"images": [photo()], "masks": [mask()], "image_url": "x"}, 422, "unknown_parameter", "image_url"),
        ({"images": [photo()], "masks": [mask()], "quality": "0"}, 422, "invalid_parameter", "quality"),
        ({"images": [photo()], "masks": [mask()], "webhook_url": "http://x.example"}, 422, "https_required", None),
        ({"images": ["text"], "masks": [mask()]}, 422, "invalid_parameter", "images"),
        ({"images": [photo()] * 51, "masks": [mask()]}, 422, "invalid_parameter", "images"),
        ({"images": [photo()] * 51, "masks": [mask()] * 51}, 400, "too_many_files", None),
        ({"images": [photo()], "prompt": ["a", "b"]}, 400, "duplicate_field", "prompt"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_meant_is_refused_as_a_whole(
    alice_api: APIClient, images: Path, form: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    sent = {
        name: [upload(each) if isinstance(each, bytes) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in form.items()
    }

    answer = alice_api.post(URL, sent)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert param is None or told["param"] == param
    assert (Batch.objects.count(), stored_files(images)) == (0, [])


def test_json_is_refused_with_its_type(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"images": []}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_pictures_that_are_all_bad_store_nothing_and_say_why_of_each(
    cast: Cast, alice_api: APIClient, images: Path
) -> None:
    answer = send(alice_api, BAD, photo(size=(20, 20)))

    told = answer.json()
    assert (answer.status_code, told["code"], codes(told)) == (
        422, "batch_refused", ["invalid_image", "mask_size_mismatch"],
    )  # fmt: skip
    assert (Batch.objects.count(), stored_files(images), cast.credits()) == (0, [], (500, 0))


def test_where_the_credits_run_out_the_rest_is_refused(cast: Cast, alice_api: APIClient, images: Path) -> None:
    cast.set_credits(12)

    answer = send(alice_api, *[photo()] * 4)

    told = answer.json()
    assert (answer.status_code, codes(told)) == (202, [None, None, *["insufficient_credits"] * 2])
    assert told["jobs"][2]["error"]["message"].startswith("Insufficient credits. Required: 5, available: 2.")
    assert (cast.credits(), len(stored_files(images))) == ((2, 10), 4)


def test_where_not_one_can_be_paid_it_is_402_with_both_numbers(cast: Cast, alice_api: APIClient, images: Path) -> None:
    cast.set_credits(4)

    answer = send(alice_api, BAD, photo(), photo())

    told = answer.json()
    assert (answer.status_code, told["code"], told["required"], told["available"]) == (
        402,
        "insufficient_credits",
        5,
        4,
    )
    assert codes(told) == ["invalid_image", "insufficient_credits", "insufficient_credits"]
    assert (Batch.objects.count(), stored_files(images)) == (0, [])


def test_a_single_402_has_both_numbers_too(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(4)

    told = alice_api.post("/v1/image/remove-object", {"image": upload(photo()), "mask": upload(mask())}).json()

    assert (told["code"], told["required"], told["available"]) == ("insufficient_credits", 5, 4)


def test_the_plan_limits_unfinished_jobs(cast: Cast, alice_api: APIClient) -> None:
    plan = cast.wallet.plan
    plan.active_jobs_max = 2
    plan.save()

    first, second = send(alice_api, *[photo()] * 3), send(alice_api, photo())

    assert codes(first.json()) == [None, None, "too_many_active_jobs"]
    assert (second.status_code, second.json()["code"], "Retry-After" in second) == (429, "too_many_active_jobs", True)


def test_a_keys_cap_stops_the_rest(cast: Cast, alice_api: APIClient) -> None:
    cast.alice.api_keys.update(daily_cap_credits=9)

    told = send(alice_api, photo(), photo()).json()

    assert codes(told) == [None, "key_cap_reached"]


def test_the_queue_of_the_site_is_counted_with_the_batch(alice_api: APIClient, settings: Any) -> None:
    settings.QUEUE_JOBS_MAX = 1

    told, after = send(alice_api, photo(), photo()).json(), send(alice_api, photo())

    assert codes(told) == [None, "queue_full"]
    assert (after.status_code, after.json()["code"]) == (503, "queue_full")


def test_a_failure_after_storing_leaves_no_file_and_no_hold(
    cast: Cast, alice_api: APIClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **facts: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("jobs.batches.batch_json", broken)

    assert send(alice_api, photo(), photo()).status_code == 500
    assert (stored_files(images), cast.credits(), Job.objects.count(), Batch.objects.count()) == ([], (500, 0), 0, 0)


def test_a_storage_that_breaks_in_the_middle_refuses_all(
    cast: Cast, alice_api: APIClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = storage.write
    calls: list[str] = []

    def full(name: str, data: bytes) -> None:
        calls.append(name)
        if len(calls) == 4:
            raise OSError("the disk is full")
        real(name, data)

    monkeypatch.setattr("jobs.storage.write", full)

    answer = send(alice_api, photo(), photo())

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert (stored_files(images), cast.credits(), Batch.objects.count()) == ([], (500, 0), 0)


def test_what_gives_out_between_looking_and_holding_leaves_no_file(
    cast: Cast, alice_api: APIClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request has spent the credits meanwhile: what was stored for nothing goes."""
    monkeypatch.setattr("jobs.acceptance.refuse_before_storing", lambda *_, **__: None)
    cast.set_credits(7)

    told = send(alice_api, photo(), photo()).json()

    assert (codes(told), len(stored_files(images)), cast.credits()) == ([None, "insufficient_credits"], 2, (2, 5))


class _Mixes(TestCase):
    """Whatever is good or bad, and however much there is to spend."""

    @given(st.lists(st.sampled_from(["good", "bad", "other size"]), min_size=1, max_size=6), st.integers(0, 32))
    @settings(max_examples=40, deadline=None)
    def test_what_is_held_is_the_price_of_what_was_accepted(self, kinds: list[str], balance: int) -> None:
        cast = make_cast()
        cast.set_credits(balance)
        made = {"good": photo(), "bad": BAD, "other size": photo(size=(20, 20))}

        answer = send(cast.api(cast.alice_key), *[made[kind] for kind in kinds])

        told = answer.json()
        good = kinds.count("good")
        accepted = min(good, balance // 5)
        held = LedgerEntry.objects.filter(kind=EntryKind.HOLD).count()
        assert cast.credits() == (balance - 5 * accepted, 5 * accepted)
        assert (held, Job.objects.count()) == (accepted, accepted)
        assert answer.status_code == (202 if accepted else 402 if good else 422)
        assert sum(line["id"] is not None for line in told["jobs"]) == accepted
        assert [line["id"] is not None for line in told["jobs"]] == _fitting(kinds, accepted)
        assert ledger.available_credits(cast.wallet) == balance - 5 * accepted
        assert invariants.violations() == []


def _fitting(kinds: list[str], accepted: int) -> list[bool]:
    """Which pictures become jobs: the first good ones, in their order."""
    before = 0
    found = []
    for kind in kinds:
        found.append(kind == "good" and before < accepted)
        before += kind == "good"
    return found
