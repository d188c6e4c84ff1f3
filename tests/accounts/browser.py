"""A person with a browser, signing in over HTTP."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from html import unescape
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.servers.oidc import OidcServer
from tests.servers.oidc_tokens import Person
from tests.servers.site import SiteServer

LOGIN = "/accounts/login/"
DASHBOARD = "/dashboard/"
GOOGLE_LOGIN = "/accounts/google/login/"

_FORM = re.compile(r'<form\b[^>]*\baction="(?P<action>[^"]*google/login/[^"]*)"[^>]*>(?P<inside>.*?)</form>', re.S)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(?P<token>[^"]+)"')


@dataclass(frozen=True)
class GoogleSite:
    """A running site, the provider it signs in with, and a view into its database."""

    site: SiteServer
    google: OidcServer

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.site.database, timeout=20) as connection:
            rows = connection.execute(sql, values).fetchall()
        connection.close()
        return rows

    def user_id(self, email: str) -> object:
        """The id of the account with this address, or None."""
        rows = self.query("SELECT id FROM accounts_user WHERE email = ?", email)
        return rows[0][0] if rows else None

    def subjects_of(self, user_id: object) -> list[str]:
        """What the account is signed in to by: issuer and subject of each link."""
        rows = self.query("SELECT uid FROM socialaccount_socialaccount WHERE user_id = ?", user_id)
        return [str(uid) for (uid,) in rows]

    def links_of(self, email: str) -> int:
        return len(self.subjects_of(self.user_id(email)))

    def sign_up_credits_of(self, email: str) -> list[object]:
        """The amounts this account was given for joining."""
        rows = self.query(
            "SELECT lot.amount FROM billing_creditlot lot JOIN billing_wallet wallet"
            " ON wallet.id = lot.wallet_id WHERE lot.kind = 'signup' AND wallet.user_id = ?",
            self.user_id(email),
        )
        return [amount for (amount,) in rows]


class Browser:
    """One browser: its cookies, and no redirect followed unless the test does so."""

    def __init__(self, place: GoogleSite) -> None:
        self.place = place
        self.http = httpx.Client(base_url=place.site.url, timeout=20)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()

    @property
    def session_key(self) -> str | None:
        return self.http.cookies.get("sessionid")

    @property
    def is_signed_in(self) -> bool:
        answer = self.http.get(DASHBOARD)
        if answer.headers.get("Location", "").startswith(LOGIN):
            return False
        assert answer.status_code == 200, f"the dashboard answers {answer.status_code}"
        return True

    def press_the_button(self, *, next_url: str = "") -> httpx.Response:
        """Open the sign-in page and submit its Google form."""
        page = self.http.get(LOGIN, params={"next": next_url} if next_url else None)
        form = _FORM.search(page.text)
        assert form, f"no Google button on the sign-in page ({page.status_code})"
        token = _TOKEN.search(form["inside"])
        assert token, "the Google form has no CSRF token"
        fields = {"csrfmiddlewaretoken": token["token"], "next": next_url}
        return self.http.post(unescape(form["action"]), data=fields, headers={"Referer": str(page.url)})

    def post_the_form(self, *, query: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Submit the Google form with fields and a query of one's own, from any page."""
        self.http.get(LOGIN)
        fields["csrfmiddlewaretoken"] = self.http.cookies["csrftoken"]
        return self.http.post(GOOGLE_LOGIN, params=query, data=fields)

    def at_google(self, start: httpx.Response) -> str:
        """Follow the site's redirect to the provider; return where it sends the browser back to."""
        assert start.status_code == 302, f"the site did not send us to Google: {start.status_code}"
        address = start.headers["Location"]
        assert address.startswith(self.place.google.issuer), address
        return str(httpx.get(address, timeout=20).headers["Location"])

    def sign_in(self, person: Person | None = None, *, next_url: str = "") -> httpx.Response:
        """The whole way, from the button to the site's answer at the callback."""
        if person is not None:
            self.place.google.people = [person]
        return self.http.get(self.at_google(self.press_the_button(next_url=next_url)))


def parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
