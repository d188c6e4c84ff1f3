"""The demo account: one click on a laptop, and nowhere else."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.services import DEMO_EMAIL
from accounts.views import demo_link_path


@pytest.fixture(autouse=True)
def _laptop(settings) -> None:
    settings.DEBUG = True


def _who(client: Client) -> str | None:
    user = client.get("/").wsgi_request.user
    return user.email if user.is_authenticated else None


def test_the_button_signs_in(db: None, client: Client) -> None:
    answer = client.post("/accounts/demo/")

    assert (answer.status_code, answer["Location"], _who(client)) == (302, "/dashboard/", DEMO_EMAIL)


def test_the_printed_link_signs_in(db: None, client: Client) -> None:
    client.get(demo_link_path())

    assert _who(client) == DEMO_EMAIL


@pytest.mark.parametrize("token", ["", "?token=", "?token=demo", "?token=ImRlbW8i:forged"])
def test_a_link_without_our_signature_does_not(db: None, client: Client, token: str) -> None:
    client.get("/accounts/demo/" + token)

    assert _who(client) is None


def test_the_button_needs_our_own_page(db: None) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post("/accounts/demo/").status_code == 403
    assert _who(client) is None


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_never_leads_to_another_site(db: None, client: Client, next_page: str) -> None:
    assert client.post("/accounts/demo/", {"next": next_page})["Location"] == "/dashboard/"


def test_it_does_not_exist_in_production(db: None, client: Client, settings) -> None:
    settings.DEBUG = False

    answers = [client.post("/accounts/demo/").status_code, client.get(demo_link_path()).status_code]

    assert (answers, _who(client)) == ([404, 404], None)
