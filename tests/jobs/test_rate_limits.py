"""Requests per minute, by plan, on every answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import RequestFactory
from rest_framework.test import APIClient

from pixelsite.lib import ratelimit
from tests.cast import Cast

URL = "/v1/image/remove-object"


@pytest.fixture
def three_a_minute(cast: Cast) -> None:
    plan = cast.wallet.plan
    plan.requests_per_minute = 3
    plan.save()


def test_every_answer_says_where_the_caller_stands(alice_api: APIClient, cast: Cast, three_a_minute: None) -> None:
    answer = alice_api.post(URL)

    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("3", "2")
    assert int(answer["X-RateLimit-Reset"]) > 1_700_000_000


def test_over_the_limit_is_refused_until_the_window_ends(alice_api: APIClient, three_a_minute: None) -> None:
    answers = [alice_api.post(URL) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert answers[-1].json()["code"] == "rate_limited"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_all_keys_of_an_account_count_together_and_other_accounts_apart(
    cast: Cast, alice_api: APIClient, bob_api: APIClient, three_a_minute: None
) -> None:
    for _ in range(3):
        alice_api.post(URL)

    assert cast.api(cast.alice_key).post(URL).status_code == 429
    assert bob_api.post(URL).status_code == 400


def test_reading_has_a_limit_of_its_own(alice_api: APIClient, three_a_minute: None) -> None:
    for _ in range(3):
        alice_api.post(URL)

    answer = alice_api.get("/v1/account/balance")

    assert (answer.status_code, answer["X-RateLimit-Limit"]) == (200, "30")


def test_refused_callers_are_limited_by_their_address(db: None) -> None:
    cache.clear()
    codes = [APIClient().get("/v1/account/balance").status_code for _ in range(62)]

    assert (codes[0], codes[59], codes[61]) == (401, 401, 429)


@pytest.mark.django_db(transaction=True)
def test_a_burst_is_counted_exactly() -> None:
    cache.clear()

    def one(_: int) -> bool:
        try:
            ratelimit.count_request(RequestFactory().get("/"), group="burst", who="alice", limit=20)
        except ratelimit.RateLimited:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(one, range(60)))

    assert passed == 20
