"""How often one address may begin to sign in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client


@pytest.fixture(autouse=True)
def _two_a_minute(db: None, settings: Any) -> None:
    settings.DEBUG = True  # the demo's button stands for all of them
    settings.SIGN_INS_PER_MINUTE = 2
    cache.clear()


def _answers(count: int, address: str) -> list[int]:
    return [Client(REMOTE_ADDR=address).post("/accounts/demo/").status_code for _ in range(count)]


def test_an_address_that_begins_too_often_is_asked_to_wait() -> None:
    refused = Client(REMOTE_ADDR="192.0.2.1")

    assert _answers(2, "192.0.2.1") == [302, 302]
    answer = refused.post("/accounts/demo/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


def test_another_address_is_not_held_back_by_it() -> None:
    _answers(3, "192.0.2.1")

    assert _answers(1, "192.0.2.2") == [302]


def test_looking_at_the_sign_in_page_is_not_counted() -> None:
    client = Client(REMOTE_ADDR="192.0.2.1")

    assert {client.get("/accounts/login/").status_code for _ in range(5)} == {200}
