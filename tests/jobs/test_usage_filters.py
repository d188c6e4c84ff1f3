"""Which of an account's jobs `GET /v1/account/usage` lists when it is told: by status, operation and date, over pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.models import Job

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def hourly(submit: Callable[..., Job]) -> list[str]:
    """Ids of four jobs, submitted at noon and at each of the three hours after; the second is canceled."""
    jobs = [submit() for _ in range(4)]
    lifecycle.cancel_job(job=jobs[1])
    for hours, job in enumerate(jobs):
        Job.objects.filter(pk=job.pk).update(created_at=NOON + timedelta(hours=hours))
    return [str(job.pk) for job in jobs]


def _listed(api: APIClient, **query: str) -> list[str]:
    answer = api.get("/v1/account/usage", query)
    assert answer.status_code == 200, answer.content
    return [line["id"] for line in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"status": "canceled"}, [1]),
        ({"status": "queued"}, [3, 2, 0]),
        ({"status": "failed"}, []),
        ({"operation": "remove-object"}, [3, 2, 1, 0]),
        ({"since": "2026-01-05T13:00:00Z"}, [3, 2, 1]),
        ({"until": "2026-01-05T13:00:00Z"}, [0]),
        ({"since": "2026-01-05T14:00:00+01:00", "until": "2026-01-05T15:00:00Z"}, [2, 1]),
        ({"status": "queued", "since": "2026-01-05T13:00:00Z"}, [3, 2]),
    ],
    ids=lambda value: "&".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else "",
)
def test_only_what_was_asked_for_is_listed(
    alice_api: APIClient, hourly: list[str], query: dict[str, str], places: list[int]
) -> None:
    assert _listed(alice_api, **query) == [hourly[place] for place in places]


@pytest.mark.parametrize("query", ["status=done", "operation=paint", "since=yesterday", "until=", "since=2026-13-01"])
def test_a_filter_that_makes_no_sense_is_named(alice_api: APIClient, query: str) -> None:
    answer = alice_api.get(f"/v1/account/usage?{query}")

    assert (answer.status_code, answer.json()["param"]) == (422, query.partition("=")[0])


def test_pages_keep_the_filter_and_miss_nothing_while_jobs_arrive(
    alice_api: APIClient, hourly: list[str], submit: Callable[..., Job]
) -> None:
    first = alice_api.get("/v1/account/usage", {"status": "queued", "limit": "2"}).json()
    submit()
    second = alice_api.get(first["next"]).json()

    listed = [line["id"] for page in (first, second) for line in page["results"]]
    assert listed == [hourly[3], hourly[2], hourly[0]]


def test_jobs_of_one_moment_are_listed_once_each(alice_api: APIClient, hourly: list[str]) -> None:
    Job.objects.update(created_at=NOON)

    pages, address = [], "/v1/account/usage?limit=1"
    while address:
        page = alice_api.get(address).json()
        pages += [line["id"] for line in page["results"]]
        address = page["next"]

    assert sorted(pages) == sorted(hourly)
