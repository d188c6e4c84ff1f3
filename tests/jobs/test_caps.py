"""A key spends no more than its caps say, in a day and in a month, whoever comes at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.api_keys import KeyTerms
from accounts.models import ApiKey
from jobs import caps, lifecycle
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job, Status
from jobs.submission import OutputOptions, submit_job
from jobs.uploads import Source, check_input
from tests.cast import Cast, make_cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/image/remove-object"
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def capped(cast: Cast) -> Callable[..., APIClient]:
    """A client of Alice's whose key has these caps."""

    def client(**terms: Any) -> APIClient:
        return cast.api(api_keys.mint_key(user=cast.alice, name="Capped", terms=KeyTerms(**terms))[1])

    return client


def post(client: APIClient, **fields: Any) -> Any:
    return client.post(URL, {"image": upload(photo()), "mask": upload(mask()), **fields})


def capped_key() -> ApiKey:
    return ApiKey.objects.get(name="Capped")


def test_a_key_spends_up_to_its_cap(capped) -> None:
    client = capped(daily_cap_credits=10)

    assert [post(client).status_code for _ in range(3)] == [202, 202, 402]


@pytest.mark.parametrize(
    ("term", "unit", "end"),
    [("daily_cap_credits", "a day", "2026-03-16 00:00"), ("monthly_cap_credits", "a month", "2026-04-01 00:00")],
)
def test_the_refusal_says_which_cap_and_when_it_starts_anew(
    capped, time_machine, term: str, unit: str, end: str
) -> None:
    time_machine.move_to(NOON, tick=False)
    client = capped(**{term: 7})
    post(client)

    answer = post(client)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (402, "key_cap_reached")
    for words in ("7 credits " + unit, "has spent 5", "costs 5", end):
        assert words in body["detail"]


def test_nothing_is_stored_or_held_above_a_cap(cast: Cast, capped, images) -> None:
    client = capped(daily_cap_credits=4)

    post(client)

    assert cast.credits() == (500, 0)
    assert not Job.objects.exists()
    assert [path for path in images.rglob("*") if path.is_file()] == []


def test_another_key_of_the_account_is_not_touched(alice_api: APIClient, capped) -> None:
    client = capped(daily_cap_credits=5)
    post(client)

    assert post(client).status_code == 402
    assert post(alice_api).status_code == 202


@pytest.mark.parametrize("end", [Status.FAILED, Status.BLOCKED, Status.CANCELED])
def test_what_came_back_does_not_count(capped, end: Status) -> None:
    client = capped(daily_cap_credits=5)
    post(client)
    _end(Job.objects.get(), end)

    assert post(client).status_code == 202


def test_a_new_day_starts_the_daily_cap_anew(capped, time_machine) -> None:
    time_machine.move_to(NOON, tick=False)
    client = capped(daily_cap_credits=5)
    post(client)

    time_machine.move_to(datetime(2026, 3, 16, 0, 0, 1, tzinfo=UTC), tick=False)

    assert post(client).status_code == 202


def test_a_new_day_does_not_start_the_monthly_cap_anew(capped, time_machine) -> None:
    time_machine.move_to(NOON, tick=False)
    client = capped(monthly_cap_credits=5)
    post(client)

    time_machine.move_to(NOON + timedelta(days=1), tick=False)
    assert post(client).status_code == 402

    time_machine.move_to(datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC), tick=False)
    assert post(client).status_code == 202


def test_what_costs_nothing_is_not_capped(capped) -> None:
    answer = capped(daily_cap_credits=1).post("/v1/image/segment", {"image": upload(photo()), "bbox": "4,4,9,9"})

    assert answer.status_code == 202


def test_the_page_and_the_refusal_count_the_same(capped) -> None:
    client = capped(daily_cap_credits=100)
    for _ in range(3):
        post(client)
    Job.objects.filter(pk=Job.objects.values("pk")[:1]).update(created_at=timezone.now() - timedelta(days=70))

    assert caps.spent_by([capped_key()]) == {capped_key().pk: caps.Spent(today=10, this_month=10)}


def test_many_keys_are_looked_at_in_one_query(cast: Cast, capped, django_assert_num_queries) -> None:
    post(capped(daily_cap_credits=100))
    keys = [*ApiKey.objects.all(), *[api_keys.mint_key(user=cast.alice, name="More")[0] for _ in range(5)]]

    with django_assert_num_queries(1):
        caps.spent_by(keys)


@pytest.mark.django_db(transaction=True)
def test_copies_that_arrive_together_do_not_exceed_a_cap() -> None:
    cast = make_cast()
    key, _ = api_keys.mint_key(user=cast.alice, name="Capped", terms=KeyTerms(daily_cap_credits=10))
    together = Barrier(6)

    def submit(_: int) -> bool:
        try:
            checked = check_input(
                image=Source(file=io.BytesIO(photo())), mask=Source(file=io.BytesIO(mask())), boxes=()
            )
            together.wait()
            submit_job(user=cast.alice, api_key=key, operation=REMOVE_OBJECT, checked=checked, output=OutputOptions())
        except caps.KeyCapReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        accepted = sum(pool.map(submit, range(6)))

    assert accepted == 2
    assert cast.credits() == (490, 10)


def _end(job: Job, status: Status) -> None:
    if status == Status.CANCELED:
        lifecycle.cancel_job(job=job)
        return
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    end = lifecycle.fail_job if status == Status.FAILED else lifecycle.block_job
    assert end(job_id=job.pk, attempt=claimed.attempt, code="test", message="For the test.")
