"""The page of an account, and deleting it."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import api_keys, letters, services
from accounts.models import ApiKey, AuditEvent, AuditKind, Letter, User
from tests.cast import Cast


def test_it_says_who_it_is(alice_browser: Client) -> None:
    page = alice_browser.get("/account/").content.decode()

    assert ("<dd>Alice</dd>" in page, "<dd>alice@example.com</dd>" in page) == (True, True)


def test_it_says_what_happened_to_the_account(alice_browser: Client, cast: Cast) -> None:
    api_keys.mint_key(user=cast.alice, name="CI of mine")

    assert "CI of mine" in alice_browser.get("/account/").content.decode()


def test_what_is_between_operators_is_not_told(alice_browser: Client, cast: Cast) -> None:
    for kind in (AuditKind.FLAGGED, AuditKind.ADMIN_ACTION):
        AuditEvent.objects.create(user=cast.alice, kind=kind, about="between us")

    assert "between us" not in alice_browser.get("/account/").content.decode()


@pytest.mark.parametrize("events", [1, 200])
def test_it_takes_the_same_queries_however_much_happened(
    alice_browser: Client, cast: Cast, events: int, django_assert_num_queries: Any
) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(user=cast.alice, kind=AuditKind.SUSPENDED, actor=cast.olga) for _ in range(events)
    )

    with django_assert_num_queries(7):
        page = alice_browser.get("/account/").content.decode()
    assert page.count('data-testid="event-row"') <= 50


@pytest.mark.parametrize("typed", ["alice@example.com", " Alice@Example.com"])
def test_deleting_asks_for_the_address_and_then_closes(alice_browser: Client, cast: Cast, typed: str) -> None:
    answer = alice_browser.post("/account/delete/", {"email": typed})

    cast.alice.refresh_from_db()
    assert (answer.status_code, answer["Location"], services.is_closed(cast.alice)) == (302, "/account/closed/", True)
    assert alice_browser.get("/account/closed/").status_code == 200
    assert alice_browser.get("/account/").status_code == 302


@pytest.mark.parametrize("typed", ["", "bob@example.com", "alice"])
def test_anything_else_deletes_nothing(alice_browser: Client, cast: Cast, typed: str) -> None:
    answer = alice_browser.post("/account/delete/", {"email": typed})

    cast.alice.refresh_from_db()
    assert (answer.status_code, cast.alice.email) == (400, "alice@example.com")


def test_the_page_before_says_what_is_lost(alice_browser: Client) -> None:
    page = alice_browser.get("/account/delete/").content.decode()

    assert ("500" in page, "subscription is canceled" in page) == (True, True)


def test_a_last_letter_goes_to_the_address_and_is_forgotten_once_sent(cast: Cast) -> None:
    letters.write(address="alice@example.com", kind="account_restored", key="older", context={})
    services.close_account(cast.alice)
    letter = Letter.objects.get()

    assert (letter.address, letter.kind, services.forget_farewells()) == ("alice@example.com", "account_closed", 0)
    Letter.objects.update(sent_at=letter.created_at)
    assert services.forget_farewells() == 1


def test_no_row_names_the_person_afterwards(alice_browser: Client, cast: Cast) -> None:
    olga = Client()
    olga.force_login(cast.olga)
    olga.post(f"/admin/accounts/user/{cast.alice.pk}/change/", {"email": "alice@example.com", "name": "Alice II"})
    alice_browser.post("/account/delete/", {"email": "alice@example.com"}, REMOTE_ADDR="192.0.2.3")

    assert LogEntry.objects.filter(object_id=str(cast.alice.pk)).exists()
    assert not LogEntry.objects.filter(object_repr__contains="alice").exists()
    assert not AuditEvent.objects.filter(user=cast.alice, address__isnull=False).exists()
    assert not AuditEvent.objects.filter(about__contains="alice").exists()
    assert not ApiKey.objects.filter(name__contains="alice").exists()
    assert not UserSession.objects.filter(user=cast.alice).exists()
    assert not Letter.objects.exclude(kind="account_closed").filter(address__contains="alice").exists()


def test_every_browser_is_signed_out(alice_browser: Client, cast: Cast) -> None:
    elsewhere = Client()
    elsewhere.force_login(cast.alice)
    alice_browser.post("/account/delete/", {"email": "alice@example.com"})

    assert elsewhere.get("/dashboard/").status_code == 302


def test_the_only_superuser_stays(client: Client, cast: Cast) -> None:
    client.force_login(cast.olga)

    answer = client.post("/account/delete/", {"email": "olga@example.com"})

    cast.olga.refresh_from_db()
    assert (answer.status_code, cast.olga.is_active) == (409, True)
    assert "another superuser" in answer.content.decode()


def test_one_of_two_superusers_may_go(client: Client, cast: Cast) -> None:
    User.objects.create_superuser("second@example.com", "a long pass phrase")
    client.force_login(cast.olga)
    client.post("/account/delete/", {"email": "olga@example.com"})

    cast.olga.refresh_from_db()
    assert (services.is_closed(cast.olga), cast.olga.is_superuser, cast.olga.is_staff) == (True, False, False)


def test_a_suspended_superuser_does_not_count(client: Client, cast: Cast) -> None:
    User.objects.create_superuser("second@example.com", "a long pass phrase", is_active=False)
    client.force_login(cast.olga)

    assert client.post("/account/delete/", {"email": "olga@example.com"}).status_code == 409


def test_the_command_says_why_the_only_superuser_stays(cast: Cast) -> None:
    with pytest.raises(CommandError, match="another superuser"):
        call_command("closeaccount", "olga@example.com")
