"""Signing in with Google: from the button to the dashboard, as the same person each time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.accounts.browser import DASHBOARD, Browser, GoogleSite, parameters
from tests.servers.oidc_tokens import Person

pytestmark = pytest.mark.live


def test_the_button_leads_to_the_dashboard(browser: Browser, person: Person) -> None:
    answer = browser.sign_in(person)

    assert answer.status_code == 302
    assert answer.headers["Location"] == DASHBOARD
    assert browser.is_signed_in


def test_a_new_person_gets_an_account_with_name_and_address(
    google_site: GoogleSite, browser: Browser, person: Person
) -> None:
    browser.sign_in(person)

    rows = google_site.query(
        "SELECT name, is_active, is_staff, password FROM accounts_user WHERE email = ?",
        person.email,
    )
    ((name, is_active, is_staff, password),) = rows
    assert (name, is_active, is_staff) == (person.name, 1, 0)
    assert str(password).startswith("!"), "nobody can sign in with a password"


def test_a_new_person_gets_the_sign_up_credits_once(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    browser.sign_in(person)
    other_browser.sign_in(person)

    assert google_site.sign_up_credits_of(person.email) == [500]


def test_the_second_sign_in_is_the_same_account(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    browser.sign_in(person)
    first_id = google_site.user_id(person.email)
    other_browser.sign_in(person)

    assert other_browser.is_signed_in
    assert google_site.user_id(person.email) == first_id
    assert google_site.subjects_of(first_id) == [f"{google_site.google.issuer}|{person.sub}"]


def test_a_changed_address_with_the_same_subject_is_the_same_account(
    google_site: GoogleSite, browser: Browser, other_browser: Browser, person: Person
) -> None:
    browser.sign_in(person)
    first_id = google_site.user_id(person.email)
    moved = replace(person, email=f"moved-{person.email}")

    other_browser.sign_in(moved)

    assert other_browser.is_signed_in
    assert google_site.user_id(moved.email) == first_id
    assert google_site.user_id(person.email) is None


def test_a_changed_address_that_someone_else_has_is_not_taken_over(
    google_site: GoogleSite, browser: Browser, new_person: Callable[..., Person]
) -> None:
    owner, person = new_person(), new_person()
    for someone in (owner, person):
        with Browser(google_site) as earlier:
            earlier.sign_in(someone)
    owner_id, person_id = google_site.user_id(owner.email), google_site.user_id(person.email)

    answer = browser.sign_in(replace(person, email=owner.email))

    assert answer.headers["Location"] == DASHBOARD
    assert google_site.user_id(owner.email) == owner_id
    assert google_site.user_id(person.email) == person_id


def test_the_address_is_the_same_in_capital_letters(google_site: GoogleSite, browser: Browser, person: Person) -> None:
    browser.sign_in(replace(person, email=person.email.upper()))

    assert browser.is_signed_in
    assert google_site.user_id(person.email) is not None


def test_the_session_gets_a_new_key_at_sign_in(browser: Browser, person: Person) -> None:
    browser.place.google.people = [person]
    callback = browser.at_google(browser.press_the_button())
    before = browser.session_key

    browser.http.get(callback)

    assert before is not None
    assert browser.session_key not in (None, before)
    with Browser(browser.place) as thief:
        thief.http.cookies.set("sessionid", before)
        assert not thief.is_signed_in


@pytest.mark.parametrize("process", ["login", "connect", "redirect"])
def test_signing_in_as_someone_else_leaves_the_first_account(
    browser: Browser, new_person: Callable[..., Person], process: str
) -> None:
    first, second = new_person(), new_person()
    browser.sign_in(first)
    first_key = browser.session_key
    browser.place.google.people = [second]

    browser.http.get(browser.at_google(browser.post_the_form(process=process)))

    assert browser.is_signed_in
    assert browser.session_key != first_key
    assert browser.place.links_of(second.email) == 1
    assert browser.place.links_of(first.email) == 1


def test_two_tabs_that_finish_at_once_make_one_account(google_site: GoogleSite, person: Person) -> None:
    google_site.google.people = [person]
    with ExitStack() as open_tabs, ThreadPoolExecutor(4) as pool:
        tabs = [open_tabs.enter_context(Browser(google_site)) for _ in range(4)]
        callbacks = [tab.at_google(tab.press_the_button()) for tab in tabs]

        answers = list(pool.map(lambda tab, callback: tab.http.get(callback), tabs, callbacks))

    assert DASHBOARD in [answer.headers.get("Location") for answer in answers]
    assert max(answer.status_code for answer in answers) < 500
    assert google_site.links_of(person.email) == 1
    assert google_site.sign_up_credits_of(person.email) == [500]


def test_the_question_has_pkce_a_nonce_and_only_our_scopes(browser: Browser, person: Person) -> None:
    browser.sign_in(person)
    (question,) = browser.place.google.authorizations

    assert question["code_challenge_method"] == "S256"
    assert len(question["code_challenge"]) == 43
    assert len(question["nonce"]) >= 22
    assert len(question["state"]) >= 16
    assert set(question["scope"].split()) == {"openid", "email", "profile"}


def test_every_sign_in_asks_with_a_new_state_and_nonce(browser: Browser, person: Person) -> None:
    first = parameters(browser.press_the_button().headers["Location"])
    second = parameters(browser.press_the_button().headers["Location"])

    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_our_address_cannot_change_what_google_is_asked(browser: Browser) -> None:
    start = browser.post_the_form(
        query={"scope": "https://mail.example/read", "auth_params": "nonce=known&prompt=none"}
    )

    question = parameters(start.headers["Location"])
    assert set(question["scope"].split()) == {"openid", "email", "profile"}
    assert question["nonce"] != "known"
    assert question.get("prompt") != "none"


def test_the_way_back_leads_to_the_page_that_asked(browser: Browser, person: Person) -> None:
    answer = browser.sign_in(person, next_url="/dashboard/?from=mail")

    assert answer.headers["Location"] == "/dashboard/?from=mail"
