"""What Maskr's programs are refused, and in which shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import api_keys
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/services/object-removal"
BATCH = "/v1/services/object-removal/batch"


def missing(name: str) -> dict[str, Any]:
    return {"loc": ["body", name], "msg": "field required", "type": "value_error.missing"}


@pytest.mark.parametrize(
    ("body", "query", "problems"),
    [
        ({}, "", [missing("image"), missing("mask")]),
        ({"image": upload(photo())}, "", [missing("mask")]),
        ({"mask": upload(mask())}, "", [missing("image")]),
        ({}, "?box=[1,1,9,9]", [missing("image")]),
    ],
)
def test_what_is_missing_is_listed(
    maskr: APIClient, body: Any, query: str, problems: list[Any], nothing_happened: Callable[[], bool]
) -> None:
    answer = maskr.post(URL + query, body)

    assert (answer.status_code, answer.json()) == (422, {"detail": problems})
    assert nothing_happened()


def test_a_text_where_a_file_belongs_is_listed(maskr: APIClient) -> None:
    answer = maskr.post(URL, {"image": "photo.jpg", "mask": upload(mask())})

    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"]) == (422, ["body", "image"])


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("points=[[1,1]&labels=[1]", "points"),
        ("points=7&labels=[1]", "points"),
        ("points=[[1,1]]&labels=[2]", "labels"),
        ("points=[[1,1]]&labels=[1,1]", "labels"),
        ("points=[[1,1]]&labels=[0]", "labels"),
        ("points=[[64,1]]&labels=[1]", "points"),
        ("labels=[1]", "points"),
        ("box=[9,9,1,1]", "box"),
        ("box=[0,0,65,48]", "box"),
        ("box=nonsense", "box"),
    ],
)
def test_a_wrong_prompt_is_listed(
    maskr: APIClient, query: str, name: str, nothing_happened: Callable[[], bool]
) -> None:
    answer = maskr.post(f"{URL}?{query}", {"image": upload(photo())})

    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"], set(problem)) == (422, ["query", name], {"loc", "msg", "type"})
    assert nothing_happened()


def test_points_without_labels_are_all_on_the_object(maskr: APIClient) -> None:
    maskr.post(f"{URL}?points=[[5,5],[6,6]]", {"image": upload(photo())})

    assert [click["label"] for click in Job.objects.get().clicks] == [1, 1]


def test_what_is_marked_is_exact_and_what_is_found_grows_a_little(maskr: APIClient) -> None:
    maskr.post(URL, {"image": upload(photo()), "mask": upload(mask())})
    maskr.post(f"{URL}?box=[1,1,30,30]", {"image": upload(photo())})

    assert [job.grow for job in Job.objects.order_by("created_at")] == ["0", "auto"]


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_another_format_is_400(maskr: APIClient, kind: str, nothing_happened: Callable[[], bool]) -> None:
    answer = maskr.post(URL, {"image": upload(photo(kind)), "mask": upload(mask())})

    assert (answer.status_code, answer.json()) == (
        400, {"detail": "This file format is not supported. Send JPEG, PNG or WebP."}
    )  # fmt: skip
    assert nothing_happened()


def test_a_key_in_another_header_is_none(cast: Cast) -> None:
    answer = APIClient().post(URL, {}, headers={"x-api-key": cast.alice_key})

    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


def test_a_key_above_its_cap_is_402(cast: Cast) -> None:
    _, key = api_keys.mint_key(user=cast.alice, name="poor", terms=api_keys.KeyTerms(daily_cap_credits=4))

    answer = cast.api(key).post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert (answer.status_code, list(answer.json())) == (402, ["detail"])


@pytest.mark.parametrize(("path", "setting"), [(URL, "MASKR_PER_MINUTE"), (BATCH, "MASKR_BATCHES_PER_MINUTE")])
def test_each_operation_has_its_limit(maskr: APIClient, settings: Any, path: str, setting: str) -> None:
    setattr(settings, setting, 1)

    answers = [maskr.post(path, {}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 429]
    assert (list(answers[1].json()), "Retry-After" in answers[1].headers) == (["detail"], True)


def test_the_vendors_limits_are_the_defaults(settings: Any) -> None:
    assert (settings.MASKR_PER_MINUTE, settings.MASKR_BATCHES_PER_MINUTE, settings.CLIPDROP_PER_MINUTE) == (60, 30, 60)


@pytest.mark.parametrize(
    ("images", "masks", "status"), [(0, 0, 422), (1, 0, 422), (0, 1, 422), (2, 1, 400), (1, 2, 400), (51, 51, 422)]
)
def test_a_batch_needs_pairs(
    maskr: APIClient, images: int, masks: int, status: int, nothing_happened: Callable[[], bool]
) -> None:
    body = {
        "images": [upload(photo()) for _ in range(images)],
        "masks": [upload(mask()) for _ in range(masks)],
    }

    answer = maskr.post(BATCH, body)

    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert nothing_happened()


def test_one_bad_pair_among_fifty_fails_alone(maskr: APIClient) -> None:
    pictures = [photo()] * 49
    pictures.insert(30, b"no picture")
    body = {"images": [upload(data) for data in pictures], "masks": [upload(mask()) for _ in pictures]}

    told = maskr.post(BATCH, body).json()  # without a server nothing is waited for: the others time out

    errors = [result["error"] for result in told["results"]]
    assert (Job.objects.count(), told["total_files"], told["failed"]) == (49, 50, 50)
    assert errors[30] == "The file is not a readable image. Send it again as JPEG, PNG or WebP."
    assert len(set(errors)) == 2


def test_a_full_queue_is_503_with_the_time_to_wait(maskr: APIClient, settings: Any) -> None:
    settings.QUEUE_JOBS_MAX = 0

    answer = maskr.post(URL, {"image": upload(photo()), "mask": upload(mask())})

    assert (answer.status_code, list(answer.json()), answer.headers["Retry-After"]) == (503, ["detail"], "30")
