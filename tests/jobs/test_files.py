"""Result links: they work without a key, until they expire, for exactly one image."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from jobs import retention
from jobs.models import Job
from jobs.representation import file_url
from pixelsite.lib.signing import sign_path
from tests.jobs.conftest import photo


@pytest.fixture
def link(completed: Job) -> str:
    url = file_url(completed, "output", base_url="")
    assert url is not None
    return url


async def _read(answer) -> bytes:
    return b"".join([chunk async for chunk in answer.streaming_content])


def test_a_link_serves_the_result_to_anyone(link: str, client: Client) -> None:
    answer = client.get(link)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert async_to_sync(_read)(answer) == photo()


def test_a_result_is_served_so_that_no_browser_runs_it(link: str, client: Client) -> None:
    answer = client.get(link)

    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith('attachment; filename="pixelsite-')
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    answer.close()


def test_asking_for_the_head_alone_is_answered(link: str, client: Client) -> None:
    answer = client.head(link)

    assert (answer.status_code, int(answer["Content-Length"])) == (200, len(photo()))


def _tampered(link: str) -> dict[str, str]:
    path, query = urlsplit(link).path, {name: value[0] for name, value in parse_qs(urlsplit(link).query).items()}
    later = int(query["expires"]) + 1
    return {
        "no signature": path,
        "cut signature": link[:-1],
        "longer life": f"{path}?expires={later}&sig={query['sig']}",
        "other image": link.replace("/output", "/input"),
        "other job": link.replace(path.split("/")[3], "00000000-0000-4000-8000-000000000000"),
        "extra parameter": link + "&x=1",
        "expiry twice": link + f"&expires={later}",
        "expiry that is no number": f"{path}?expires=never&sig={query['sig']}",
        "foreign signature": f"{path}?expires={query['expires']}&sig=ümlaut",
    }


def test_a_changed_link_is_refused(link: str, client: Client) -> None:
    codes = {name: client.get(tampered).status_code for name, tampered in _tampered(link).items()}

    assert set(codes.values()) == {403}, codes


def test_an_expired_link_says_so(link: str, client: Client) -> None:
    answer = client.get(sign_path(urlsplit(link).path, expires_at=1_000_000_000))

    assert (answer.status_code, answer.json()["code"]) == (410, "expired")


def test_a_link_to_deleted_images_says_so(completed: Job, link: str, client: Client) -> None:
    retention.delete_images(completed)

    answer = client.get(link)

    assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_a_link_stays_the_same_from_call_to_call(completed: Job, link: str) -> None:
    assert file_url(Job.objects.get(), "output", base_url="") == link


def test_a_job_without_a_result_has_no_link(job: Job) -> None:
    assert file_url(job, "output", base_url="") is None
