"""What every answer forbids a browser, whatever it shows: pages, JSON, images, errors, the admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django_ratelimit.exceptions import Ratelimited

from jobs.representation import file_url
from pixelsite import views
from tests.belongings import Belongings, give_alice_everything
from tests.cast import Cast
from tests.routes import routes

ADMIN_ROUTES = [
    route for route in routes() if route.startswith("admin/") and "(" not in route and "admin/r/" not in route
]
ROUTES = [route for route in routes() if not route.startswith("admin/") and "(" not in route]
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class _Inline(HTMLParser):
    """Collects what a policy without 'unsafe-inline' would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_data = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not is_data):
            self.found.append(f"<{tag}> {attrs}")
        for name, value in attrs:
            is_code = name in ("href", "src", "action", "formaction") and "script:" in (value or "").lower()
            if name == "style" or name.startswith("on") or is_code:
                self.found.append(f"<{tag} {name}={value!r}>")


def inline_parts(answer: Any) -> list[str]:
    parser = _Inline()
    parser.feed(answer.getvalue().decode())
    return parser.found


def directives(answer: Any) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";")]
    return {name: value for name, _, value in parts}


def weak_headers(answer: Any) -> list[str]:
    """What is missing on an answer of any kind."""
    policy = directives(answer)
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
    }
    weak = [f"{name}: {answer.get(name)}" for name, value in wanted.items() if answer.get(name) != value]
    closed = ("object-src", "base-uri", "frame-ancestors")
    weak += [f"{name} {policy.get(name)}" for name in closed if policy.get(name) != "'none'"]
    if policy.get("default-src") != "'self'" or "unsafe" in answer["Content-Security-Policy"]:
        weak.append(answer["Content-Security-Policy"])
    return weak


@pytest.fixture
def alice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Belongings:
    monkeypatch.setattr("jobs.dispatch.ring", lambda **_: True)
    return give_alice_everything(cast)


@pytest.fixture
def browser(alice: Belongings) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice.cast.alice)
    return client


@pytest.fixture
def olga(alice: Belongings) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice.cast.olga)
    return client


def _path(route: str, alice: Belongings) -> str:
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>", lambda found: str(alice.arguments.get(found[1], alice.cast.wallet.pk)), route
    )


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_answers_with_the_headers_that_protect(route: str, browser: Client, alice: Belongings) -> None:
    assert weak_headers(browser.get(_path(route, alice))) == []


@pytest.mark.parametrize("route", ROUTES)
def test_no_page_has_code_or_style_of_its_own(route: str, browser: Client, alice: Belongings) -> None:
    assert inline_parts(browser.get(_path(route, alice))) == []


A_KEY = {"name": "<script>alert(1)</script>", "kind": "live", "scopes": ["submit", "read"]}
SHOWN_BY_POST: dict[str, Callable[[Belongings], tuple[str, dict[str, Any]]]] = {
    "a new key": lambda alice: ("/keys/", A_KEY),
    "a replaced key": lambda alice: (f"/keys/{alice.key.pk}/rotate/", {"overlap": "1"}),
    "a refused key": lambda alice: ("/keys/", A_KEY | {"expires_on": "<script>alert(1)</script>"}),
    "a refused alert": lambda alice: ("/billing/alerts/", {"low_balance_credits": "<script>alert(1)</script>"}),
    "a secret": lambda alice: (f"/webhooks/{alice.endpoint.pk}/secret/", {}),
    "a new secret": lambda alice: (f"/webhooks/{alice.endpoint.pk}/secret/rotate/", {}),
    "a refused address": lambda alice: ("/webhooks/add/", {"url": "javascript:alert(1)\"onclick='x'"}),
}


@pytest.mark.parametrize("page", SHOWN_BY_POST.values(), ids=SHOWN_BY_POST.keys())
def test_what_is_shown_after_a_form_has_no_code_of_its_own(page, browser: Client, alice: Belongings) -> None:
    answer = browser.post(*page(alice))

    assert answer.status_code in (200, 422)
    assert (inline_parts(answer), weak_headers(answer)) == ([], [])


def test_what_a_caller_wrote_is_text_on_the_pages(browser: Client, alice: Belongings) -> None:
    browser.post("/keys/", A_KEY)

    page = browser.get("/keys/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)</script>" not in page


def _boom(*_: object) -> None:
    raise RuntimeError("boom")


ERROR_PAGES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "400": lambda request: views.bad_request(request, SuspiciousOperation()),
    "403": lambda request: views.permission_denied(request, PermissionDenied()),
    "404": lambda request: views.not_found(request, Exception()),
    "429": lambda request: views.permission_denied(request, Ratelimited()),
    "500": views.server_error,
}


@pytest.mark.parametrize("page", ERROR_PAGES.values(), ids=ERROR_PAGES.keys())
def test_no_error_page_has_code_or_style_of_its_own(page, db: None) -> None:
    request = RequestFactory().get("/")

    assert inline_parts(page(request)) == []


@pytest.mark.parametrize("path", ["/nothing-here", "/v1/nothing-here", "/dashboard/?page=%00", "/webhooks/?page=x"])
def test_what_is_not_there_is_answered_with_the_headers_that_protect(path: str, browser: Client) -> None:
    assert weak_headers(browser.get(path)) == []


@pytest.mark.parametrize("path", ["/", "/v1/models", "/editor/jobs/"])
def test_a_failure_of_ours_is_answered_with_the_headers_that_protect(
    path: str, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", _boom)

    answer = browser.get(path)

    assert (answer.status_code, weak_headers(answer), inline_parts(answer)) == (500, [], [])


def test_the_admin_has_no_code_or_style_of_its_own(olga: Client, alice: Belongings) -> None:
    found = {
        route: inline_parts(answer)
        for route in ADMIN_ROUTES
        if "text/html" in (answer := olga.get(_path(route, alice), follow=True)).get("Content-Type", "")
    }

    assert {route: parts for route, parts in found.items() if parts} == {}


def test_the_admin_answers_with_the_headers_that_protect(olga: Client, alice: Belongings) -> None:
    weak = {route: weak_headers(olga.get(_path(route, alice))) for route in ADMIN_ROUTES}

    assert {route: parts for route, parts in weak.items() if parts} == {}


@pytest.mark.parametrize("kind", ["output", "input", "output-preview", "input-preview"])
def test_an_image_is_saved_and_never_run(kind: str, alice: Belongings, client: Client) -> None:
    answer = client.get(file_url(alice.job, kind, base_url="") or "there is none")
    answer.close()

    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"].startswith("private")
    saved_as = rf'attachment; filename="pixelsite-{str(alice.job.pk)[:8]}-{kind}\.\w+"'
    assert re.fullmatch(saved_as, answer["Content-Disposition"])


@pytest.mark.parametrize("method", UNSAFE)
def test_no_form_of_a_session_is_taken_from_another_page(method: str, alice: Belongings) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.cast.alice)
    before = alice.rows()

    taken = {
        route: answer.status_code
        for route in [*ROUTES, *ADMIN_ROUTES]
        if not route.startswith(("v1/", "api/", "cleanup/", "inpainting/", "stripe/"))  # a key, a signature: no session
        and (answer := strict.generic(method, _path(route, alice))).status_code not in (403, 405)
    }

    assert taken == {}
    assert alice.rows() == before


def test_a_script_without_its_pages_token_is_told_so(alice: Belongings) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.cast.alice)

    answer = strict.delete(f"/editor/jobs/{alice.job.pk}/")

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_a_session_is_no_key_to_the_api(browser: Client) -> None:
    assert browser.get("/v1/account/balance").status_code == 401


def test_a_cookie_is_not_sent_along_from_other_sites(alice: Belongings) -> None:
    client = Client()
    client.post("/admin/login/", {"username": alice.cast.olga.email, "password": "a long pass phrase"})
    client.force_login(alice.cast.alice)
    client.get("/editor/")

    cookies = {name: (cookie["samesite"], bool(cookie["httponly"])) for name, cookie in client.cookies.items()}

    assert cookies[live_settings.SESSION_COOKIE_NAME] == ("Lax", True)
    assert cookies[live_settings.CSRF_COOKIE_NAME][0] == "Lax"
