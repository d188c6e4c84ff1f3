"""A small OpenID Connect provider on loopback that plays Google.

It is strict where Google is strict: registered redirect addresses, a client secret, PKCE with S256
(required), codes that work once and briefly, RS256 ID tokens under a published key. And it can be
told to misbehave, one fault at a time, so that a site's checks can be seen to work:

    with running_oidc() as google:
        google.redirect_uris.add("http://127.0.0.1:8000/accounts/google/login/callback/")
        google.people = [Person(sub="1", email="alice@example.com", name="Alice")]
        google.fault = Fault.WRONG_AUDIENCE
"""

from __future__ import annotations

import base64
import hmac
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc.jwk import KeySet, RSAKey

from tests.servers.oidc_tokens import TOKEN_LIFETIME_S, Fault, Person, challenge_of, id_claims, new_key, sign

CODE_LIFETIME_S = 60


class Refused(Exception):
    """A request the provider refuses, by its OAuth error code."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Grant:
    """What an authorization code stands for."""

    person: Person
    redirect_uri: str
    code_challenge: str
    nonce: str | None
    expires_at: float


@dataclass
class OidcServer:
    """The provider's state and rules. HTTP is in the handler below."""

    port: int
    client_id: str = "pixelsite-test.apps.example"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    redirect_uris: set[str] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)
    """Who can sign in: a button each on the page; the first one where approval is automatic."""
    auto_approve: bool = True
    """Redirect at once. False shows a page with buttons instead."""
    is_denied: bool = False
    """The person presses Cancel."""
    fault: Fault | None = None
    clock: Callable[[], float] = time.time
    authorizations: list[dict[str, str]] = field(default_factory=list)
    """Queries the authorize endpoint was asked with, the oldest first."""
    key: RSAKey = field(default_factory=lambda: new_key("test-key-1"), repr=False)
    _grants: dict[str, Grant] = field(default_factory=dict, repr=False)
    _access: dict[str, Person] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a Pixelsite process sign in here."""
        return {
            "GOOGLE_CLIENT_ID": self.client_id,
            "GOOGLE_CLIENT_SECRET": self.client_secret,
            "GOOGLE_AUTHORIZE_URL": f"{self.issuer}/authorize",
            "GOOGLE_TOKEN_URL": f"{self.issuer}/token",
            "GOOGLE_CERTS_URL": f"{self.issuer}/jwks",
            "GOOGLE_ISSUER": self.issuer,
        }

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    # -- Authorization endpoint ----------------------------------------------------------------

    def check_authorization(self, query: dict[str, str]) -> None:
        """Refuse what must not be answered with a redirect: we cannot know where it would go."""
        if query.get("client_id") != self.client_id:
            raise Refused("invalid_client", 401)
        if query.get("redirect_uri") not in self.redirect_uris:
            raise Refused("redirect_uri_mismatch")

    def answer_authorization(self, query: dict[str, str], person: Person | None) -> str:
        """Where the browser goes next: back to the site with a code, or with an error."""
        answer = {"state": query["state"]} if "state" in query else {}
        problem = self._authorization_problem(query, person)
        if problem or person is None:
            answer["error"] = problem or "access_denied"
        else:
            answer["code"] = self._new_code(query, person)
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _authorization_problem(self, query: dict[str, str], person: Person | None) -> str | None:
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        if "openid" not in query.get("scope", "").split():
            return "invalid_scope"
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return "invalid_request"
        return "access_denied" if person is None else None

    def _new_code(self, query: dict[str, str], person: Person) -> str:
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._grants[code] = Grant(
                person=person,
                redirect_uri=query["redirect_uri"],
                code_challenge=query["code_challenge"],
                nonce=query.get("nonce"),
                expires_at=self.clock() + CODE_LIFETIME_S,
            )
        return code

    # -- Token and user info endpoints ---------------------------------------------------------

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """Turn a code into tokens, once."""
        id_matches = hmac.compare_digest(form.get("client_id", ""), self.client_id)
        secret_matches = hmac.compare_digest(form.get("client_secret", ""), self.client_secret)
        if not (id_matches and secret_matches):
            raise Refused("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        with self._lock:
            grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or self.clock() > grant.expires_at:
            raise Refused("invalid_grant")
        if form.get("redirect_uri") != grant.redirect_uri:
            raise Refused("invalid_grant")
        if not hmac.compare_digest(challenge_of(form.get("code_verifier", "")), grant.code_challenge):
            raise Refused("invalid_grant")
        access_token = secrets.token_urlsafe(24)
        with self._lock:
            self._access[access_token] = grant.person
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
            "scope": "openid email profile",
        }
        if self.fault is not Fault.NO_ID_TOKEN:
            answer["id_token"] = self._id_token(grant)
        return answer

    def userinfo(self, access_token: str) -> dict[str, Any]:
        with self._lock:
            person = self._access.get(access_token)
        if person is None:
            raise Refused("invalid_token", 401)
        return person.claims

    def _id_token(self, grant: Grant) -> str:
        claims = id_claims(
            person=grant.person,
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=grant.nonce,
            now=self.clock(),
        )
        return sign(claims, key=self.key, fault=self.fault)


# -- HTTP ------------------------------------------------------------------------------------------


class _OidcHttpServer(ThreadingHTTPServer):
    daemon_threads = True
    provider: OidcServer


class _Handler(BaseHTTPRequestHandler):
    server: _OidcHttpServer

    def do_GET(self) -> None:
        self._answer(
            {
                "/.well-known/openid-configuration": lambda: self._json(self._provider.discovery()),
                "/jwks": lambda: self._json(self._provider.jwks()),
                "/authorize": self._ask,
                "/userinfo": self._tell,
            }
        )

    def do_POST(self) -> None:
        self._answer({"/authorize": self._decide, "/token": self._exchange})

    def log_message(self, *_message: Any) -> None:
        """Say nothing: the tests' output is for the tests."""

    @property
    def _provider(self) -> OidcServer:
        return self.server.provider

    @property
    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def _answer(self, routes: dict[str, Callable[[], None]]) -> None:
        route = routes.get(urlsplit(self.path).path)
        if route is None:
            self._json({"error": "not_found"}, status=404)
            return
        try:
            route()
        except Refused as refused:
            self._json({"error": refused.code}, status=refused.status)

    def _ask(self) -> None:
        """GET /authorize: show the page with the buttons, or decide at once."""
        provider, query = self._provider, self._query
        provider.check_authorization(query)
        provider.authorizations.append(query)
        if not provider.auto_approve:
            self._send(200, "text/html; charset=utf-8", _consent_page(provider.people).encode())
        elif provider.is_denied or not provider.people:
            self._redirect(provider.answer_authorization(query, None))
        else:
            self._redirect(provider.answer_authorization(query, provider.people[0]))

    def _decide(self) -> None:
        """POST /authorize: a button was pressed."""
        provider, query = self._provider, self._query
        provider.check_authorization(query)
        sub = self._form().get("sub")
        person = next((person for person in provider.people if person.sub == sub), None)
        self._redirect(provider.answer_authorization(query, person))

    def _exchange(self) -> None:
        form = self._form()
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(credentials).decode().partition(":")
            form |= {"client_id": unquote(name), "client_secret": unquote(secret)}
        self._json(self._provider.exchange(form))

    def _tell(self) -> None:
        access_token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self._json(self._provider.userinfo(access_token))

    def _form(self) -> dict[str, str]:
        length = int(self.headers.get("Content-Length", "0"))
        return dict(parse_qsl(self.rfile.read(length).decode()))

    def _redirect(self, location: str) -> None:
        self._send(302, "text/plain", b"", Location=location)

    def _json(self, body: dict[str, Any], *, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, content_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": content_type,
            "Cache-Control": "no-store",
            **headers,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _consent_page(people: list[Person]) -> str:
    """The provider's own page: one button for each person, and one to walk away."""
    buttons = "".join(
        f'<button name="sub" value="{html.escape(person.sub)}">Sign in as {html.escape(person.name)}</button>'
        for person in people
    )
    return (
        '<!doctype html><html lang="en"><title>Choose an account</title>'
        "<h1>Choose an account</h1>"
        f'<form method="post">{buttons}<button name="sub" value="">Cancel</button></form></html>'
    )


@contextmanager
def running_oidc() -> Iterator[OidcServer]:
    """A provider on a free loopback port, served by a thread of this process."""
    http = _OidcHttpServer(("127.0.0.1", 0), _Handler)
    http.provider = OidcServer(port=http.server_address[1])
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield http.provider
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
