"""A site under production settings, as a browser behind its TLS proxy meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.servers.site import SiteServer, running_site

pytestmark = pytest.mark.live

HOST = "pixelsite.example"
_OPERATOR = """
from accounts.models import User
User.objects.create_superuser("olga@example.com", "a long pass phrase")
"""


@pytest.fixture(scope="module")
def site(pytestconfig: pytest.Config) -> Iterator[SiteServer]:
    production: dict[str, Any] = {
        "PIXELSITE_DEBUG": "0",
        "PIXELSITE_SECRET_KEY": "the secret key of a site that lives as long as this test",
        "PIXELSITE_SITE_URL": f"https://{HOST}",
        "PIXELSITE_SAFETY_FILTER": "none",
    }
    with running_site(root=pytestconfig.rootpath, **production) as site:
        site.manage("shell", "--verbosity", "0", "-c", _OPERATOR)
        yield site


@pytest.fixture
def proxied(site: SiteServer) -> Iterator[httpx.Client]:
    """What the proxy passes on of requests that came over TLS."""
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Referer": f"https://{HOST}/"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=30) as client:
        yield client


def _cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """Attributes of the cookies that an answer sets, by name."""
    written = answer.headers.get_list("set-cookie")
    parts = [[part.strip().lower() for part in cookie.split(";")] for cookie in written]
    return {cookie[0].partition("=")[0]: set(cookie[1:]) for cookie in parts}


def test_a_request_in_the_clear_is_sent_to_https(site: SiteServer) -> None:
    answer = httpx.get(f"{site.url}/pricing", headers={"Host": HOST})

    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/pricing")


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/v1/models", "/v1/nothing", "/nothing", "/admin/login/"])
def test_browsers_are_told_to_come_by_https_only(proxied: httpx.Client, path: str) -> None:
    policy = proxied.get(path).headers["Strict-Transport-Security"]

    assert policy == "max-age=31536000; includeSubDomains; preload"


def test_the_session_cookie_is_for_https_for_our_pages_and_not_for_scripts(proxied: httpx.Client) -> None:
    page = proxied.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    csrf = page.headers["set-cookie"].split(";")[0]  # httpx keeps no cookie for https of a client that speaks http

    answer = proxied.post(
        "/admin/login/",
        data={"username": "olga@example.com", "password": "a long pass phrase", "csrfmiddlewaretoken": token[1]},
        headers={"Cookie": csrf},
    )

    assert answer.status_code == 302
    assert {"secure", "httponly", "samesite=lax"} <= _cookies(answer)["sessionid"]


def test_the_csrf_cookie_is_for_https_and_for_our_pages(proxied: httpx.Client) -> None:
    assert {"secure", "samesite=lax"} <= _cookies(proxied.get("/admin/login/"))["csrftoken"]


def test_another_host_name_is_refused(proxied: httpx.Client) -> None:
    assert proxied.get("/v1/models", headers={"Host": "evil.example"}).status_code == 400


def test_an_error_shows_no_page_for_programmers(proxied: httpx.Client) -> None:
    answer = proxied.get("/nothing")

    assert answer.status_code == 404
    assert "DEBUG" not in answer.text
    assert "urlconf" not in answer.text.lower()


def test_the_demo_account_is_not_there(proxied: httpx.Client) -> None:
    assert proxied.get("/accounts/demo/").status_code == 404


def test_static_files_are_not_sniffed(proxied: httpx.Client) -> None:
    address = re.search(r'/static/[^"]+\.css', proxied.get("/").text)
    assert address is not None

    assert proxied.get(address[0]).headers["X-Content-Type-Options"] == "nosniff"
