"""A program written for PicWish: only its base URL and its key are changed."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.contracts.conftest import Account, curl_json
from tests.photos import opened, sample_jpeg, sample_mask

pytestmark = pytest.mark.live

INPAINT = "/api/tasks/visual/inpaint"
RECTANGLES = json.dumps([{"x": 30, "y": 20, "width": 30, "height": 20}])
ENDED = {1, -1, -2, -3, -5, -7, -8, -10, -13}


def image(data: bytes | None = None) -> dict[str, tuple[str, bytes, str]]:
    return {"image_file": ("photo.jpg", sample_jpeg() if data is None else data, "image/jpeg")}


def mask() -> dict[str, tuple[str, bytes, str]]:
    return {"mask_file": ("mask.png", sample_mask(), "image/png")}


@pytest.fixture
def api(account: Account) -> Iterator[httpx.Client]:
    with account.client(X_API_KEY="KEY") as client:
        yield client


def polled(api: httpx.Client, task_id: str) -> dict[str, Any]:
    """The task once it has ended, as the vendor's samples poll for it."""
    for _ in range(120):
        answer = api.get(f"{INPAINT}/{task_id}").json()
        assert answer["status"] == 200
        if answer["data"]["state"] in ENDED:
            data: dict[str, Any] = answer["data"]
            return data
        time.sleep(0.5)
    raise AssertionError("the task does not end")


def test_a_task_is_created_and_polled(api: httpx.Client) -> None:
    created = api.post(INPAINT, files=image() | mask())

    assert (created.status_code, created.json()["status"], created.json()["message"]) == (200, 200, "success")
    assert list(created.json()["data"]) == ["task_id"]
    task = polled(api, created.json()["data"]["task_id"])
    assert (task["state"], task["state_detail"], task["progress"], task["return_type"]) == (1, "Complete", 100, 1)


def test_a_task_tells_everything_the_vendor_tells(api: httpx.Client) -> None:
    answer = api.post(INPAINT, files=image() | mask(), data={"sync": "1"}).json()

    task = answer["data"]
    assert {name: type(value) for name, value in task.items()} == {
        "task_id": str, "created_at": int, "processed_at": int, "completed_at": int, "image": str, "return_type": int,
        "progress": int, "state": int, "state_detail": str,
    }  # fmt: skip
    assert time.time() - 120 < task["created_at"] <= task["processed_at"] + 1 <= task["completed_at"] + 2
    assert task == api.get(f"{INPAINT}/{task['task_id']}").json()["data"]


def test_the_result_is_a_picture_behind_an_address_that_lives_for_an_hour(api: httpx.Client) -> None:
    task = api.post(INPAINT, files=image() | mask(), data={"sync": "1"}).json()["data"]

    picture = httpx.get(task["image"])
    assert opened(picture.content).size == opened(sample_jpeg()).size
    assert int(parse_qs(urlsplit(task["image"]).query)["expires"][0]) - task["completed_at"] in (3599, 3600, 3601)


def test_results_are_deleted_after_an_hour(api: httpx.Client, account: Account) -> None:
    task = api.post(INPAINT, files=image() | mask(), data={"sync": "1"}).json()["data"]

    hours = account.shell(
        "from jobs.models import Job\n"
        f"job = Job.objects.get(pk='{task['task_id']}'); print((job.delete_images_at - job.ended_at).total_seconds())"
    )

    assert float(hours) == pytest.approx(3600, abs=1)


def test_a_result_in_base64(api: httpx.Client) -> None:
    task = api.post(INPAINT, files=image(), data={"rectangles": RECTANGLES, "return_type": "2", "sync": "1"}).json()

    assert task["data"]["return_type"] == 2
    assert opened(base64.b64decode(task["data"]["image"])).size == opened(sample_jpeg()).size


def test_a_result_in_base64_is_so_when_it_is_polled(api: httpx.Client) -> None:
    created = api.post(INPAINT, files=image(), data={"rectangles": RECTANGLES, "return_type": "2"}).json()

    task = polled(api, created["data"]["task_id"])
    assert opened(base64.b64decode(task["image"])).size == opened(sample_jpeg()).size


def test_curl_does_it(account: Account, files: Callable[[str, bytes], str]) -> None:
    status, answer = curl_json(
        "-X", "POST", account.site.url + INPAINT, "-H", f"X-API-KEY: {account.key}", "-F", "sync=1",
        "-F", f"image_file=@{files('photo.jpg', sample_jpeg())}", "-F", f"mask_file=@{files('mask.png', sample_mask())}",
    )  # fmt: skip

    assert (status, answer["data"]["state"]) == (200, 1)


@pytest.mark.parametrize("key", [None, "wrong"])
def test_a_wrong_key_is_401(account: Account, key: str | None) -> None:
    headers = {} if key is None else {"X-API-KEY": key}

    answer = httpx.post(account.site.url + INPAINT, headers=headers, files=image() | mask())

    assert (answer.status_code, answer.json()["status"], list(answer.json())) == (401, 401, ["status", "message"])


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ({}, {"rectangles": RECTANGLES}),
        (image(), {"image_url": "https://example.com/a.png", "rectangles": RECTANGLES}),
        (image(), {}),
        (image() | mask(), {"rectangles": RECTANGLES}),
        (image() | mask(), {"mask_url": "https://example.com/m.png"}),
        (image(), {"rectangles": "[]"}),
        (image(), {"rectangles": json.dumps([json.loads(RECTANGLES)[0]] * 51)}),
        (image() | mask(), {"return_type": "3"}),
        (image() | mask(), {"sync": "yes"}),
    ],
    ids=["no picture", "two pictures", "no area", "mask and boxes", "two masks", "no box", "51 boxes", "type", "sync"],
)
def test_a_wrong_parameter_is_400(api: httpx.Client, files: Any, fields: dict[str, str]) -> None:
    answer = api.post(INPAINT, files=files or {"x": b""}, data=fields)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert answer.json()["message"]


def test_a_file_that_is_no_picture_is_a_task_that_failed(api: httpx.Client, account: Account) -> None:
    before = account.credits()

    created = api.post(INPAINT, files=image(b"no picture") | mask())
    task = polled(api, created.json()["data"]["task_id"])

    assert (created.status_code, task["state"], account.credits()) == (200, -7, before)


def test_a_picture_that_is_too_large_is_a_task_that_failed(api: httpx.Client) -> None:
    wide = sample_jpeg(4100, 64)

    task = api.post(INPAINT, files=image(wide), data={"rectangles": RECTANGLES, "sync": "1"}).json()["data"]

    assert task["state"] == -5


def test_a_picture_that_cannot_be_downloaded_is_a_task_that_failed(api: httpx.Client) -> None:
    fields = {"image_url": "http://nothing.invalid/photo.jpg", "rectangles": RECTANGLES, "sync": "1"}

    task = api.post(INPAINT, data=fields).json()["data"]

    assert (task["state"], task["image"]) == (-3, "")


def test_more_than_20_mb_is_413(api: httpx.Client) -> None:
    answer = api.post(INPAINT, files=image(b"0" * 20_000_001) | mask())

    assert (answer.status_code, answer.json()["status"]) == (413, 413)


@pytest.mark.parametrize("task_id", ["00000000-0000-4000-8000-000000000000", "nonsense"])
def test_there_is_no_such_task(api: httpx.Client, task_id: str) -> None:
    answer = api.get(f"{INPAINT}/{task_id}")

    assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_strangers_task_does_not_exist(api: httpx.Client, newcomer: Account) -> None:
    task_id = api.post(INPAINT, files=image() | mask()).json()["data"]["task_id"]

    with newcomer.client(X_API_KEY="KEY") as stranger:
        assert stranger.get(f"{INPAINT}/{task_id}").status_code == 404


def test_a_task_that_waits_says_so_and_may_be_canceled(idle: Account) -> None:
    with idle.client(X_API_KEY="KEY") as api, idle.client(authorization="Bearer KEY") as native:
        task_id = api.post(INPAINT, files=image() | mask()).json()["data"]["task_id"]
        waiting = api.get(f"{INPAINT}/{task_id}").json()["data"]
        native.delete(f"/v1/image/{task_id}")
        canceled = api.get(f"{INPAINT}/{task_id}").json()["data"]

    assert (waiting["state"], waiting["completed_at"], waiting["image"]) == (0, 0, "")
    assert canceled["state"] == -13


def test_a_synchronous_call_times_out_with_the_credits_back(idle: Account) -> None:
    before = idle.credits()

    with idle.client(X_API_KEY="KEY") as api:
        answer = api.post(INPAINT, files=image() | mask(), data={"sync": "1"})
        task = answer.json()["data"]
        later = api.get(f"{INPAINT}/{task['task_id']}").json()["data"]

    assert (answer.status_code, task["state"], later["state"], idle.credits()) == (200, -8, -8, before)
