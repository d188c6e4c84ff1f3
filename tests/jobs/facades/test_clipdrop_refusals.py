"""What Clipdrop's programs are refused, and in which words."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from rest_framework.test import APIClient

from accounts import api_keys, suspension
from accounts.api_keys import KeyTerms
from accounts.models import Scope
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import SIZE, encoded, mask, photo, upload

URL = "/cleanup/v1"


def sent(image: bytes | None = None, drawn: bytes | None = None, **fields: Any) -> dict[str, Any]:
    files = {"image_file": upload(image or photo()), "mask_file": upload(drawn or mask(), "mask.png")}
    return files | fields


def grey_mask() -> bytes:
    drawn = Image.open(io.BytesIO(mask()))
    drawn.putpixel((0, 0), 77)
    return encoded(drawn)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (lambda: {"mask_file": upload(mask())}, 400),
        (lambda: {"image_file": upload(photo())}, 400),
        (lambda: sent(image=b"no picture"), 400),
        (lambda: sent(image=photo("WEBP")), 400),
        (lambda: sent(image=photo("PNG")[:200]), 400),
        (lambda: sent(drawn=mask(size=(32, 32))), 400),
        (lambda: sent(drawn=photo("JPEG")), 400),
        (lambda: sent(drawn=mask(box=None)), 400),
        (lambda: sent(mode="slow"), 400),
        (lambda: sent(image=photo("PNG", size=(4001, 4000))), 413),
        (lambda: sent(image=b"0" * 30_000_001), 413),
    ],
    ids=[
        "no picture", "no mask", "not a picture", "webp", "cut short", "another size", "jpeg mask", "empty mask", "mode",
        "16 megapixels", "30 MB",
    ],
)  # fmt: skip
def test_a_wrong_input_is_refused_and_costs_nothing(
    clipdrop: APIClient, body: Any, status: int, nothing_happened: Callable[[], bool]
) -> None:
    answer = clipdrop.post(URL, body())

    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert nothing_happened()


def test_what_the_vendor_passes_over_is_passed_over(clipdrop: APIClient) -> None:
    clipdrop.post(URL, sent(anything="else"))

    assert Job.objects.count() == 1


def test_a_grey_mask_is_thresholded(clipdrop: APIClient) -> None:
    clipdrop.post(URL, sent(drawn=grey_mask()))

    assert Job.objects.count() == 1


def test_a_grey_mask_is_refused_where_the_site_is_strict(
    clipdrop: APIClient, settings: Any, nothing_happened: Callable[[], bool]
) -> None:
    settings.CLIPDROP_STRICT_MASKS = True

    answer = clipdrop.post(URL, sent(drawn=grey_mask()))

    assert (answer.status_code, "grey" in answer.json()["error"]) == (400, True)
    assert nothing_happened()


@pytest.mark.parametrize("accepted", ["image/png", "image/*", "*/*", "image/webp, image/png;q=0.5", ""])
def test_a_png_is_offered(clipdrop: APIClient, accepted: str) -> None:
    assert clipdrop.post(URL, sent(), headers={"Accept": accepted}).status_code != 406


def test_another_type_is_not_offered(clipdrop: APIClient, nothing_happened: Callable[[], bool]) -> None:
    answer = clipdrop.post(URL, sent(), headers={"Accept": "image/webp, application/json"})

    assert (answer.status_code, list(answer.json())) == (406, ["error"])
    assert nothing_happened()


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, "No api key provided"),
        ({"x-api-key": "wrong"}, 401, "Invalid api key"),
        ({"Authorization": "Bearer wrong"}, 401, "Invalid api key"),
    ],
)
def test_a_wrong_key(cast: Cast, headers: dict[str, str], status: int, error: str) -> None:
    answer = APIClient().post(URL, sent(), headers=headers)

    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_bearer_token_will_do(cast: Cast) -> None:
    cast.api(cast.alice_key).post(URL, sent())

    assert Job.objects.get().user == cast.alice


def test_a_revoked_key_is_403(cast: Cast, clipdrop: APIClient) -> None:
    api_keys.revoke_key(user=cast.alice, key_id=cast.alice.api_keys.get().pk)

    answer = clipdrop.post(URL, sent())

    assert (answer.status_code, answer.json()) == (403, {"error": "Revoked api key"})


def test_a_key_that_may_only_read_is_403(cast: Cast) -> None:
    _, key = api_keys.mint_key(user=cast.alice, name="reads", terms=KeyTerms(scopes=(Scope.READ,)))

    answer = APIClient().post(URL, sent(), headers={"x-api-key": key})

    assert (answer.status_code, list(answer.json())) == (403, ["error"])


def test_a_suspended_account_is_403(cast: Cast, clipdrop: APIClient) -> None:
    suspension.suspend(user=cast.alice, actor=cast.olga, reason="for the test")

    assert clipdrop.post(URL, sent()).status_code == 403


def test_a_key_above_its_cap_is_402(cast: Cast, nothing_happened: Callable[[], bool]) -> None:
    _, key = api_keys.mint_key(user=cast.alice, name="poor", terms=KeyTerms(daily_cap_credits=4))

    assert APIClient().post(URL, sent(), headers={"x-api-key": key}).status_code == 402
    assert nothing_happened()


def test_a_test_key_costs_nothing(cast: Cast) -> None:
    _, key = api_keys.mint_key(user=cast.alice, name="tries", is_sandbox=True)

    APIClient().post(URL, sent(), headers={"x-api-key": key})

    assert (Job.objects.get().is_sandbox, cast.credits()) == (True, (500, 0))


def test_the_sixty_first_call_of_a_minute_is_429(clipdrop: APIClient, settings: Any) -> None:
    settings.CLIPDROP_PER_MINUTE = 2
    statuses = [clipdrop.post(URL, {}).status_code for _ in range(3)]

    answer = clipdrop.post(URL, {})

    assert statuses == [400, 400, 429]
    assert (list(answer.json()), answer.headers["Retry-After"].isdigit()) == (["error"], True)


def test_a_full_queue_is_500_with_the_time_to_wait(clipdrop: APIClient, settings: Any) -> None:
    settings.QUEUE_JOBS_MAX = 0

    answer = clipdrop.post(URL, sent())

    assert (answer.status_code, list(answer.json()), answer.headers["Retry-After"]) == (500, ["error"], "30")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_another_content_type_is_400(clipdrop: APIClient, content_type: str) -> None:
    answer = clipdrop.generic("POST", URL, "{}", content_type=content_type)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_another_method_is_405(clipdrop: APIClient) -> None:
    answer = clipdrop.get(URL)

    assert (answer.status_code, list(answer.json()), answer.headers["Allow"]) == (405, ["error"], "POST")


def test_a_bug_is_told_in_the_same_shape(clipdrop: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.facades.clipdrop.check_input", lambda **_: 1 / 0)

    answer = clipdrop.post(URL, sent())

    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert "division" not in answer.json()["error"]


def test_a_job_that_does_not_end_fails_with_its_credits_back(cast: Cast, clipdrop: APIClient) -> None:
    answer = clipdrop.post(URL, sent())  # without a server nothing is waited for

    job = Job.objects.get()
    assert (answer.status_code, job.status, job.error_code) == (500, "failed", "timed_out")
    assert cast.credits() == (500, 0)
    assert (job.width, job.height) == SIZE
