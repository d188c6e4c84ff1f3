"""`POST /v1/image/remove-object`: what is accepted, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/image/remove-object"


def test_a_photo_and_a_mask_are_accepted_and_paid_for(
    cast: Cast, alice_api: APIClient, rung: list[str], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert answer.status_code == 202
    body = answer.json()
    assert body == {
        "id": body["generation_id"],
        "generation_id": str(Job.objects.get().pk),
        "status": "queued",
        "operation": "remove-object",
        "credits_used": 5.0,
        "warnings": [],
    }
    assert (cast.credits(), rung) == ((495, 5), [body["id"]])


@pytest.mark.parametrize(
    "target",
    [
        {"bbox": "4,4,10,10"},
        {"bbox": "[4, 4, 10, 10]"},
        {"bbox": '{"x": 4, "y": 4, "w": 10, "h": 10}'},
        {"rectangles": '[{"x": 4, "y": 4, "width": 10, "height": 10}, {"x": 30, "y": 4, "width": 9, "height": 9}]'},
    ],
    ids=["text", "list", "object", "rectangles"],
)
def test_boxes_are_accepted_in_every_spelling(alice_api: APIClient, target: dict[str, str]) -> None:
    answer = alice_api.post(URL, {"image": upload(photo()), **target})

    assert answer.status_code == 202
    assert Job.objects.get().boxes[0] == {"x": 4, "y": 4, "width": 10, "height": 10}


def test_mask_and_box_may_be_combined(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask()), "bbox": "1,1,5,5"})

    assert answer.status_code == 202


def test_how_the_hole_is_bordered_and_what_travels_along_is_remembered(alice_api: APIClient) -> None:
    options = {
        "grow": "12px",
        "feather": "4",
        "metadata_policy": "strip_gps",
        "mode": "quality",
        "output_format": "jpeg",
        "quality": "80",
    }

    answer = alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask()), **options})

    assert answer.status_code == 202
    job = Job.objects.get()
    assert (job.grow, job.feather, job.metadata_policy, job.mode, job.output_format, job.quality) == (
        "12", 4, "strip_gps", "quality", "jpeg", 80,
    )  # fmt: skip


def test_the_documentation_shows_every_parameter_with_its_bounds(client: Client) -> None:
    document = json.loads(client.get("/v1/openapi.json").content)
    described = document["components"]["schemas"]["RemoveObjectRequest"]["properties"]

    assert described["grow"]["type"] == "string"
    assert (described["feather"]["minimum"], described["feather"]["maximum"]) == (0, 500)
    assert (described["quality"]["minimum"], described["quality"]["maximum"]) == (1, 100)
    assert all(described[name]["description"] for name in ("grow", "feather", "metadata_policy", "mode", "quality"))


def test_nothing_is_grown_unless_asked_for(alice_api: APIClient) -> None:
    alice_api.post(URL, {"image": upload(photo()), "bbox": "4,4,10,10"})

    job = Job.objects.get()
    assert (job.grow, job.feather, job.metadata_policy) == ("0", None, "keep")


def test_json_with_addresses_is_accepted(alice_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fetch itself is tested against a real server in tests/pixelsite/test_fetch.py.
    files = {"https://example.com/a.png": photo(), "https://example.com/m.png": mask()}
    monkeypatch.setattr("pixelsite.lib.fetch.fetch_bytes", lambda url, **_: files[url])

    answer = alice_api.post(
        URL,
        json.dumps({"image_url": "https://example.com/a.png", "mask_url": "https://example.com/m.png"}),
        content_type="application/json",
    )

    assert answer.status_code == 202


def test_the_status_of_acceptance_can_be_pixelapis(alice_api: APIClient, settings) -> None:
    settings.SUBMIT_STATUS = 200

    assert alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())}).status_code == 200


def test_an_anonymous_caller_is_refused(db: None) -> None:
    answer = APIClient().post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (401, "api_key_missing", "Bearer")


def test_too_few_credits_refuse_and_store_nothing(cast: Cast, alice_api: APIClient, images: Path) -> None:
    cast.set_credits(4)

    answer = alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert answer.status_code == 402
    assert answer.json()["detail"].startswith("Insufficient credits. Required: 5, available: 4. Upgrade at http")
    assert (Job.objects.count(), cast.credits(), images.exists()) == (0, (4, 0), False)


def test_the_last_credits_buy_exactly_what_they_pay_for(cast: Cast, alice_api: APIClient) -> None:
    cast.set_credits(12)

    codes = [alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())}).status_code for _ in range(3)]

    assert (codes, cast.credits()) == ([202, 202, 402], (2, 10))


def test_unfinished_jobs_are_limited_by_the_plan(cast: Cast, alice_api: APIClient) -> None:
    plan = cast.wallet.plan
    plan.active_jobs_max = 1
    plan.save()

    codes = [alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())}).status_code for _ in range(2)]

    assert (codes, cast.credits()) == ([202, 429], (495, 5))


def test_a_failure_after_storing_leaves_no_file_and_no_hold(
    cast: Cast, alice_api: APIClient, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **facts: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("jobs.acceptance.create_row", broken)

    assert alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask())}).status_code == 500

    assert [path for path in images.rglob("*") if path.is_file()] == []
    assert cast.credits() == (500, 0)


@pytest.mark.parametrize(("box", "is_warned"), [((0, 0, 63, 40), True), ((0, 0, 63, 23), False)])
def test_a_mask_over_more_than_half_of_the_picture_is_accepted_with_a_warning(
    alice_api: APIClient, box: tuple[int, int, int, int], is_warned: bool
) -> None:
    answer = alice_api.post(URL, {"image": upload(photo()), "mask": upload(mask(box=box))})

    assert answer.status_code == 202
    assert [sentence[:14] for sentence in answer.json()["warnings"]] == (["The mask cover"] if is_warned else [])
