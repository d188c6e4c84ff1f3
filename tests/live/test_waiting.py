"""Waiting for a job: long poll, `Prefer: wait`, the event stream; and that a thousand who wait are in nobody's way."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.customers import open_accounts, small_picture
from tests.servers.site import SiteServer, running_site
from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

SUBMIT = "/v1/image/remove-object"


def _sent() -> dict[str, Any]:
    return {"files": {"image": ("photo.png", small_picture(), "image/png")}, "data": {"bbox": "12,12,5,5"}}


@pytest.fixture
def api(live_site: LiveSite) -> Iterator[httpx.Client]:
    key = live_site.manage("createapikey", f"waits-{time.monotonic_ns()}@example.com").strip()
    with live_site.api(key) as client:
        yield client


def _events(answer: httpx.Response) -> list[dict[str, str]]:
    """The events of a stream that has ended."""
    blocks = [block for block in answer.text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_prefer_wait_answers_with_the_ended_job(api: httpx.Client) -> None:
    answer = api.post(SUBMIT, headers={"Prefer": "wait=30"}, **_sent())

    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=30")
    assert (answer.json()["status"], answer.json()["receipt"] is not None) == ("completed", True)
    assert answer.json() == api.get(f"/v1/image/{answer.json()['id']}").json()


@pytest.mark.parametrize("prefer", ["respond-async", "wait=-1", "wait=soon", "handling=strict"])
def test_without_a_wait_the_answer_comes_at_once(api: httpx.Client, prefer: str) -> None:
    answer = api.post(SUBMIT, headers={"Prefer": prefer}, **_sent())

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers.get("Preference-Applied") == ("respond-async" if prefer == "respond-async" else None)


def test_a_wait_is_capped_and_says_so(api: httpx.Client) -> None:
    assert api.post(SUBMIT, headers={"Prefer": "wait=1000000000"}, **_sent()).headers["Preference-Applied"] == "wait=60"


def test_pixelapi_programs_may_insist_on_200(api: httpx.Client) -> None:
    assert api.post(SUBMIT, headers={"Prefer": "status=200"}, **_sent()).status_code == 200


def test_the_stream_tells_every_status_and_ends_with_the_job(api: httpx.Client) -> None:
    job_id = api.post(SUBMIT, **_sent()).json()["id"]

    answer = api.get(f"/v1/image/{job_id}/events")

    events = _events(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert json.loads(events[-1]["data"]) == api.get(f"/v1/image/{job_id}").json()
    assert (events[0]["event"], events[-1]["event"], json.loads(events[-1]["data"])["status"]) == (
        "status", "status", "completed",
    )  # fmt: skip
    assert len({event["id"] for event in events}) == len(events)


def test_the_stream_tells_the_place_in_line_while_a_job_waits(pytestconfig: pytest.Config) -> None:
    with _site_without_a_worker(pytestconfig) as (_, api):
        first, second = (api.post(SUBMIT, **_sent()).json()["id"] for _ in range(2))
        with api.stream("GET", f"/v1/image/{second}/events") as stream:
            lines = (line for line in stream.iter_lines() if line.startswith("data: "))
            before = json.loads(next(lines).removeprefix("data: "))
            api.delete(f"/v1/image/{first}")
            after = json.loads(next(lines).removeprefix("data: "))

    assert [(told["status"], told["place_in_line"]) for told in (before, after)] == [("queued", 1), ("queued", 0)]


def test_a_client_that_comes_back_after_the_last_event_is_told_to_stay_away(api: httpx.Client) -> None:
    job_id = api.post(SUBMIT, headers={"Prefer": "wait=30"}, **_sent()).json()["id"]
    last = _events(api.get(f"/v1/image/{job_id}/events"))[-1]["id"]

    again = api.get(f"/v1/image/{job_id}/events", headers={"Last-Event-ID": last})
    missed = api.get(f"/v1/image/{job_id}/events", headers={"Last-Event-ID": "0-queued--0-0"})

    assert (again.status_code, again.content) == (204, b"")
    assert [event["id"] for event in _events(missed)] == [last]


def test_a_stranger_gets_no_stream(api: httpx.Client, live_site: LiveSite) -> None:
    job_id = api.post(SUBMIT, **_sent()).json()["id"]

    with live_site.api() as stranger:
        assert stranger.get(f"/v1/image/{job_id}/events").status_code == 404
    assert httpx.get(f"{live_site.url}/v1/image/{job_id}/events").status_code == 401


def test_a_caller_that_hangs_up_leaves_the_job_to_go_on(api: httpx.Client) -> None:
    key = f"hang-up-{time.monotonic_ns()}"
    with pytest.raises(httpx.ReadTimeout):
        api.post(SUBMIT, headers={"Prefer": "wait=30", "Idempotency-Key": key}, timeout=0.05, **_sent())

    while True:
        answer = api.post(SUBMIT, headers={"Prefer": "wait=30", "Idempotency-Key": key}, **_sent())
        if answer.status_code != 409:  # the request that was hung up on is still being accepted
            break
        time.sleep(0.2)

    assert answer.json()["status"] == "completed"


def test_a_job_that_is_not_started_in_time_is_canceled(pytestconfig: pytest.Config) -> None:
    with _site_without_a_worker(pytestconfig) as (site, api):
        job_id = api.post(SUBMIT, headers={"Cancel-After": "5s"}, **_sent()).json()["id"]
        assert api.post(SUBMIT, headers={"Cancel-After": "now"}, **_sent()).json()["code"] == "cancel_after_invalid"
        time.sleep(5.2)

        site.manage("shell", "-c", "from jobs.sweeper import sweep; sweep()")

        job = api.get(f"/v1/image/{job_id}").json()
        assert (job["status"], job["credits_used"]) == ("canceled", 0)


def test_a_thousand_who_wait_block_nobody(pytestconfig: pytest.Config) -> None:
    """Half of them poll long, half of them listen to events, all on one web process; each is told of the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    with _site_without_a_worker(pytestconfig) as (site, api):
        job_id = [api.post(SUBMIT, **_sent()).json()["id"] for _ in range(20)][-1]  # the process is warm then
        paths = [f"/v1/image/{job_id}?wait=60", f"/v1/image/{job_id}/events"] * 500
        crowd = _Crowd(site, api)

        answers = asyncio.run(_wait_on(api, paths, meanwhile=lambda: crowd.submit_and_cancel(job_id)))
        print(f"\n{crowd}")

    assert {answer.status_code for answer in answers} == {200}
    assert all('"canceled"' in answer.text for answer in answers)


class _site_without_a_worker:  # noqa: N801  # reads as the context manager it is
    """One web process, an account with a plan that lets a thousand requests through."""

    def __init__(self, config: pytest.Config) -> None:
        self._running = running_site(root=config.rootpath)

    def __enter__(self) -> tuple[SiteServer, httpx.Client]:
        site = self._running.__enter__()
        (key,) = open_accounts(site, ["waiting"])
        self._api = httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        return site, self._api

    def __exit__(self, *error: Any) -> None:
        self._api.close()
        self._running.__exit__(*error)


async def _wait_on(api: httpx.Client, paths: list[str], meanwhile: Any) -> list[httpx.Response]:
    """Wait on all of these paths; `meanwhile` is called once every stream has begun."""
    limits = httpx.Limits(max_connections=None)
    begun: list[str] = []
    async with httpx.AsyncClient(
        base_url=api.base_url, headers=api.headers, limits=limits, timeout=httpx.Timeout(120, connect=60)
    ) as client:
        waiting = []
        for path in paths:
            waiting.append(asyncio.create_task(_wait_until_ended(client, path, begun)))
            await asyncio.sleep(0.01)
        while len(begun) < sum(path.endswith("/events") for path in paths):
            await asyncio.sleep(0.1)
        await asyncio.to_thread(meanwhile)
        return await asyncio.gather(*waiting)


async def _wait_until_ended(client: httpx.AsyncClient, path: str, begun: list[str]) -> httpx.Response:
    while True:
        async with client.stream("GET", path) as answer:
            begun += [path] if path.endswith("/events") else []
            await answer.aread()
        if '"queued"' not in answer.text or path.endswith("/events"):
            return answer  # else its minute was over: ask again, as a program would


class _Crowd:
    """What a web process does while many wait: what they cost it, and how long a submission takes."""

    def __init__(self, site: SiteServer, api: httpx.Client) -> None:
        assert site.process is not None
        self._process = Path(f"/proc/{site.process.pid}")
        self._api = api
        self._before = self._resident_kb()
        self._more_kb = 0
        self._took_s: list[float] = []

    def submit_and_cancel(self, job_id: str) -> None:
        self._more_kb = self._resident_kb() - self._before
        for _ in range(40):
            started = time.monotonic()
            assert self._api.post(SUBMIT, **_sent()).status_code == 202
            self._took_s.append(time.monotonic() - started)
        assert self._api.delete(f"/v1/image/{job_id}").status_code == 200

    def __str__(self) -> str:
        took = sorted(self._took_s)
        return (
            f"1000 wait: {self._before / 1000:.0f} MB before, {self._more_kb / 1000:.0f} kB more for each; submissions "
            f"meanwhile p50 {took[len(took) // 2]:.2f} s, p99 {took[-1]:.2f} s"
        )

    def _resident_kb(self) -> int:
        return int((self._process / "statm").read_text().split()[1]) * resource.getpagesize() // 1000
