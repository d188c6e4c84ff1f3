"""How PicWish's programs are told of a task, and what they are refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import api_keys, suspension
from accounts.api_keys import KeyTerms
from accounts.models import Scope
from jobs import lifecycle, retention
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import block, mask, photo, result_of, upload

URL = "/api/tasks/visual/inpaint"
BOXES = '[{"x":10,"y":10,"width":20,"height":20}]'


def sent(image: bytes | None = None, **fields: Any) -> dict[str, Any]:
    return {"image_file": upload(photo() if image is None else image)} | fields


def _fail(job: Job, code: str) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    lifecycle.fail_job(job_id=job.pk, attempt=claimed.attempt, code=code, message="It did not work.")


def _complete(job: Job) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))


def _claim(job: Job, stage: str) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    lifecycle.note_progress(job_id=job.pk, attempt=claimed.attempt, stage=stage, percent=40)


def _put_back(job: Job) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    lifecycle.release_job(job_id=job.pk, attempt=claimed.attempt, code="out_of_memory", message="Again.")


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        (lambda job: None, 0),
        (lambda job: _claim(job, "decoding"), 2),
        (_put_back, 3),
        (lambda job: _claim(job, "filling"), 4),
        (_complete, 1),
        (lambda job: _fail(job, "processing_error"), -1),
        (lambda job: _fail(job, "storage_unavailable"), -2),
        (lambda job: _fail(job, "invalid_image"), -7),
        (lambda job: lifecycle.time_out_job(job_id=job.pk), -8),
        (lambda job: block(job, safety={}), -10),
        (lambda job: lifecycle.cancel_job(job=job), -13),
    ],
    ids=["queued", "decoding", "put back", "filling", "done", "failed", "not stored", "unreadable", "late", "blocked", "canceled"],
)  # fmt: skip
def test_a_state_for_everything_that_can_happen(
    picwish: APIClient, job: Job, happens: Callable[[Job], Any], state: int
) -> None:
    happens(job)

    answer = picwish.get(f"{URL}/{job.pk}").json()

    assert (answer["status"], answer["data"]["state"]) == (200, state)


@pytest.mark.parametrize(
    ("image", "state"),
    [
        (b"", -7),
        (b"no picture", -7),
        (photo("PNG")[:200], -7),
        (b"GIF89a" + b"0" * 100, -7),
        (photo("PNG", size=(8, 8)), -7),
        (photo("PNG", size=(4097, 20)), -5),
    ],
    ids=["empty", "noise", "cut short", "gif", "tiny", "wide"],
)
def test_a_picture_that_is_none_is_a_task_that_failed(
    picwish: APIClient, image: bytes, state: int, nothing_happened: Callable[[], bool]
) -> None:
    created = picwish.post(URL, sent(image, rectangles=BOXES))
    at_once = picwish.post(URL, sent(image, rectangles=BOXES, sync="1"))

    task_id = created.json()["data"]["task_id"]
    assert (created.status_code, at_once.json()["data"]["state"]) == (200, state)
    assert picwish.get(f"{URL}/{task_id}").json()["data"]["state"] == state
    assert nothing_happened()


def test_a_failed_task_of_another_account_does_not_exist(cast: Cast, picwish: APIClient) -> None:
    task_id = picwish.post(URL, sent(b"", rectangles=BOXES)).json()["data"]["task_id"]

    assert cast.api(cast.bob_key).get(f"{URL}/{task_id}").status_code == 404


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_the_vendors_formats_are_taken(picwish: APIClient, kind: str) -> None:
    assert picwish.post(URL, sent(photo(kind), rectangles=BOXES)).json()["message"] == "success"


def test_a_tiff_packed_by_lzw_is_taken(picwish: APIClient) -> None:
    picwish.post(URL, sent(photo("TIFF", compression="tiff_lzw"), rectangles=BOXES))

    assert Job.objects.count() == 1


def test_a_mask_over_most_of_the_picture_is_taken(picwish: APIClient) -> None:
    """The vendor advises against it, and does not refuse it."""
    picwish.post(URL, sent(mask_file=upload(mask(box=(0, 0, 60, 47)))))

    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"mask_file": upload(mask(size=(32, 32)))}, 400),
        ({"mask_file": upload(mask(box=None))}, 400),
        ({"rectangles": '[{"x":60,"y":10,"width":20,"height":20}]'}, 400),
        ({"rectangles": "[{"}, 400),
        ({"rectangles": ""}, 400),
        ({"mask_url": "", "rectangles": BOXES}, 400),
        ({"rectangles": BOXES, "return_type": ""}, 400),
    ],
)
def test_a_wrong_parameter(
    picwish: APIClient, fields: dict[str, Any], status: int, nothing_happened: Callable[[], bool]
) -> None:
    answer = picwish.post(URL, sent(**fields))

    assert (answer.status_code, answer.json()["status"], set(answer.json())) == (status, status, {"status", "message"})
    assert nothing_happened()


def test_an_address_that_is_none_is_a_wrong_parameter(picwish: APIClient) -> None:
    assert picwish.post(URL, {"image_url": "photo.jpg", "rectangles": BOXES}).status_code == 400


def test_a_private_address_is_not_downloaded(picwish: APIClient) -> None:
    fields = {"image_url": "http://10.0.0.1/photo.jpg", "rectangles": BOXES, "sync": "1"}

    assert picwish.post(URL, fields).json()["data"]["state"] == -3


def test_a_form_without_files_may_be_plain(picwish: APIClient) -> None:
    answer = picwish.generic(
        "POST", URL, "image_url=http%3A%2F%2F10.0.0.1%2Fa.png&rectangles=%5B%5D",
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip

    assert answer.json()["message"].startswith("Rectangles are")


def test_the_account_and_the_key_decide_as_everywhere(cast: Cast, picwish: APIClient) -> None:
    _, reader = api_keys.mint_key(user=cast.alice, name="reads", terms=KeyTerms(scopes=(Scope.READ,)))
    cast.set_credits(4)
    poor = picwish.post(URL, sent(rectangles=BOXES))
    forbidden = APIClient().post(URL, sent(rectangles=BOXES), headers={"X-API-KEY": reader})
    suspension.suspend(user=cast.alice, actor=cast.olga, reason="for the test")
    suspended = picwish.post(URL, sent(rectangles=BOXES))

    assert [(answer.status_code, answer.json()["status"]) for answer in (poor, forbidden, suspended)] == [
        (402, 402), (401, 401), (401, 401),
    ]  # fmt: skip


def test_too_many_requests_are_429(picwish: APIClient, settings: Any, cast: Cast) -> None:
    plan = cast.wallet.plan
    plan.requests_per_minute = 1
    plan.save()

    answers = [picwish.post(URL, {}) for _ in range(2)]

    assert [answer.json()["status"] for answer in answers] == [400, 429]
    assert "Retry-After" in answers[1].headers


def test_a_result_that_has_been_deleted_is_gone_with_its_task(picwish: APIClient, completed: Job) -> None:
    retention.delete_images(completed)

    assert picwish.get(f"{URL}/{completed.pk}").status_code == 404


def test_base64_is_the_file_itself(picwish: APIClient, cast: Cast) -> None:
    picwish.post(URL, sent(rectangles=BOXES, return_type="2"))
    job = Job.objects.get()
    _complete(job)

    told = picwish.get(f"{URL}/{job.pk}").json()["data"]

    assert (told["return_type"], base64.b64decode(told["image"])) == (2, photo())


def test_the_vendor_waits_thirty_seconds(settings: Any) -> None:
    assert settings.PICWISH_WAIT_S == 30
