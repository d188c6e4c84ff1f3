"""The stand-in for Google is strict: it refuses what Google refuses, and its tokens verify."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest

from tests.servers.oidc import CODE_LIFETIME_S, OidcServer, running_oidc
from tests.servers.oidc_tokens import Fault, Person, challenge_of

ALICE = Person(sub="1001", email="alice@example.com", name="Alice")
BOB = Person(sub="1002", email="bob@example.com", name="Bob <b>")
CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = secrets.token_urlsafe(48)


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with running_oidc() as running:
        yield running


@pytest.fixture
def google(server: OidcServer) -> OidcServer:
    server.redirect_uris = {CALLBACK}
    server.people = [ALICE, BOB]
    server.auto_approve, server.is_denied, server.fault = True, False, None
    server.clock = time.time
    return server


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def question(google: OidcServer, **changes: str | None) -> dict[str, str]:
    query = {
        "client_id": google.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (query | changes).items() if value is not None}


def ask(browser: httpx.Client, google: OidcServer, **changes: str | None) -> dict[str, str]:
    """The parameters that come back to the site."""
    answer = browser.get(f"{google.issuer}/authorize", params=question(google, **changes))
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def exchange(browser: httpx.Client, google: OidcServer, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": google.client_id,
        "client_secret": google.client_secret,
        "code_verifier": VERIFIER,
    }
    return browser.post(f"{google.issuer}/token", data=form | changes)


def verified(google: OidcServer, id_token: str) -> dict[str, Any]:
    key = jwt.PyJWKClient(f"{google.issuer}/jwks").get_signing_key_from_jwt(id_token)
    claims: dict[str, Any] = jwt.decode(
        id_token, key.key, algorithms=["RS256"], audience=google.client_id, issuer=google.issuer
    )
    return claims


def test_discovery_names_the_endpoints(google: OidcServer, browser: httpx.Client) -> None:
    document = browser.get(f"{google.issuer}/.well-known/openid-configuration").json()

    assert document["issuer"] == google.issuer
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert browser.get(document["jwks_uri"]).json()["keys"][0]["kid"] == "test-key-1"


def test_the_published_keys_hold_no_private_part(google: OidcServer, browser: httpx.Client) -> None:
    (key,) = browser.get(f"{google.issuer}/jwks").json()["keys"]

    assert {"n", "e"} <= key.keys()
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


def test_a_code_becomes_a_token_that_verifies(google: OidcServer, browser: httpx.Client) -> None:
    back = ask(browser, google)
    tokens = exchange(browser, google, back["code"]).json()
    claims = verified(google, tokens["id_token"])

    assert back["state"] == "state-1"
    assert claims["nonce"] == "nonce-1"
    assert (claims["sub"], claims["email"], claims["email_verified"]) == (
        "1001",
        "alice@example.com",
        True,
    )
    assert claims["exp"] > claims["iat"]


def test_the_access_token_opens_the_user_info(google: OidcServer, browser: httpx.Client) -> None:
    tokens = exchange(browser, google, ask(browser, google)["code"]).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    assert browser.get(f"{google.issuer}/userinfo", headers=headers).json()["sub"] == "1001"
    assert browser.get(f"{google.issuer}/userinfo").status_code == 401


def test_a_code_works_once(google: OidcServer, browser: httpx.Client) -> None:
    code = ask(browser, google)["code"]

    assert exchange(browser, google, code).status_code == 200
    assert exchange(browser, google, code).json() == {"error": "invalid_grant"}


def test_a_code_works_only_for_a_minute(google: OidcServer, browser: httpx.Client) -> None:
    code = ask(browser, google)["code"]
    issued_at = google.clock()
    google.clock = lambda: issued_at + CODE_LIFETIME_S + 1

    assert exchange(browser, google, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": secrets.token_urlsafe(48)}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/elsewhere"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "another"}, "invalid_client"),
        ({"code": "invented"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused(
    google: OidcServer, browser: httpx.Client, change: dict[str, str], error: str
) -> None:
    code = ask(browser, google)["code"]

    answer = exchange(browser, google, **({"code": code} | change))

    assert answer.status_code in (400, 401)
    assert answer.json() == {"error": error}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
    ],
)
def test_a_wrong_question_comes_back_as_an_error(
    google: OidcServer, browser: httpx.Client, change: dict[str, str | None], error: str
) -> None:
    assert ask(browser, google, **change) == {"state": "state-1", "error": error}


@pytest.mark.parametrize("change", [{"client_id": "another"}, {"redirect_uri": "https://evil.example/"}])
def test_an_unknown_client_or_address_is_never_redirected_to(
    google: OidcServer, browser: httpx.Client, change: dict[str, str]
) -> None:
    answer = browser.get(f"{google.issuer}/authorize", params=question(google, **change))

    assert answer.status_code in (400, 401)
    assert "Location" not in answer.headers


def test_denial_comes_back_as_access_denied(google: OidcServer, browser: httpx.Client) -> None:
    google.is_denied = True

    assert ask(browser, google) == {"state": "state-1", "error": "access_denied"}


def test_the_page_has_a_button_for_each_person(google: OidcServer, browser: httpx.Client) -> None:
    google.auto_approve = False
    address = httpx.URL(f"{google.issuer}/authorize", params=question(google))

    page = browser.get(address).text
    pressed = browser.post(address, data={"sub": "1002"})
    cancelled = browser.post(address, data={"sub": ""})

    assert "Sign in as Alice" in page
    assert "Sign in as Bob &lt;b&gt;" in page
    code = dict(parse_qsl(urlsplit(pressed.headers["Location"]).query))["code"]
    assert verified(google, exchange(browser, google, code).json()["id_token"])["sub"] == "1002"
    assert "error=access_denied" in cancelled.headers["Location"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.WRONG_AUDIENCE,
        Fault.WRONG_ISSUER,
        Fault.EXPIRED,
        Fault.FROM_THE_FUTURE,
        Fault.ALG_NONE,
        Fault.HS256,
        Fault.FOREIGN_KEY,
        Fault.UNKNOWN_KEY,
        Fault.NOT_A_TOKEN,
    ],
)
def test_a_spoiled_token_does_not_verify(google: OidcServer, browser: httpx.Client, fault: Fault) -> None:
    google.fault = fault
    id_token = exchange(browser, google, ask(browser, google)["code"]).json()["id_token"]

    with pytest.raises(jwt.PyJWTError):
        verified(google, id_token)
