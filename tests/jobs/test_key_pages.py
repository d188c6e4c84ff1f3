"""The page of API keys: made, shown once, changed, replaced, revoked, by their owner and by nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import api_keys
from accounts.api_keys import KeyTerms
from accounts.models import ApiKey, Scope
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload

URL = "/keys/"
NEW = {"name": "CI", "kind": "live", "scopes": Scope.values}


@pytest.fixture
def bob_browser(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


@pytest.fixture
def key(cast: Cast) -> ApiKey:
    return ApiKey.objects.get(user=cast.alice)


def made() -> ApiKey:
    return ApiKey.objects.get(name="CI")


@pytest.mark.parametrize("path", ["/keys/", "/keys/1/", "/keys/1/rotate/", "/keys/1/revoke/"])
def test_the_page_asks_to_sign_in(db: None, client: Client, path: str) -> None:
    answer = client.post(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")


class TestMaking:
    def test_a_new_key_is_shown_once(self, cast: Cast, alice_browser: Client) -> None:
        page = alice_browser.post(URL, NEW)
        again = alice_browser.get(URL)

        key = page.context["new_key"]
        assert key in page.content.decode()
        assert key not in again.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert cast.api(key).get("/v1/account/balance").status_code == 200

    def test_a_key_may_do_everything_unless_limited(self, alice_browser: Client) -> None:
        alice_browser.post(URL, NEW)

        key = made()
        limits = (key.scopes, key.expires_at, key.daily_cap_credits, key.monthly_cap_credits, key.is_sandbox)
        assert limits == ([], None, None, None, False)

    def test_a_key_has_the_limits_that_were_typed(self, alice_browser: Client, time_machine) -> None:
        time_machine.move_to(datetime(2026, 3, 15, 12, tzinfo=UTC), tick=False)
        limits = {"scopes": ["read"], "expires_on": "2026-03-20", "daily_cap_credits": "50", "monthly_cap_credits": "9"}

        alice_browser.post(URL, NEW | limits)

        key = made()
        assert (key.scopes, key.daily_cap_credits, key.monthly_cap_credits) == (["read"], 50, 9)
        assert key.expires_at == datetime(2026, 3, 21, tzinfo=UTC)  # the last day is a whole one

    def test_a_test_key_is_made(self, alice_browser: Client) -> None:
        page = alice_browser.post(URL, NEW | {"kind": "test"})

        assert page.context["new_key"].startswith("pk_test_")
        assert made().is_sandbox

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "  "},
            {"name": "x" * 61},
            {"kind": "other"},
            {"kind": ""},
            {"scopes": []},
            {"scopes": ["everything"]},
            {"expires_on": "2020-01-01"},
            {"expires_on": "9999-12-31"},
            {"expires_on": "soon"},
            {"daily_cap_credits": "0"},
            {"daily_cap_credits": "-5"},
            {"daily_cap_credits": "1.5"},
            {"monthly_cap_credits": "99999999999"},
            {"kind": "test", "daily_cap_credits": "5"},
            {"kind": "test", "monthly_cap_credits": "5"},
        ],
    )
    def test_what_makes_no_sense_is_refused_on_the_page(self, alice_browser: Client, wrong: dict[str, Any]) -> None:
        page = alice_browser.post(URL, NEW | wrong)

        assert page.status_code == 422
        assert 'role="alert"' in page.content.decode()
        assert ApiKey.objects.filter(user__email="alice@example.com").count() == 1

    def test_what_was_typed_is_still_there_after_a_refusal(self, alice_browser: Client) -> None:
        page = alice_browser.post(URL, NEW | {"daily_cap_credits": "0", "expires_on": "2031-02-03"}).content.decode()

        assert 'value="CI"' in page
        assert 'value="2031-02-03"' in page

    def test_too_many_are_refused_on_the_page(self, alice_browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api_keys, "LIVE_KEYS_MAX", 1)

        page = alice_browser.post(URL, NEW)

        assert page.status_code == 422
        assert "Revoke one" in page.content.decode()


class TestChanging:
    def test_the_form_shows_the_key_as_it_is(self, cast: Cast, alice_browser: Client) -> None:
        terms = KeyTerms(scopes=(Scope.READ,), daily_cap_credits=77, expires_at=datetime(2031, 2, 4, tzinfo=UTC))
        key, _ = api_keys.mint_key(user=cast.alice, name="CI", terms=terms)

        page = alice_browser.get(f"/keys/{key.pk}/").content.decode()

        assert 'value="77"' in page
        assert 'value="2031-02-03"' in page
        assert 'value="read" checked' in page
        assert 'value="submit" checked' not in page

    def test_a_key_is_changed(self, alice_browser: Client, key: ApiKey) -> None:
        answer = alice_browser.post(
            f"/keys/{key.pk}/", {"name": "Nightly", "scopes": ["submit"], "daily_cap_credits": "40"}
        )

        key.refresh_from_db()
        assert (answer.status_code, answer["Location"]) == (302, URL)
        assert (key.name, key.scopes, key.daily_cap_credits) == ("Nightly", ["submit"], 40)

    def test_limits_are_taken_off(self, cast: Cast, alice_browser: Client) -> None:
        terms = KeyTerms(scopes=(Scope.READ,), monthly_cap_credits=5, expires_at=timezone.now() + timedelta(days=9))
        key, _ = api_keys.mint_key(user=cast.alice, name="CI", terms=terms)

        alice_browser.post(f"/keys/{key.pk}/", {"name": "CI", "scopes": Scope.values, "expires_on": ""})

        key.refresh_from_db()
        assert (key.scopes, key.monthly_cap_credits, key.expires_at) == ([], None, None)

    def test_a_replaced_key_that_is_renamed_does_not_get_the_rest_of_its_last_day(
        self, cast: Cast, alice_browser: Client, key: ApiKey
    ) -> None:
        api_keys.rotate_key(user=cast.alice, key_id=key.pk, overlap=timedelta(hours=1))
        key.refresh_from_db()
        ends_at = key.expires_at
        assert ends_at is not None

        alice_browser.post(
            f"/keys/{key.pk}/",
            {"name": "Old", "scopes": Scope.values, "expires_on": f"{ends_at - timedelta(microseconds=1):%Y-%m-%d}"},
        )

        key.refresh_from_db()
        assert (key.name, key.expires_at) == ("Old", ends_at)

    def test_nonsense_is_refused(self, alice_browser: Client, key: ApiKey) -> None:
        answer = alice_browser.post(f"/keys/{key.pk}/", {"name": "", "scopes": []})

        assert answer.status_code == 422

    def test_a_key_that_has_ended_stays_as_it_is(self, cast: Cast, alice_browser: Client, key: ApiKey) -> None:
        api_keys.revoke_key(user=cast.alice, key_id=key.pk)

        alice_browser.post(f"/keys/{key.pk}/", {"name": "Back", "scopes": Scope.values})

        key.refresh_from_db()
        assert key.name == "Alice's key"


class TestReplacing:
    @pytest.mark.parametrize("hours", ["0", "1", "24", "72"])
    def test_the_new_key_is_shown_once_and_the_old_one_ends(
        self, alice_browser: Client, key: ApiKey, hours: str
    ) -> None:
        page = alice_browser.post(f"/keys/{key.pk}/rotate/", {"overlap": hours})

        key.refresh_from_db()
        assert page.context["new_key"] in page.content.decode()
        assert key.expires_at is not None
        assert abs(key.expires_at - timezone.now() - timedelta(hours=int(hours))) < timedelta(minutes=1)

    @pytest.mark.parametrize("overlap", ["", "-1", "9999", "x", None])
    def test_another_overlap_than_those_offered_changes_nothing(
        self, alice_browser: Client, key: ApiKey, overlap: str | None
    ) -> None:
        alice_browser.post(f"/keys/{key.pk}/rotate/", {} if overlap is None else {"overlap": overlap})

        assert ApiKey.objects.get(user=key.user) == key
        key.refresh_from_db()
        assert key.expires_at is None


class TestRevoking:
    def test_a_key_is_revoked_by_its_owner(self, alice_browser: Client, key: ApiKey) -> None:
        alice_browser.post(f"/keys/{key.pk}/revoke/")

        key.refresh_from_db()
        assert key.is_revoked

    @pytest.mark.parametrize("what", ["", "rotate/", "revoke/"])
    def test_a_stranger_changes_nothing(self, bob_browser: Client, key: ApiKey, what: str) -> None:
        fields = {"name": "Mine", "scopes": Scope.values, "overlap": "0"}

        assert bob_browser.post(f"/keys/{key.pk}/{what}", fields).status_code == 404
        before = (key.name, key.revoked_at, key.expires_at)
        key.refresh_from_db()
        assert (key.name, key.revoked_at, key.expires_at) == before


class TestList:
    def test_what_a_key_has_spent_stands_beside_its_caps(self, cast: Cast, alice_browser: Client) -> None:
        _, key = api_keys.mint_key(user=cast.alice, name="CI", terms=KeyTerms(daily_cap_credits=1234))
        cast.api(key).post("/v1/image/remove-object", {"image": upload(photo()), "mask": upload(mask())})

        page = alice_browser.get(URL).content.decode()

        assert "5 of 1,234 credits" in page
        assert '<progress class="progress" max="1234" value="5"' in page

    def test_keys_that_have_ended_stand_apart_and_say_why(self, cast: Cast, alice_browser: Client) -> None:
        for name, terms in (("Gone", KeyTerms(expires_at=timezone.now() - timedelta(days=2))), ("Off", KeyTerms())):
            row, _ = api_keys.mint_key(user=cast.alice, name=name, terms=terms)
            if name == "Off":
                api_keys.revoke_key(user=cast.alice, key_id=row.pk)

        context = alice_browser.get(URL).context

        assert [card["name"] for card in context["keys"]] == ["Alice's key"]
        assert {(card["name"], card["has_expired"], card["is_revoked"]) for card in context["ended"]} == {
            ("Gone", True, False),
            ("Off", False, True),
        }

    def test_a_longer_list_takes_no_more_queries(self, cast: Cast, alice_browser: Client) -> None:
        counts = []
        for _ in range(2):
            api_keys.mint_key(user=cast.alice, name="More")
            with CaptureQueriesContext(connection) as queries:
                alice_browser.get(URL)
            counts.append(len(queries))

        assert counts[0] == counts[1]

    def test_whoever_has_no_key_is_told_how_to_begin(self, cast: Cast, alice_browser: Client, key: ApiKey) -> None:
        key.delete()

        assert 'data-testid="no-keys"' in alice_browser.get(URL).content.decode()
        assert 'data-testid="first-key"' in alice_browser.get("/dashboard/").content.decode()

    def test_the_dashboard_does_not_urge_whoever_has_one(self, alice_browser: Client) -> None:
        assert 'data-testid="first-key"' not in alice_browser.get("/dashboard/").content.decode()
