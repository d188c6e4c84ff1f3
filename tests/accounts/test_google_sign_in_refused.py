"""Signing in with Google: everything that must not open a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from tests.accounts.browser import DASHBOARD, GOOGLE_LOGIN, LOGIN, Browser, GoogleSite, parameters
from tests.servers.oidc_tokens import Fault, Person

pytestmark = pytest.mark.live


def assert_refused(answer: httpx.Response, browser: Browser) -> None:
    """A page that says so and leads back to the sign-in page; no session."""
    assert 400 <= answer.status_code < 500
    assert "text/html" in answer.headers["Content-Type"]
    assert LOGIN in answer.text
    assert not browser.is_signed_in


def changed(url: str, **changes: str | None) -> str:
    """The address with these query parameters set, or removed."""
    address = httpx.URL(url)
    for name, value in changes.items():
        remove = value is None
        address = address.copy_remove_param(name) if remove else address.copy_set_param(name, value)
    return str(address)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_a_wrong_id_token_is_refused(google_site: GoogleSite, browser: Browser, person: Person, fault: Fault) -> None:
    google_site.google.fault = fault

    answer = browser.sign_in(person)

    assert_refused(answer, browser)
    assert google_site.user_id(person.email) is None


def test_a_wrong_id_token_does_not_open_an_existing_account(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    browser.sign_in(person)
    google_site.google.fault = Fault.FOREIGN_KEY

    assert_refused(other_browser.sign_in(person), other_browser)


def test_an_unverified_address_is_refused(
    google_site: GoogleSite, browser: Browser, new_person: Callable[..., Person]
) -> None:
    stranger = new_person(email_verified=False)

    answer = browser.sign_in(stranger)

    assert_refused(answer, browser)
    assert "not verified" in answer.text
    assert google_site.user_id(stranger.email) is None


def test_a_person_without_an_address_is_refused(browser: Browser, person: Person) -> None:
    assert_refused(browser.sign_in(replace(person, email="")), browser)


@pytest.mark.parametrize("spelling", [str, str.upper], ids=["same", "capital"])
def test_a_known_address_with_another_subject_is_refused_and_not_linked(
    google_site: GoogleSite,
    browser: Browser,
    other_browser: Browser,
    new_person: Callable[..., Person],
    spelling: Callable[[str], str],
) -> None:
    owner = new_person()
    browser.sign_in(owner)
    owner_id = google_site.user_id(owner.email)
    thief = replace(new_person(), email=spelling(owner.email))

    answer = other_browser.sign_in(thief)

    assert_refused(answer, other_browser)
    assert "already has an account" in answer.text
    assert google_site.user_id(owner.email) == owner_id
    assert google_site.subjects_of(owner_id) == [f"{google_site.google.issuer}|{owner.sub}"]


def test_an_operators_account_is_not_taken_over_by_its_address(
    google_site: GoogleSite, browser: Browser, person: Person
) -> None:
    google_site.site.manage("createsuperuser", "--noinput", "--email", person.email)

    assert_refused(browser.sign_in(person), browser)
    assert google_site.subjects_of(google_site.user_id(person.email)) == []


def test_an_inactive_user_is_refused(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    browser.sign_in(person)
    google_site.query("UPDATE accounts_user SET is_active = 0 WHERE email = ?", person.email)

    answer = other_browser.sign_in(person)

    assert_refused(answer, other_browser)
    assert "closed" in answer.text
    assert not browser.is_signed_in, "the session from before has ended too"


@pytest.mark.parametrize("state", [None, "", "AAAAAAAAAAAAAAAA"], ids=["missing", "empty", "invented"])
def test_a_callback_without_our_state_is_refused(browser: Browser, person: Person, state: str | None) -> None:
    browser.place.google.people = [person]
    callback = browser.at_google(browser.press_the_button())

    assert_refused(browser.http.get(changed(callback, state=state)), browser)


def test_a_callback_in_another_session_is_refused(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    google_site.google.people = [person]
    callback = browser.at_google(browser.press_the_button())
    other_browser.press_the_button()

    assert_refused(other_browser.http.get(callback), other_browser)
    assert google_site.user_id(person.email) is None


def test_a_callback_works_once(browser: Browser, other_browser: Browser, person: Person) -> None:
    browser.place.google.people = [person]
    callback = browser.at_google(browser.press_the_button())
    browser.http.get(callback)
    key = browser.session_key

    again = browser.http.get(callback)

    assert again.status_code == 400
    assert browser.session_key == key, "the first sign-in stays"


def test_a_code_from_another_sign_in_is_refused(browser: Browser, person: Person) -> None:
    browser.place.google.people = [person]
    code = parameters(browser.at_google(browser.press_the_button()))["code"]
    callback = browser.at_google(browser.press_the_button())

    assert_refused(browser.http.get(changed(callback, code=code)), browser)


def test_a_used_code_is_refused_under_a_new_state(browser: Browser, other_browser: Browser, person: Person) -> None:
    browser.place.google.people = [person]
    callback = browser.at_google(browser.press_the_button())
    browser.http.get(callback)
    fresh = other_browser.at_google(other_browser.press_the_button())

    stolen = other_browser.http.get(changed(fresh, code=parameters(callback)["code"]))

    assert_refused(stolen, other_browser)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_only_a_post_starts_a_sign_in(browser: Browser, method: str) -> None:
    answer = browser.http.request(method, GOOGLE_LOGIN)

    assert browser.place.google.issuer not in answer.headers.get("Location", "")
    assert not browser.place.google.authorizations


def test_a_post_from_another_site_does_not_start_a_sign_in(browser: Browser) -> None:
    browser.http.get(LOGIN)

    without_token = browser.http.post(GOOGLE_LOGIN)
    from_elsewhere = browser.http.post(
        GOOGLE_LOGIN,
        data={"csrfmiddlewaretoken": browser.http.cookies["csrftoken"]},
        headers={"Origin": "https://evil.example"},
    )

    assert without_token.status_code == 403
    assert from_elsewhere.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "http:evil.example",
        "/\\evil.example/",
        "\\\\evil.example/",
        "javascript:alert(1)",
        "http://127.0.0.1@evil.example/",
        " https://evil.example/",
    ],
)
def test_the_way_back_never_leads_to_another_site(browser: Browser, person: Person, target: str) -> None:
    answer = browser.sign_in(person, next_url=target)

    assert answer.headers["Location"] == DASHBOARD


def test_walking_away_at_google_is_answered_kindly(google_site: GoogleSite, browser: Browser) -> None:
    google_site.google.is_denied = True

    answer = browser.sign_in()

    assert answer.status_code == 200
    assert "cancelled" in answer.text
    assert LOGIN in answer.text
    assert not browser.is_signed_in


def test_an_unknown_error_at_google_is_refused(browser: Browser, person: Person) -> None:
    browser.place.google.people = [person]
    callback = browser.at_google(browser.press_the_button())

    answer = browser.http.get(changed(callback, code=None, error="server_error"))

    assert_refused(answer, browser)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/google/login/token/",
        "/accounts/3rdparty/",
    ],
)
def test_there_is_no_other_door(browser: Browser, path: str) -> None:
    answer = browser.http.get(path)

    assert answer.status_code == 404 or answer.headers.get("Location", "").startswith(LOGIN)


def test_a_password_does_not_sign_in(browser: Browser, person: Person) -> None:
    page = browser.http.get(LOGIN)
    fields = {
        "csrfmiddlewaretoken": browser.http.cookies["csrftoken"],
        "password": "right or wrong",
    }

    answer = browser.http.post(LOGIN, data=fields | {"login": person.email})

    assert 'type="password"' not in page.text
    assert answer.status_code in (403, 405)
    assert not browser.is_signed_in
