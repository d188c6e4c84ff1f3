"""Sign-ins and keys are written down; secrets never are."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts import api_keys
from accounts.models import AuditEvent
from tests.cast import Cast


def _kinds(**filters: Any) -> list[str]:
    return list(AuditEvent.objects.filter(**filters).order_by("id").values_list("kind", flat=True))


def test_signing_in_and_out_is_written_down_with_the_address(client: Client, cast: Cast) -> None:
    client.post(
        "/admin/login/", {"username": "olga@example.com", "password": "a long pass phrase"}, REMOTE_ADDR="192.0.2.7"
    )
    client.post("/admin/logout/", REMOTE_ADDR="192.0.2.7")

    assert _kinds(user=cast.olga, address="192.0.2.7") == ["signed_in", "signed_out"]


def test_a_refused_sign_in_is_written_down(client: Client, cast: Cast) -> None:
    client.post("/admin/login/", {"username": "olga@example.com", "password": "guessed"})

    assert _kinds(user=cast.olga) == ["sign_in_refused"]
    assert not AuditEvent.objects.filter(about__contains="guessed").exists()


def test_keys_are_written_down_by_their_beginning_and_end(cast: Cast) -> None:
    row, key = api_keys.mint_key(user=cast.alice, name="CI")
    api_keys.revoke_key(user=cast.alice, key_id=row.pk)

    made, revoked = AuditEvent.objects.filter(user=cast.alice, about__startswith="CI ").order_by("id")
    assert (made.kind, revoked.kind) == ("key_created", "key_revoked")
    assert key not in made.about + revoked.about


def test_nobody_edits_the_log_in_the_admin(client: Client, cast: Cast) -> None:
    client.force_login(cast.olga)
    event = AuditEvent.objects.latest("id")

    assert client.get("/admin/accounts/auditevent/").status_code == 200
    assert client.get("/admin/accounts/auditevent/add/").status_code == 403
    assert client.post(f"/admin/accounts/auditevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403
