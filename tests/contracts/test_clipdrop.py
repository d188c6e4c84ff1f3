"""A program written for Clipdrop: only its base URL and its key are changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import ImageOps

from tests.contracts.conftest import Account, curl
from tests.photos import object_mask, opened, sample_jpeg, sample_mask, with_object
from tests.photos import png as png_of

pytestmark = pytest.mark.live

CLEANUP = "/cleanup/v1"


def sent(image: bytes | None = None, mask: bytes | None = None) -> dict[str, tuple[str, bytes, str]]:
    return {
        "image_file": ("photo.jpg", image or sample_jpeg(), "image/jpeg"),
        "mask_file": ("mask.png", mask or sample_mask(), "image/png"),
    }


@pytest.fixture
def api(account: Account) -> Iterator[httpx.Client]:
    with account.client(x_api_key="KEY") as client:
        yield client


def test_a_cleaned_picture_comes_back_as_a_png_of_the_same_size(api: httpx.Client) -> None:
    answer = api.post(CLEANUP, files=sent())

    picture, original = opened(answer.content), opened(sample_jpeg())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (picture.format, picture.size) == ("PNG", original.size)


def test_what_was_marked_is_gone_and_the_rest_is_as_it_was(api: httpx.Client) -> None:
    original = with_object()

    cleaned = np.asarray(opened(api.post(CLEANUP, files=sent(png_of(original))).content).convert("RGB"))

    marked = object_mask()
    assert not (cleaned[marked] == original[marked]).all(axis=1).any()
    assert (cleaned[~marked] == original[~marked]).all()


def test_a_turned_photo_has_the_size_it_is_displayed_in(api: httpx.Client) -> None:
    turned = sample_jpeg(96, 64, orientation=6)

    answer = api.post(CLEANUP, files=sent(turned, sample_mask(96, 64)))

    assert answer.status_code == 200
    assert ImageOps.exif_transpose(opened(answer.content)).size == (96, 64)


def test_the_headers_count_in_calls(api: httpx.Client, account: Account) -> None:
    before = account.credits()

    answer = api.post(CLEANUP, files=sent())

    assert answer.headers["x-credits-consumed"] == "1"
    assert answer.headers["x-remaining-credits"] == str(account.credits() // 5)
    assert account.credits() == before - 5


@pytest.mark.parametrize("mode", ["fast", "quality"])
def test_both_modes_are_known(api: httpx.Client, mode: str) -> None:
    assert api.post(CLEANUP, files=sent(), data={"mode": mode}).status_code == 200


def test_the_other_address_does_the_same(api: httpx.Client) -> None:
    assert api.post("/inpainting/v1", files=sent()).headers["content-type"] == "image/png"


def test_curl_does_it(account: Account, files: Callable[[str, bytes], str]) -> None:
    status, body = curl(
        "-X", "POST", account.site.url + CLEANUP, "-H", f"x-api-key: {account.key}",
        "-F", f"image_file=@{files('photo.jpg', sample_jpeg())}", "-F", f"mask_file=@{files('mask.png', sample_mask())}",
    )  # fmt: skip

    assert (status, opened(body).format) == (200, "PNG")


def test_no_key_is_told_in_clipdrops_words(account: Account) -> None:
    answer = httpx.post(account.site.url + CLEANUP, files=sent())

    assert (answer.status_code, answer.json()) == (401, {"error": "No api key provided"})


def test_a_revoked_key_is_forbidden(newcomer: Account) -> None:
    newcomer.revoke()

    with newcomer.client(x_api_key="KEY") as api:
        answer = api.post(CLEANUP, files=sent())

    assert (answer.status_code, list(answer.json())) == (403, ["error"])


def test_without_credits_it_is_402(newcomer: Account) -> None:
    newcomer.set_credits(4)

    with newcomer.client(x_api_key="KEY") as api:
        answer = api.post(CLEANUP, files=sent())

    assert (answer.status_code, list(answer.json())) == (402, ["error"])


def test_every_answer_has_a_request_id_and_its_limit(api: httpx.Client) -> None:
    answers = [api.post(CLEANUP, files=sent()), api.post(CLEANUP)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert all(answer.headers["X-Request-Id"] for answer in answers)
    assert [answer.headers["X-RateLimit-Limit"] for answer in answers] == ["60", "60"]


def test_a_body_too_large_for_anything_is_refused_in_clipdrops_shape(api: httpx.Client) -> None:
    answer = api.post(CLEANUP, content=iter([b"0" * 1_000_000] * 62), headers={"Content-Type": "multipart/form-data"})

    assert (answer.status_code, list(answer.json())) == (413, ["error"])


def test_a_call_that_takes_too_long_fails_and_costs_nothing(idle: Account) -> None:
    before = idle.credits()

    with idle.client(x_api_key="KEY") as api:
        answer = api.post(CLEANUP, files=sent())

    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert ([job["status"] for job in idle.jobs()], idle.credits()) == (["failed"], before)


def test_who_hangs_up_withdraws_what_is_queued(idle: Account) -> None:
    before = idle.credits()

    with idle.client(x_api_key="KEY") as api, pytest.raises(httpx.ReadTimeout):
        api.post(CLEANUP, files=sent(), timeout=1)

    deadline = time.monotonic() + 60
    while [job["status"] for job in idle.jobs()] != ["canceled"]:
        assert time.monotonic() < deadline, idle.jobs()
        time.sleep(0.1)
    assert idle.credits() == before


def test_forty_who_wait_are_in_nobodys_way(idle: Account) -> None:
    """More than the process has threads: each of them is answered, and so is everybody else meanwhile."""
    with idle.client(x_api_key="KEY") as api, ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(api.post, CLEANUP, files=sent()) for _ in range(40)]
        health = httpx.get(f"{idle.site.url}/healthz", timeout=60)
        is_waited_for = not all(call.done() for call in waiting)
        answers = [call.result() for call in waiting]

    assert health.status_code in (200, 503)
    assert is_waited_for
    assert {answer.status_code for answer in answers} == {500}
