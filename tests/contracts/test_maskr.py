"""A program written for Maskr: only its base URL and its key are changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.contracts.conftest import Account, curl_json
from tests.photos import opened, sample_jpeg, sample_mask

pytestmark = pytest.mark.live

REMOVAL = "/v1/services/object-removal"
BATCH = "/v1/services/object-removal/batch"
BOX = json.dumps([20, 10, 70, 50])


def image(data: bytes | None = None) -> tuple[str, bytes, str]:
    return ("photo.jpg", sample_jpeg() if data is None else data, "image/jpeg")


def mask(data: bytes | None = None) -> tuple[str, bytes, str]:
    return ("mask.png", data or sample_mask(), "image/png")


def pairs(*images: bytes | None) -> list[tuple[str, tuple[str, bytes, str]]]:
    """A batch of these pictures, each with the same mask."""
    return [part for data in images for part in (("images", image(data)), ("masks", mask()))]


@pytest.fixture
def api(account: Account) -> Iterator[httpx.Client]:
    with account.client(authorization="Bearer KEY") as client:
        yield client


def test_a_removal_answers_with_its_result(api: httpx.Client, account: Account) -> None:
    width, height = opened(sample_jpeg()).size

    answer = api.post(REMOVAL, files={"image": image(), "mask": mask()})

    told = answer.json()
    assert (answer.status_code, told["status"], told["error"]) == (200, "completed", None)
    result = told["result"]
    assert result == {
        "job_id": told["job_id"], "status": "completed", "input_filename": "photo.jpg",
        "output_url": result["output_url"], "processing_time_ms": result["processing_time_ms"], "error": None,
        "original_width": width, "original_height": height, "output_width": width, "output_height": height,
        "credits_used": 5,
    }  # fmt: skip
    assert result["processing_time_ms"] > 0
    assert result["output_url"].startswith(f"{account.site.url}/v1/files/")
    assert opened(httpx.get(result["output_url"]).content).size == (width, height)


@pytest.mark.parametrize(
    "query",
    [{"points": "[[45,30]]", "labels": "[1]"}, {"points": "[[45,30],[5,5]]", "labels": "[1,0]"}, {"box": BOX}],
)
def test_an_object_is_pointed_at_in_the_query(api: httpx.Client, query: dict[str, str], account: Account) -> None:
    before = account.credits()

    answer = api.post(REMOVAL, params=query, files={"image": image()})

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert account.credits() == before - 5  # finding it costs nothing more


def test_curl_does_it(account: Account, files: Callable[[str, bytes], str]) -> None:
    status, told = curl_json(
        "-X", "POST", account.site.url + REMOVAL, "-H", f"Authorization: Bearer {account.key}",
        "-F", f"image=@{files('photo.jpg', sample_jpeg())}", "-F", f"mask=@{files('mask.png', sample_mask())}",
    )  # fmt: skip

    assert (status, told["status"], told["result"]["input_filename"]) == (200, "completed", "photo.jpg")


def test_without_mask_and_prompts_the_mask_is_missing(api: httpx.Client) -> None:
    answer = api.post(REMOVAL, files={"image": image()})

    missing = {"loc": ["body", "mask"], "msg": "field required", "type": "value_error.missing"}
    assert (answer.status_code, answer.json()) == (422, {"detail": [missing]})


def test_without_anything_both_are_missing(api: httpx.Client) -> None:
    answer = api.post(REMOVAL, files={"x": b""})

    assert [problem["loc"] for problem in answer.json()["detail"]] == [["body", "image"], ["body", "mask"]]


@pytest.mark.parametrize(
    "query",
    [
        {"points": "[[45,30]", "labels": "[1]"},
        {"points": "[[45,30]]", "labels": "[1,1]"},
        {"points": "[[4500,30]]", "labels": "[1]"},
        {"box": "[1,2,3]"},
        {"box": "[1,2,9000,9000]"},
        {"labels": "[1]"},
    ],
)
def test_a_wrong_prompt_is_named_in_the_list(api: httpx.Client, query: dict[str, str]) -> None:
    answer = api.post(REMOVAL, params=query, files={"image": image()})

    (problem,) = answer.json()["detail"]
    assert (answer.status_code, set(problem)) == (422, {"loc", "msg", "type"})
    assert (problem["loc"][0], problem["loc"][1] in {"points", "labels", "box"}) == ("query", True)


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"image": image(b"no picture"), "mask": mask()}, 400),
        ({"image": image(), "mask": mask(sample_mask(40, 30))}, 400),
        ({"image": image(), "mask": image()}, 400),
        ({"image": image(b"0" * 25_000_001), "mask": mask()}, 413),
    ],
    ids=["no picture", "another size", "a mask that is no png", "25 MB"],
)
def test_a_wrong_file_is_refused_with_a_sentence(api: httpx.Client, files: Any, status: int) -> None:
    answer = api.post(REMOVAL, files=files)

    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert isinstance(answer.json()["detail"], str)


def test_a_wrong_key_is_401(account: Account) -> None:
    with account.client(authorization="Bearer sk-live-nobody") as api:
        answer = api.post(REMOVAL, files={"image": image(), "mask": mask()})

    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


def test_without_credits_it_is_402(newcomer: Account) -> None:
    newcomer.set_credits(4)

    with newcomer.client(authorization="Bearer KEY") as api:
        answers = [api.post(REMOVAL, files={"image": image(), "mask": mask()}), api.post(BATCH, files=pairs(None))]

    assert [answer.status_code for answer in answers] == [402, 402]
    assert [answer.json() for answer in answers] == [{"detail": "Insufficient credits"}] * 2


def test_a_batch_answers_for_every_pair(api: httpx.Client) -> None:
    answer = api.post(BATCH, files=pairs(None, None))

    told = answer.json()
    assert (answer.status_code, told["status"], told["error"]) == (200, "completed", None)
    assert (told["total_files"], told["completed"], told["failed"], told["total_credits_used"]) == (2, 2, 0, 10)
    assert told["total_processing_time_ms"] > 0
    for result in told["results"]:
        assert result["status"] == "completed"
        assert httpx.get(result["output_url"]).status_code == 200


def test_one_bad_pair_fails_alone(api: httpx.Client, account: Account) -> None:
    before = account.credits()

    told = api.post(BATCH, files=pairs(None, b"no picture", None)).json()

    assert [result["status"] for result in told["results"]] == ["completed", "failed", "completed"]
    assert (told["status"], told["completed"], told["failed"], told["total_credits_used"]) == ("completed", 2, 1, 10)
    assert told["results"][1]["error"]
    assert account.credits() == before - 10


def test_when_the_credits_run_out_the_rest_fails(newcomer: Account) -> None:
    newcomer.set_credits(12)

    with newcomer.client(authorization="Bearer KEY") as api:
        told = api.post(BATCH, files=pairs(None, None, None, None)).json()

    assert [result["status"] for result in told["results"]] == ["completed", "completed", "failed", "failed"]
    assert {result.get("error") for result in told["results"][2:]} == {"Insufficient credits"}
    assert newcomer.credits() == 2


def test_fifty_pairs_are_taken(newcomer: Account) -> None:
    with newcomer.client(authorization="Bearer KEY") as api:
        told = api.post(BATCH, files=pairs(*[None] * 50)).json()

    assert (told["total_files"], told["completed"], told["total_credits_used"]) == (50, 50, 250)


def test_fifty_one_pairs_are_too_many(api: httpx.Client) -> None:
    answer = api.post(BATCH, files=pairs(*[None] * 51))

    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "images"])


def test_as_many_masks_as_images(api: httpx.Client) -> None:
    answer = api.post(BATCH, files=pairs(None, None)[:-1])

    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


def test_a_batch_may_be_larger_than_any_single_request(api: httpx.Client) -> None:
    """Each file is of a size that is allowed; so they are taken together, and judged one by one."""
    answer = api.post(BATCH, files=pairs(*[b"0" * 24_000_000] * 3))

    assert (answer.status_code, answer.json()["failed"]) == (200, 3)


def test_curl_sends_a_batch(account: Account, files: Callable[[str, bytes], str]) -> None:
    photo, drawn = files("photo.jpg", sample_jpeg()), files("mask.png", sample_mask())

    status, told = curl_json(
        "-X", "POST", account.site.url + BATCH, "-H", f"Authorization: Bearer {account.key}",
        "-F", f"images=@{photo}", "-F", f"images=@{photo}", "-F", f"masks=@{drawn}", "-F", f"masks=@{drawn}",
    )  # fmt: skip

    assert (status, told["completed"]) == (200, 2)


def test_a_call_that_takes_too_long_fails_and_costs_nothing(idle: Account) -> None:
    before = idle.credits()

    with idle.client(authorization="Bearer KEY") as api:
        answer = api.post(REMOVAL, files={"image": image(), "mask": mask()})
        batch = api.post(BATCH, files=pairs(None, None)).json()

    assert (answer.status_code, list(answer.json())) == (504, ["detail"])
    assert (batch["status"], batch["failed"], batch["total_credits_used"]) == ("failed", 2, 0)
    assert idle.credits() == before
