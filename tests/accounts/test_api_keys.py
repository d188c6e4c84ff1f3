"""API keys: what is shown, what is stored, what is accepted."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import ApiKey, User
from billing import invariants
from tests.cast import Cast

URL = "/v1/account/balance"


def _call(header: str | None, path: str = URL, **headers: str) -> Any:
    client = APIClient()
    if header is not None:
        headers["HTTP_AUTHORIZATION"] = header
    client.credentials(**headers)
    return client.get(path)


def test_a_key_has_a_recognisable_shape(cast: Cast) -> None:
    row, key = api_keys.mint_key(user=cast.alice, name="CI")

    assert key.startswith("pk_live_")
    assert (row.prefix, row.last_four, api_keys.is_well_formed(key)) == (key[:12], key[-4:], True)


def test_the_key_itself_is_stored_nowhere(cast: Cast) -> None:
    row, key = api_keys.mint_key(user=cast.alice, name="CI")

    assert key not in repr(ApiKey.objects.values().get(pk=row.pk))
    assert key[12:-4] not in repr(ApiKey.objects.values().get(pk=row.pk))


def test_an_account_may_have_several_keys_and_each_works(cast: Cast) -> None:
    keys = [api_keys.mint_key(user=cast.alice, name=name)[1] for name in ("one", "two")]

    assert [_call(f"Bearer {key}").json()["email"] for key in keys] == ["alice@example.com"] * 2


def test_a_lower_case_scheme_is_accepted(cast: Cast) -> None:
    assert _call(f"bearer {cast.alice_key}").status_code == 200


def test_a_revoked_key_is_refused_at_once(cast: Cast) -> None:
    row = ApiKey.objects.get(user=cast.alice)
    api_keys.revoke_key(user=cast.alice, key_id=row.pk)

    answer = _call(f"Bearer {cast.alice_key}")

    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_revoked")


def test_a_stranger_cannot_revoke_a_key(cast: Cast) -> None:
    row = ApiKey.objects.get(user=cast.alice)

    assert not api_keys.revoke_key(user=cast.bob, key_id=row.pk)
    assert _call(f"Bearer {cast.alice_key}").status_code == 200


def test_the_keys_of_a_closed_account_are_refused(cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)

    assert _call(f"Bearer {cast.alice_key}").status_code == 401


def test_using_a_key_is_noted(cast: Cast) -> None:
    _call(f"Bearer {cast.alice_key}")

    assert ApiKey.objects.get(user=cast.alice).last_used_at is not None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "api_key_missing"),
        ("Bearer", "api_key_invalid"),
        ("Bearer ", "api_key_invalid"),
        ("Bearer  two-spaces", "api_key_invalid"),
        ("Bearer pk_live_short", "api_key_invalid"),
        ("Bearer pk_live_" + "0" * 38, "api_key_invalid"),
        ("Bearer " + "x" * 10_000, "api_key_invalid"),
        ("Bearer pk_live_ümlaut", "api_key_invalid"),
        ("Basic dXNlcjpwYXNz", "api_key_invalid"),
    ],
)
def test_a_wrong_header_is_refused(db: None, header: str | None, code: str) -> None:
    answer = _call(header)

    assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (401, code, "Bearer")


def test_a_well_formed_key_that_does_not_exist_is_refused(cast: Cast) -> None:
    key = cast.alice_key
    body = key[:-7] + ("A" if key[-7] != "A" else "B")
    other = body + api_keys._checksum(body)

    assert api_keys.is_well_formed(other)
    assert _call(f"Bearer {other}").status_code == 401


def test_a_typo_costs_no_database_query_for_the_key(cast: Cast, django_assert_num_queries) -> None:
    with django_assert_num_queries(0), pytest.raises(api_keys.ApiKeyInvalid):
        api_keys.verify_key(cast.alice_key[:-1] + "!")


def test_a_key_in_the_address_is_refused_and_told_where_it_belongs(cast: Cast) -> None:
    answer = _call(None, path=f"{URL}?api_key={cast.alice_key}")

    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_in_url")


def test_a_key_in_another_header_is_refused_and_told_where_it_belongs(cast: Cast) -> None:
    answer = _call(None, HTTP_X_API_KEY=cast.alice_key)

    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["detail"]


def test_the_command_prints_nothing_but_a_working_key(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("createapikey", "New.Dev@example.com", "--credits", "12")

    key = capsys.readouterr().out.strip()
    body = _call(f"Bearer {key}").json()
    assert (body["email"], body["credits_remaining"], body["plan"]) == ("new.dev@example.com", 12.0, "free")


def test_the_command_brings_an_account_to_the_credits_asked_for(cast: Cast) -> None:
    for credits_wanted in (1_000, 0):
        call_command("createapikey", "alice@example.com", "--credits", str(credits_wanted))
        assert cast.credits() == (credits_wanted, 0)

    assert invariants.violations() == []


@pytest.mark.parametrize("arguments", [["nobody"], ["a@b.example", "--credits", "-1"]])
def test_the_command_refuses_nonsense(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("createapikey", *arguments)
