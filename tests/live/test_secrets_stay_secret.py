"""What a site writes down, to its logs and to its database, holds no secret that would open it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.accounts.browser import Browser, GoogleSite
from tests.faults.customers import small_picture
from tests.jobs.receiver import Receiver, running_receiver
from tests.servers.oidc import running_oidc
from tests.servers.oidc_tokens import Person
from tests.servers.stack import LiveSite, running_stack

pytestmark = pytest.mark.live

_DUMP = """
from django.db import connection
with connection.cursor() as cursor:
    for table in connection.introspection.table_names():
        cursor.execute(f'SELECT * FROM "{table}"')
        for row in cursor.fetchall():
            print(table, row)
"""
_RENAME = "from django.db import connection; connection.cursor().execute('ALTER TABLE {} RENAME TO {}')"
_PERSON = Person(sub="100000000000000000001", email="rosa@example.com", name="Rosa", email_verified=True)


@dataclass(frozen=True)
class Written:
    """The secrets of a site that has lived a little, and everything it wrote down meanwhile."""

    secrets: dict[str, list[str]]
    log: str
    database: str


SECRETS = ["API keys", "key in a URL", "webhook secrets", "sessions", "SECRET_KEY", "Google's secret", "signatures"]
# A session's id is its row's key, which is how Django finds it.
SECRETS_IN_THE_DATABASE = [name for name in SECRETS if name != "sessions"]


@pytest.fixture(scope="module")
def written(pytestconfig: pytest.Config) -> Iterator[Written]:
    secret_key = "do-not-write-this-down-" + "k" * 40
    with running_oidc() as google, running_receiver() as receiver:
        receiver.answers = [(500, {})]
        environment = {
            **google.environment,
            "PIXELSITE_SECRET_KEY": secret_key,
            "PIXELSITE_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        with running_stack(root=pytestconfig.rootpath, **environment) as site:
            google.redirect_uris.add(f"{site.url}/accounts/google/login/callback/")
            google.people = [_PERSON]
            with Browser(GoogleSite(site=site, google=google)) as browser:
                secrets = _live_a_little(site, browser, receiver)
            secrets |= {"SECRET_KEY": [secret_key], "Google's secret": [google.environment["GOOGLE_CLIENT_SECRET"]]}
            database = site.manage("shell", "--verbosity", "0", "-c", _DUMP)
            if site.database.exists():
                files = site.data.glob("pixelsite.sqlite3*")
                database += "".join(path.read_bytes().decode("latin-1") for path in files)
            site.stop()
            yield Written(secrets=secrets, log=site.log.read_text(errors="replace"), database=database)


def _live_a_little(site: LiveSite, browser: Browser, receiver: Receiver) -> dict[str, list[str]]:
    """Sign in, make keys and secrets, work, and let things go wrong. Returns the secrets that were seen."""
    browser.sign_in()
    sessions = [str(browser.session_key)]
    key, trial = _made_key(browser, "first"), _made_key(browser, "trial", kind="test")
    number = _found(r"/keys/(\d+)/rotate/", browser.http.get("/keys/").text)
    replaced = _found(r"pk_\w+_\w{38}", _post(browser, f"/keys/{number}/rotate/", overlap="1").text)

    _post(browser, "/webhooks/add/", url=receiver.url)
    endpoint = _found(r"/webhooks/(\d+)/secret/", browser.http.get("/webhooks/").text)
    shown = _found(r"whsec_[\w+/=]+", _post(browser, f"/webhooks/{endpoint}/secret/").text)
    rotated = _found(r"whsec_[\w+/=]+", _post(browser, f"/webhooks/{endpoint}/secret/rotate/").text)

    links = _work(site, key, receiver)
    leaked = _leak_a_key(site, browser)
    _break_a_table(site, browser, key)
    with suppress(httpx.HTTPError):
        browser.http.get("/accounts/demo/", params={"token": site.demo_login_path.partition("token=")[2]})
    sessions.append(str(browser.session_key))
    return {
        "API keys": [key, trial, replaced, site.demo_key],
        "key in a URL": [leaked],
        "webhook secrets": [shown, rotated],
        "sessions": sessions,
        "signatures": [parse_qs(urlsplit(link).query)["sig"][0] for link in links],
    }


def _made_key(browser: Browser, name: str, *, kind: str = "live") -> str:
    page = _post(browser, "/keys/", name=name, kind=kind, scopes=["submit", "read"]).text
    return _found(rf"pk_{kind}_\w{{38}}", page)


def _post(browser: Browser, path: str, **fields: str | list[str]) -> httpx.Response:
    browser.http.get("/editor/")
    fields["csrfmiddlewaretoken"] = browser.http.cookies["csrftoken"]
    return browser.http.post(path, data=fields)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not on the page"
    return found[found.re.groups and 1]


def _work(site: LiveSite, key: str, receiver: Receiver) -> list[str]:
    """One job and its failing webhook. Returns its link, asked for right and wrong."""
    files = {"image": ("photo.png", small_picture(), "image/png")}
    with site.api(key) as api:
        accepted = api.post("/v1/image/remove-object", files=files, data={"bbox": "4,4,10,10"})
        job: dict[str, Any] = api.get(f"/v1/image/{accepted.json()['id']}", params={"wait": 60}).json()
        link = job["output_url"]
        assert [api.get(url).status_code for url in (link, link + "&x=1", link[:-1])] == [200, 403, 403]
        api.delete(f"/v1/image/{job['id']}")
        assert api.get(link).status_code == 410
    deadline = time.monotonic() + 60
    while not receiver.received and time.monotonic() < deadline:
        time.sleep(0.2)
    assert receiver.received, "no webhook was sent"
    return [link]


def _leak_a_key(site: LiveSite, browser: Browser) -> str:
    """A key that somebody puts where it does not belong."""
    key = _made_key(browser, "leaked")
    answers = [
        httpx.get(f"{site.url}/v1/models", params={"api_key": key}),
        httpx.post(f"{site.url}/v1/image/remove-object", params={"key": key}),
        httpx.get(f"{site.url}/v1/models", headers={"X-Api-Key": key}),
        httpx.get(f"{site.url}/v1/models", headers={"Authorization": f"Basic {key}"}),
        httpx.get(f"{site.url}/v1/models", headers={"Authorization": f"Bearer {key}x"}),
        httpx.post(
            f"{site.url}/v1/image/remove-object", headers={"Authorization": f"Bearer {key}"}, data={"prompt": key}
        ),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 401, 415]
    assert answers[0].json()["code"] == "api_key_in_url"
    return key


def _break_a_table(site: LiveSite, browser: Browser, key: str) -> None:
    """A page and the API while a table is gone: the log gets a traceback."""
    site.manage("shell", "-c", _RENAME.format("accounts_apikey", "away"))
    try:
        assert browser.http.get("/dashboard/").status_code == 500
        assert httpx.get(f"{site.url}/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code >= 500
    finally:
        site.manage("shell", "-c", _RENAME.format("away", "accounts_apikey"))


def test_the_log_tells_of_what_went_wrong(written: Written) -> None:
    """Otherwise the tests below would read an empty log."""
    assert "Traceback" in written.log
    assert "accounts_apikey" in written.log


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_in_the_log(written: Written, name: str) -> None:
    assert [secret for secret in written.secrets[name] if secret in written.log] == []


def test_the_database_holds_what_the_secrets_belong_to(written: Written) -> None:
    """Otherwise the tests below would read an empty database."""
    assert "rosa@example.com" in written.database
    assert written.secrets["API keys"][0][:12] in written.database


@pytest.mark.parametrize("name", SECRETS_IN_THE_DATABASE)
def test_no_secret_is_in_the_database(written: Written, name: str) -> None:
    assert [secret for secret in written.secrets[name] if secret in written.database] == []
