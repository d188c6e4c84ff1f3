"""What a key may be used for, until when; changing it, replacing it, revoking it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import api_keys
from accounts.api_keys import KeyTerms
from accounts.models import ApiKey, AuditEvent, Scope
from tests.cast import Cast

READ, SUBMIT = "/v1/account/balance", "/v1/account/rights"
HOUR = timedelta(hours=1)


@pytest.fixture
def mint(cast: Cast) -> Callable[..., tuple[ApiKey, str]]:
    """Make a key of Alice's with these terms."""

    def mint(*, is_sandbox: bool = False, **terms: Any) -> tuple[ApiKey, str]:
        return api_keys.mint_key(user=cast.alice, name="CI", is_sandbox=is_sandbox, terms=KeyTerms(**terms))

    return mint


def _code(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


class TestKind:
    def test_a_test_key_is_told_from_a_live_one_by_its_beginning(self, mint) -> None:
        row, key = mint(is_sandbox=True)

        assert key.startswith("pk_test_")
        assert row.prefix == key[:12]
        assert api_keys.is_well_formed(key)

    def test_a_test_key_opens_the_api(self, cast: Cast, mint) -> None:
        assert cast.api(mint(is_sandbox=True)[1]).get(READ).status_code == 200

    def test_a_live_key_cannot_be_written_as_a_test_key(self, cast: Cast) -> None:
        written = cast.alice_key.replace("pk_live_", "pk_test_")

        assert not api_keys.is_well_formed(written)


class TestExpiry:
    def test_a_key_works_until_it_expires(self, cast: Cast, mint) -> None:
        _, key = mint(expires_at=timezone.now() + HOUR)

        assert cast.api(key).get(READ).status_code == 200

    def test_an_expired_key_is_refused_with_the_time_it_expired(self, cast: Cast, mint) -> None:
        expired_at = timezone.now() - HOUR
        _, key = mint(expires_at=expired_at)

        answer = cast.api(key).get(READ)

        assert _code(answer) == (401, "api_key_expired")
        assert f"{expired_at:%Y-%m-%d %H:%M}" in answer.json()["detail"]
        assert answer["WWW-Authenticate"] == "Bearer"

    def test_an_expired_key_does_not_count_as_used(self, cast: Cast, mint) -> None:
        row, key = mint(expires_at=timezone.now() - HOUR)

        cast.api(key).get(READ)

        row.refresh_from_db()
        assert row.last_used_at is None


class TestScopes:
    def test_a_key_without_scopes_may_do_everything(self, cast: Cast, mint) -> None:
        client = cast.api(mint()[1])

        assert client.get(READ).status_code == 200
        assert client.post(SUBMIT, {"confirm": True}, format="json").status_code == 200

    def test_a_key_that_may_only_read_reads(self, cast: Cast, mint) -> None:
        assert cast.api(mint(scopes=(Scope.READ,))[1]).get(READ).status_code == 200

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "/v1/image/remove-object"),
            ("post", "/v1/image/segment"),
            ("post", SUBMIT),
            ("delete", "/v1/image/00000000-0000-0000-0000-000000000000"),
            ("post", "/v1/image/00000000-0000-0000-0000-000000000000/appeal"),
        ],
    )
    def test_a_key_that_may_only_read_changes_nothing(self, cast: Cast, mint, method: str, path: str) -> None:
        client = cast.api(mint(scopes=(Scope.READ,))[1])

        answer = getattr(client, method)(path)

        assert _code(answer) == (403, "scope_missing")
        assert "`submit`" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "path",
        [READ, "/v1/account/usage", "/v1/models", "/v1/image/00000000-0000-0000-0000-000000000000", SUBMIT],
    )
    def test_a_key_that_may_only_submit_reads_nothing(self, cast: Cast, mint, path: str) -> None:
        answer = cast.api(mint(scopes=(Scope.SUBMIT,))[1]).get(path)

        assert _code(answer) == (403, "scope_missing")
        assert "`read`" in answer.json()["detail"]

    def test_a_key_that_may_only_submit_submits(self, cast: Cast, mint) -> None:
        answer = cast.api(mint(scopes=(Scope.SUBMIT,))[1]).post("/v1/image/remove-object")

        assert answer.status_code in (400, 415, 422)  # let in: what is missing is the picture

    def test_refusals_for_want_of_a_scope_are_counted(self, cast: Cast, mint) -> None:
        client = cast.api(mint(scopes=(Scope.READ,))[1])
        cache.clear()

        answers = [client.post(SUBMIT, {"confirm": True}, format="json").status_code for _ in range(61)]

        assert (answers[0], answers[-1]) == (403, 429)


class TestChange:
    def test_other_terms_hold_from_the_next_request_on(self, cast: Cast, mint) -> None:
        row, key = mint()

        api_keys.change_key(user=cast.alice, key_id=row.pk, name="CI", terms=KeyTerms(scopes=(Scope.SUBMIT,)))

        assert _code(cast.api(key).get(READ)) == (403, "scope_missing")

    def test_a_change_is_written_down_with_what_was_changed(self, cast: Cast, mint) -> None:
        row, _ = mint()

        api_keys.change_key(user=cast.alice, key_id=row.pk, name="Nightly", terms=KeyTerms(daily_cap_credits=50))

        event = AuditEvent.objects.get(kind="key_changed")
        assert "daily cap" in event.about
        assert "name" in event.about
        assert "monthly" not in event.about

    def test_saving_without_a_change_is_not_written_down(self, cast: Cast, mint) -> None:
        row, _ = mint()

        api_keys.change_key(user=cast.alice, key_id=row.pk, name="CI", terms=KeyTerms())

        assert not AuditEvent.objects.filter(kind="key_changed").exists()

    def test_a_stranger_changes_nothing(self, cast: Cast, mint) -> None:
        row, _ = mint()

        with pytest.raises(api_keys.KeyNotLive):
            api_keys.change_key(user=cast.bob, key_id=row.pk, name="Mine", terms=KeyTerms())

    def test_an_expired_key_cannot_be_brought_back(self, cast: Cast, mint) -> None:
        row, _ = mint(expires_at=timezone.now() - HOUR)

        with pytest.raises(api_keys.KeyNotLive):
            api_keys.change_key(user=cast.alice, key_id=row.pk, name="CI", terms=KeyTerms())


class TestRotation:
    def test_both_keys_work_during_the_overlap(self, cast: Cast, mint) -> None:
        row, old = mint()

        _, new = api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)

        assert [cast.api(key).get(READ).status_code for key in (old, new)] == [200, 200]

    def test_the_old_key_ends_with_the_overlap(self, cast: Cast, mint) -> None:
        row, _ = mint()

        api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)

        row.refresh_from_db()
        assert row.expires_at is not None
        assert timedelta(0) < row.expires_at - timezone.now() <= HOUR

    def test_without_an_overlap_the_old_key_ends_at_once(self, cast: Cast, mint) -> None:
        row, old = mint()

        api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=timedelta(0))

        assert _code(cast.api(old).get(READ)) == (401, "api_key_expired")

    def test_a_key_that_ends_sooner_anyway_is_not_prolonged(self, cast: Cast, mint) -> None:
        ends_at = timezone.now() + HOUR
        row, _ = mint(expires_at=ends_at)

        api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=timedelta(hours=72))

        row.refresh_from_db()
        assert row.expires_at == ends_at

    def test_the_new_key_has_the_name_kind_and_limits_of_the_old_one(self, cast: Cast, mint) -> None:
        row, _ = mint(is_sandbox=True, scopes=(Scope.READ,), daily_cap_credits=5, monthly_cap_credits=50)

        new, key = api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)

        facts = ("name", "is_sandbox", "scopes", "daily_cap_credits", "monthly_cap_credits")
        assert [getattr(new, fact) for fact in facts] == [getattr(row, fact) for fact in facts]
        assert key.startswith("pk_test_")

    def test_the_new_key_lasts_as_long_as_the_old_one_was_to(self, cast: Cast, mint) -> None:
        row, _ = mint(expires_at=timezone.now() + timedelta(days=90))
        ApiKey.objects.filter(pk=row.pk).update(
            created_at=timezone.now() - timedelta(days=80), expires_at=timezone.now() + timedelta(days=10)
        )

        new, _ = api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)

        assert new.expires_at is not None
        assert abs(new.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)

    def test_it_is_written_down_without_the_key(self, cast: Cast, mint) -> None:
        row, _ = mint()

        _, new = api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)

        event = AuditEvent.objects.get(kind="key_rotated")
        assert new[-4:] in event.about
        assert new not in event.about

    def test_a_revoked_key_cannot_be_replaced(self, cast: Cast, mint) -> None:
        row, _ = mint()
        api_keys.revoke_key(user=cast.alice, key_id=row.pk)

        with pytest.raises(api_keys.KeyNotLive):
            api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=HOUR)


class TestHowMany:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api_keys, "LIVE_KEYS_MAX", 2)  # Alice has one

    def test_an_account_has_no_more_than_so_many_keys_that_work(self, mint) -> None:
        mint()

        with pytest.raises(api_keys.TooManyKeys):
            mint()

    def test_keys_that_have_ended_do_not_count(self, cast: Cast, mint) -> None:
        row, _ = mint()
        api_keys.revoke_key(user=cast.alice, key_id=row.pk)
        mint(expires_at=timezone.now() - HOUR)

        assert api_keys.is_well_formed(mint()[1])

    def test_replacing_without_an_overlap_needs_no_room(self, cast: Cast, mint) -> None:
        row, _ = mint()

        api_keys.rotate_key(user=cast.alice, key_id=row.pk, overlap=timedelta(0))

        with pytest.raises(api_keys.TooManyKeys):
            api_keys.rotate_key(user=cast.alice, key_id=api_keys.live_keys(cast.alice)[0].pk, overlap=HOUR)
