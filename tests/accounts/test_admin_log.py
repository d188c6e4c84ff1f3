"""What is changed in the admin is in the audit log, one row for one change, named by keys and never by people."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import ApiKey, AuditEvent, User
from tests.cast import Cast


@pytest.fixture
def olga(cast: Cast) -> Client:
    browser = Client()
    browser.force_login(cast.olga)
    return browser


def _rows() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(kind="admin_action").order_by("id"))


def test_a_change_is_one_row_with_who_and_what(olga: Client, cast: Cast) -> None:
    olga.post(f"/admin/accounts/user/{cast.alice.pk}/change/", {"email": "alice@example.com", "name": "Alicia"})

    (row,) = _rows()
    assert (row.user, row.actor) == (cast.alice, cast.olga)
    assert ("Change" in row.about, str(cast.alice.pk) in row.about, "alice" in row.about.lower()) == (True, True, False)
    assert "Name" in row.about


def test_adding_and_deleting_are_a_row_each(olga: Client, cast: Cast) -> None:
    olga.post("/admin/auth/group/add/", {"name": "Support"})
    olga.post(f"/admin/auth/group/{Group.objects.get().pk}/delete/", {"post": "yes"})

    assert [row.about.split(":")[0] for row in _rows()] == ["Addition", "Deletion"]


def test_many_are_never_deleted_at_once(olga: Client) -> None:
    """That would be logged without a signal."""
    assert "delete_selected" not in {name for name, _ in admin.site.actions}


def test_accounts_are_not_deleted_in_the_admin(olga: Client, cast: Cast) -> None:
    answer = olga.post(f"/admin/accounts/user/{cast.bob.pk}/delete/", {"post": "yes"})

    assert (answer.status_code, User.objects.filter(pk=cast.bob.pk).exists()) == (403, True)


def test_whoever_is_no_superuser_makes_none(client: Client, cast: Cast) -> None:
    staff = User.objects.create_user("staff@example.com", is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "view_user"]))
    client.force_login(staff)

    client.post(f"/admin/accounts/user/{staff.pk}/change/", {"email": "staff@example.com", "is_superuser": "on"})
    of_olga = client.post(f"/admin/accounts/user/{cast.olga.pk}/password/", {"password1": "x", "password2": "x"})

    staff.refresh_from_db()
    assert (staff.is_superuser, of_olga.status_code) == (False, 403)


def test_identities_and_sessions_are_not_edited_in_the_admin(olga: Client) -> None:
    """An address added by hand would let somebody else in; a session's key is a secret."""
    tables = (
        "account/emailaddress",
        "socialaccount/socialapp",
        "socialaccount/socialtoken",
        "usersessions/usersession",
    )

    assert [olga.get(f"/admin/{table}/").status_code for table in tables] == [404] * 4


def test_a_key_is_revoked_with_who_and_why_and_changed_in_no_other_way(olga: Client, cast: Cast) -> None:
    key = ApiKey.objects.get(user=cast.alice)
    changed = olga.post(
        f"/admin/accounts/apikey/{key.pk}/change/", {"name": "x", "revoked_at_0": "", "revoked_at_1": ""}
    )

    olga.post(f"/admin/accounts/apikey/{key.pk}/revoke/", {"reason": "found on a public page"})

    event = AuditEvent.objects.get(kind="key_revoked")
    assert (changed.status_code, event.user, event.actor, event.reason) == (
        403,
        cast.alice,
        cast.olga,
        "found on a public page",
    )
    assert cast.api(cast.alice_key).get("/v1/account/balance").json()["code"] == "api_key_revoked"
    assert AuditEvent.objects.filter(actor=cast.olga).count() == 1


def test_a_key_is_not_revoked_without_a_reason(olga: Client, cast: Cast) -> None:
    key = ApiKey.objects.get(user=cast.alice)

    assert olga.post(f"/admin/accounts/apikey/{key.pk}/revoke/", {}).status_code == 400
    assert cast.api(cast.alice_key).get("/v1/account/balance").status_code == 200
