"""Every route of the site, walked by a stranger and by nobody: what is Alice's is neither shown to them nor changed.

A new route fails here until it is listed with how a stranger is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client

from tests.belongings import Belongings, give_alice_everything
from tests.cast import Cast
from tests.routes import routes

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Statuses = dict[str, int]

# What is answered, to whichever method the route knows; any other gets 405. Routes with an argument lead to Alice's.
API = {"bob": 404, "nobody": 401}  # a stranger's key; no key
PAGE = {"bob": 404, "nobody": 302}  # a stranger's session; no session: to the sign-in page
SCRIPT = {"bob": 404, "nobody": 403}  # the editor's own calls

OF_ALICE: dict[str, Statuses] = {
    "v1/image/<uuid:job_id>": API,
    "v1/image/<uuid:job_id>/events": API,
    "v1/image/<uuid:job_id>/appeal": API,
    "v1/batches/<uuid:batch_id>": API,
    "v1/batches/<uuid:batch_id>/retry": API,
    "v1/batches/<uuid:batch_id>/results.zip": API,
    "api/tasks/visual/inpaint/<str:task_id>": API,
    "v1/files/<uuid:job_id>/<str:kind>": {"bob": 403, "nobody": 403},  # the signature is the permission
    "editor/events/<uuid:job_id>/": SCRIPT,
    "editor/jobs/<uuid:job_id>/": SCRIPT,
    "jobs/<uuid:job_id>/": PAGE,
    "jobs/<uuid:job_id>/again/": PAGE,
    "jobs/<uuid:job_id>/appeal/": PAGE,
    "account/sessions/<int:session_id>/end/": PAGE,
    "keys/<int:key_id>/": PAGE,
    "keys/<int:key_id>/rotate/": PAGE,
    "keys/<int:key_id>/revoke/": PAGE,
    "webhooks/<int:endpoint_id>/delete/": PAGE,
    "webhooks/<int:endpoint_id>/enable/": PAGE,
    "webhooks/<int:endpoint_id>/test/": PAGE,
    "webhooks/<int:endpoint_id>/secret/": PAGE,
    "webhooks/<int:endpoint_id>/secret/rotate/": PAGE,
    "webhooks/sent/<uuid:delivery_id>/again/": PAGE,
}
# Whoever asks gets what is his own.
OF_WHOEVER_ASKS: dict[str, int] = {
    "v1/account/balance": 401,
    "v1/account/usage": 401,
    "v1/account/rights": 401,
    "v1/models": 401,
    "v1/image/remove-object": 401,
    "v1/image/remove-object/batch": 401,
    "v1/image/segment": 401,
    "v1/image/remove-background": 401,
    "v1/image/replace-background": 401,
    "v1/image/restore-face": 401,
    "v1/image/upscale": 401,
    "v1/image/generate": 401,
    "v1/audio/generate": 401,
    "v1/video/generate": 401,
    "v1/virtual-tryon": 401,
    "api/tasks/visual/inpaint": 401,
    "cleanup/v1": 401,
    "inpainting/v1": 401,
    "v1/services/object-removal": 401,
    "v1/services/object-removal/batch": 401,
    "editor/jobs/": 403,
    "editor/find/": 403,
    "account/": 302,
    "account/delete/": 302,
    "account/export/": 302,
    "account/sessions/end/": 302,
    "accounts/rights/": 302,
    "dashboard/": 302,
    "editor/": 302,
    "photos/": 302,
    "photos/delete/": 302,
    "photos/download/": 302,
    "keys/": 302,
    "billing/": 302,
    "billing/alerts/": 302,
    "billing/automatic/": 302,
    "billing/automatic/off/": 302,
    "billing/cancel/": 302,
    "billing/done/": 302,
    "billing/given-up/": 302,
    "billing/invoices/": 302,
    "billing/keep/": 302,
    "billing/packs/": 302,
    "billing/pay/": 302,
    "billing/plans/<slug:slug>/": 302,
    "billing/plans/<slug:slug>/switch/": 302,
    "billing/portal/": 302,
    "billing/resume/": 302,
    "billing/credits/": 302,
    "billing/credits.csv": 302,
    "usage/": 302,
    "webhooks/": 302,
    "webhooks/add/": 302,
    "webhooks/secret/": 302,
    "webhooks/secret/rotate/": 302,
}
# The same for everybody.
OF_NOBODY = {
    "", "pricing", "healthz", "status", "docs/api", "docs/", "docs/search.json", "docs/pixelsite.postman_collection.json",
    "docs/images/<str:name>", "docs/<path:name>", "v1/openapi.json", r"^v1/(?P<rest>[\s\S]*)$", "v1/files/<path:rest>",
    "accounts/login/", "accounts/logout/", "accounts/demo/", "accounts/signup/", "accounts/google/login/",
    "accounts/google/login/callback/", "accounts/code/", "accounts/code/send/", "account/closed/", "stripe/events", "admin/login/", "admin/logout/", "admin/jsi18n/",
}  # fmt: skip
ADMIN = [
    route.replace("^(?P<app_label>socialaccount|auth|accounts|billing|jobs)/$", "billing/").replace("(?P<url>.*)$", "x")
    for route in routes()
    if route.startswith("admin/") and route not in OF_NOBODY
]


@pytest.fixture
def alice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Belongings:
    monkeypatch.setattr("jobs.dispatch.ring", lambda **_: True)
    return give_alice_everything(cast)


@pytest.fixture
def bob(cast: Cast) -> Callable[[str], Client]:
    """Bob as the route knows him: by his key in the API, by his session elsewhere."""

    def client(route: str) -> Client:
        if route.startswith(("v1/", "api/", "cleanup/", "inpainting/")):
            return cast.api(cast.bob_key)
        browser = Client(raise_request_exception=False)
        browser.force_login(cast.bob)
        return browser

    return client


@pytest.fixture
def walk(alice: Belongings) -> Callable[[Client, str], dict[str, HttpResponseBase]]:
    """Asks a route of Alice's by every method; checks that nothing of hers is shown or changed. Answers by method."""

    def walk(client: Client, route: str) -> dict[str, HttpResponseBase]:
        path = "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda found: str(alice.arguments.get(found[1], alice.cast.alice.pk)), route
        )
        before = alice.rows()
        answers: dict[str, Any] = {method: client.generic(method, path) for method in METHODS}
        shown = {
            (method, mark)
            for method, answer in answers.items()
            for mark in alice.marks
            if mark in _text(answer).replace(path, "")
        }

        assert shown == set()
        assert alice.rows() == before
        return {method: answer for method, answer in answers.items() if answer.status_code != 405}

    return walk


def _text(answer: Any) -> str:
    if answer.streaming:
        return "a file"
    return f"{answer.content.decode()}{answer.headers}"


def _statuses(answers: dict[str, Any]) -> set[int]:
    return {answer.status_code for answer in answers.values()}


def test_every_route_is_known_here() -> None:
    assert {route for route in routes() if not route.startswith("admin/")} == {
        *OF_ALICE, *OF_WHOEVER_ASKS, *(route for route in OF_NOBODY if not route.startswith("admin/"))
    }  # fmt: skip


@pytest.mark.parametrize("route", OF_ALICE)
def test_what_is_alices_does_not_exist_for_bob(route: str, walk, bob) -> None:
    assert _statuses(walk(bob(route), route)) == {OF_ALICE[route]["bob"]}


@pytest.mark.parametrize("route", OF_ALICE)
def test_what_is_alices_is_for_nobody_without_signing_in(route: str, walk) -> None:
    assert _statuses(walk(Client(), route)) == {OF_ALICE[route]["nobody"]}


@pytest.mark.parametrize("route", OF_WHOEVER_ASKS)
def test_what_has_an_owner_is_for_nobody_without_signing_in(route: str, walk) -> None:
    assert _statuses(walk(Client(), route)) == {OF_WHOEVER_ASKS[route]}


@pytest.mark.parametrize("route", [*OF_WHOEVER_ASKS, *sorted(OF_NOBODY)])
def test_bob_is_shown_nothing_of_alices_where_no_owner_is_named(route: str, walk, bob) -> None:
    answers = walk(bob(route), route)

    assert not {status for status in _statuses(answers) if status >= 500} - {503}


@pytest.mark.parametrize("route", ["dashboard/", "webhooks/", "usage/", "billing/credits/", "v1/account/usage"])
def test_alice_is_shown_what_is_hers(route: str, alice: Belongings) -> None:
    """Otherwise the tests above would look for words that no page has."""
    client: Client = alice.cast.api(alice.cast.alice_key)
    if not route.startswith("v1/"):
        client = Client()
        client.force_login(alice.cast.alice)

    text = _text(client.get(f"/{route}"))

    assert any(mark in text for mark in alice.marks)


@pytest.mark.parametrize("who", ["bob", "nobody"])
def test_the_admin_is_for_staff(who: str, alice: Belongings, walk, bob) -> None:
    client = bob("admin/") if who == "bob" else Client()

    answers = {route: walk(client, route).values() for route in ADMIN}

    let_in = [route for route in ADMIN for answer in answers[route] if not _is_turned_away(answer)]
    assert let_in == []


def _is_turned_away(answer: HttpResponseBase) -> bool:
    to_sign_in = answer.headers.get("Location", "").startswith("/admin/login/")
    return answer.status_code in (403, 404) or (answer.status_code == 302 and to_sign_in)


def test_alice_opens_what_is_hers(alice: Belongings) -> None:
    """Otherwise a route that is gone would pass for one that is guarded."""
    client = alice.cast.api(alice.cast.alice_key)
    browser = Client()
    browser.force_login(alice.cast.alice)

    opened = {
        "job": client.get(f"/v1/image/{alice.job.pk}").status_code,
        "batch": client.get(f"/v1/batches/{alice.batch.pk}").status_code,
        "page": browser.get(f"/jobs/{alice.job.pk}/").status_code,
        "editor": browser.get(f"/editor/jobs/{alice.job.pk}/").status_code,
        "again": browser.post(f"/webhooks/sent/{alice.delivery.pk}/again/").status_code,
        "secret": browser.post(f"/webhooks/{alice.endpoint.pk}/secret/").status_code,
        "revoked": browser.post(f"/keys/{alice.key.pk}/revoke/").status_code,
    }

    assert opened == {"job": 200, "batch": 200, "page": 200, "editor": 200, "again": 302, "secret": 200, "revoked": 302}
