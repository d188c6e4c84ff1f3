"""An account says once that it holds the rights to its pictures, through the API or with the dashboard's button."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import rights
from accounts.models import AuditEvent, User
from tests.cast import Cast

ADDRESS = "/v1/account/rights"


def _confirmations(cast: Cast) -> int:
    return AuditEvent.objects.filter(user=cast.alice, kind="rights_confirmed").count()


def _alice(cast: Cast) -> User:
    return User.objects.get(pk=cast.alice.pk)


def test_nobody_has_confirmed_who_was_not_asked(cast: Cast, alice_api: APIClient) -> None:
    assert alice_api.get(ADDRESS).json() == {"confirmed": False, "confirmed_at": None, "statement": rights.STATEMENT}
    assert not rights.are_confirmed(cast.alice)


def test_a_confirmation_is_answered_and_kept(cast: Cast, alice_api: APIClient) -> None:
    answer = alice_api.post(ADDRESS, {"confirm": True}, format="json")

    assert (answer.status_code, answer.json()["confirmed"]) == (200, True)
    assert answer.json() == alice_api.get(ADDRESS).json()
    assert rights.are_confirmed(_alice(cast))


def test_a_confirmation_is_written_down_with_the_address(cast: Cast, alice_api: APIClient) -> None:
    alice_api.post(ADDRESS, {"confirm": True}, format="json", REMOTE_ADDR="192.0.2.7")

    assert AuditEvent.objects.get(user=cast.alice, kind="rights_confirmed").address == "192.0.2.7"


def test_confirming_twice_is_confirming_once(cast: Cast, alice_api: APIClient) -> None:
    first = alice_api.post(ADDRESS, {"confirm": True}, format="json").json()
    rights.confirm(cast.alice)  # as it was loaded before the first

    assert _confirmations(cast) == 1
    assert alice_api.get(ADDRESS).json() == first
    assert rights.are_confirmed(cast.alice)


def test_a_confirmation_is_of_one_account_only(cast: Cast, alice_api: APIClient) -> None:
    alice_api.post(ADDRESS, {"confirm": True}, format="json")

    assert not cast.api(cast.bob_key).get(ADDRESS).json()["confirmed"]


@pytest.mark.parametrize(
    "body",
    [{}, {"confirm": False}, {"confirm": None}, {"confirm": 1}, {"confirm": "true"}, {"confirm": [True]}, {"yes": True},
     {"confirm": True, "for": "bob"}],
    ids=str,
)  # fmt: skip
def test_anything_but_a_plain_yes_confirms_nothing(cast: Cast, alice_api: APIClient, body: dict[str, Any]) -> None:
    answer = alice_api.post(ADDRESS, body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_confirmation")
    assert not rights.are_confirmed(_alice(cast))


def test_a_form_is_not_a_confirmation(cast: Cast, alice_api: APIClient) -> None:
    answer = alice_api.post(ADDRESS, {"confirm": "true"}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert not rights.are_confirmed(_alice(cast))


def test_the_dashboards_button_confirms_and_goes(cast: Cast, alice_browser: Client) -> None:
    before = alice_browser.get("/dashboard/").content.decode()
    answer = alice_browser.post("/accounts/rights/", follow=True)

    assert rights.STATEMENT in before
    assert 'action="/accounts/rights/"' in before
    assert rights.are_confirmed(_alice(cast))
    assert rights.STATEMENT not in answer.content.decode()


def test_the_dashboards_button_needs_our_own_page(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)

    assert client.post("/accounts/rights/").status_code == 403
    assert not rights.are_confirmed(_alice(cast))
