"""Keeping an account out and letting it in again: by operators, with a reason, never themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import letters, services, suspension
from accounts.models import AuditEvent, Letter, User
from tests.cast import Cast

REASON = "Stolen card, says the bank"


@pytest.fixture
def olga_browser(cast: Cast) -> Client:
    browser = Client()
    browser.force_login(cast.olga)
    return browser


@pytest.fixture
def staff(cast: Cast) -> User:
    """An operator who may change accounts, and is no superuser."""
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "view_user"]))
    return staff


def _suspend(cast: Cast) -> None:
    suspension.suspend(cast.alice, actor=cast.olga, reason=REASON)


def test_keys_of_a_suspended_account_are_told_why_they_are_refused(cast: Cast) -> None:
    _suspend(cast)

    answer = cast.api(cast.alice_key).get("/v1/account/balance")

    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")
    assert "suspended" in answer.json()["detail"]


def test_refused_keys_of_a_suspended_account_count_against_the_address(cast: Cast) -> None:
    _suspend(cast)
    api = cast.api(cast.alice_key)

    assert [api.get("/v1/account/balance").status_code for _ in range(61)][-1] == 429


def test_browsers_of_a_suspended_account_are_signed_out(cast: Cast, alice_browser: Client) -> None:
    _suspend(cast)

    assert alice_browser.get("/dashboard/").status_code == 302


def test_the_customer_is_told_with_the_reason(cast: Cast) -> None:
    _suspend(cast)

    letter = Letter.objects.get(kind="account_suspended")
    assert (letter.address, REASON in letters.subject_and_text(letter)[1]) == ("alice@example.com", True)


def test_it_is_written_down_once_with_who_and_why(cast: Cast) -> None:
    _suspend(cast)

    event = AuditEvent.objects.get(kind="suspended")
    assert (event.user, event.actor, event.reason) == (cast.alice, cast.olga, REASON)


def test_a_restored_account_works_as_before(cast: Cast) -> None:
    _suspend(cast)
    suspension.restore(cast.alice, actor=cast.olga, reason="The bank was wrong")

    assert cast.api(cast.alice_key).get("/v1/account/balance").status_code == 200
    assert Letter.objects.filter(kind="account_restored", address="alice@example.com").exists()


@pytest.mark.parametrize("round_", [1, 2])
def test_every_suspension_has_a_letter_of_its_own(cast: Cast, round_: int) -> None:
    for _ in range(round_):
        _suspend(cast)
        suspension.restore(cast.alice, actor=cast.olga, reason="all is well again")

    assert Letter.objects.filter(kind="account_suspended").count() == round_


def test_nobody_suspends_themselves(cast: Cast) -> None:
    with pytest.raises(suspension.NotSuspendable, match="your own"):
        suspension.suspend(cast.olga, actor=cast.olga, reason=REASON)


def test_a_superuser_is_suspended_by_superusers_only(cast: Cast, staff: User) -> None:
    with pytest.raises(suspension.NotSuspendable, match="superuser"):
        suspension.suspend(cast.olga, actor=staff, reason=REASON)


def test_a_closed_account_is_neither_suspended_nor_restored(cast: Cast) -> None:
    services.close_account(cast.alice)

    with pytest.raises(suspension.NotSuspendable):
        _suspend(cast)
    with pytest.raises(suspension.NotSuspended):
        suspension.restore(cast.alice, actor=cast.olga, reason="let it in")


def test_a_suspended_account_can_be_closed(cast: Cast) -> None:
    _suspend(cast)
    services.close_account(cast.alice)

    cast.alice.refresh_from_db()
    assert (services.is_closed(cast.alice), cast.alice.suspended_at) == (True, None)
    assert cast.api(cast.alice_key).get("/v1/account/balance").status_code == 401


def test_the_button_in_the_admin_suspends(olga_browser: Client, cast: Cast) -> None:
    answer = olga_browser.post(f"/admin/accounts/user/{cast.alice.pk}/suspend/", {"reason": REASON})

    cast.alice.refresh_from_db()
    assert (answer.status_code, cast.alice.is_active, cast.alice.suspended_reason) == (302, False, REASON)
    assert AuditEvent.objects.filter(actor=cast.olga).count() == 1


def test_the_button_in_the_admin_restores(olga_browser: Client, cast: Cast) -> None:
    _suspend(cast)

    olga_browser.post(f"/admin/accounts/user/{cast.alice.pk}/restore/", {"reason": "The bank was wrong"})

    cast.alice.refresh_from_db()
    assert cast.alice.is_active


@pytest.mark.parametrize("reason", ["", "no"])
def test_without_a_reason_nothing_happens(olga_browser: Client, cast: Cast, reason: str) -> None:
    answer = olga_browser.post(f"/admin/accounts/user/{cast.alice.pk}/suspend/", {"reason": reason})

    cast.alice.refresh_from_db()
    assert (answer.status_code, cast.alice.is_active) == (400, True)


def test_an_operator_without_the_right_cannot_suspend(cast: Cast, client: Client) -> None:
    client.force_login(User.objects.create_user("looker@example.com", is_staff=True))

    answer = client.post(f"/admin/accounts/user/{cast.alice.pk}/suspend/", {"reason": REASON})

    assert answer.status_code == 403


def test_a_refused_suspension_is_said_on_the_page(client: Client, cast: Cast, staff: User) -> None:
    client.force_login(staff)

    answer = client.post(f"/admin/accounts/user/{cast.olga.pk}/suspend/", {"reason": REASON})

    assert (answer.status_code, "Only a superuser" in answer.content.decode()) == (409, True)


def test_the_switch_itself_is_not_in_the_form(olga_browser: Client, cast: Cast, settings: Any) -> None:
    page = olga_browser.get(f"/admin/accounts/user/{cast.alice.pk}/change/").content.decode()

    assert 'name="is_active"' not in page
