"""Where an account is signed in, and ending that from elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import devices, sessions
from accounts.models import AuditEvent
from tests.cast import Cast

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
EDGE = CHROME.replace("X11; Linux x86_64", "Windows NT 10.0") + " Edg/141.0.0.0"


@pytest.fixture
def sign_in(settings: Any, cast: Cast) -> Any:
    """Sign in to the demo account, as a browser does."""
    settings.DEBUG = True
    settings.SIGN_INS_PER_MINUTE = 1000

    def sign_in(agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
        browser = Client(REMOTE_ADDR=address, headers={"User-Agent": agent})
        assert browser.post("/accounts/demo/").status_code == 302
        return browser

    return sign_in


def _is_signed_in(browser: Client) -> bool:
    return browser.get("/dashboard/").status_code == 200


def _row_of(browser: Client) -> UserSession:
    return UserSession.objects.get(session_key=browser.session.session_key)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (CHROME, "Chrome on Linux"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
        ("Something (Android 15)", "A browser on Android"),
    ],
)
def test_a_device_is_named_in_words(agent: str, words: str) -> None:
    assert devices.device_in_words(agent) == words


def test_the_account_page_lists_every_place_this_one_first(sign_in: Any) -> None:
    here = sign_in(FIREFOX)
    sign_in(IPHONE, "2001:db8::7")

    page = here.get("/account/").content.decode()

    assert page.index("Firefox on Windows") < page.index("Safari on iPhone")
    assert page.count('data-testid="session-row"') == 2
    assert ("This browser" in page, "2001:db8::7" in page) == (True, True)


def test_one_place_can_be_signed_out(sign_in: Any) -> None:
    here, there = sign_in(), sign_in(IPHONE)

    here.post(f"/account/sessions/{_row_of(there).pk}/end/")

    assert (_is_signed_in(there), _is_signed_in(here)) == (False, True)
    assert list(AuditEvent.objects.filter(kind="session_ended").values_list("about", flat=True)) == ["Safari on iPhone"]


def test_everywhere_else_can_be_signed_out_at_once(sign_in: Any) -> None:
    here, others = sign_in(), [sign_in(IPHONE), sign_in(CHROME)]

    here.post("/account/sessions/end/")

    assert ([_is_signed_in(other) for other in others], _is_signed_in(here)) == ([False, False], True)
    assert AuditEvent.objects.filter(kind="session_ended").count() == 2


def test_nobody_ends_the_session_of_another_account(sign_in: Any, alice_browser: Client) -> None:
    there = sign_in()

    answer = alice_browser.post(f"/account/sessions/{_row_of(there).pk}/end/")

    assert (answer.status_code, _is_signed_in(there)) == (404, True)


def test_signing_out_takes_the_place_off_the_list(sign_in: Any) -> None:
    here, there = sign_in(), sign_in(IPHONE)
    there.post("/accounts/logout/")

    assert here.get("/account/").content.decode().count('data-testid="session-row"') == 1


def test_a_session_is_written_down_again_after_some_minutes_and_not_at_every_request(
    sign_in: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    here = sign_in()
    long_ago = timezone.now() - timedelta(days=1)
    UserSession.objects.update(last_seen_at=long_ago)

    here.get("/account/")
    unchanged = _row_of(here).last_seen_at
    monkeypatch.setattr(sessions, "_SEEN_STEP_S", 0)
    here.get("/account/")

    assert unchanged == long_ago
    assert _row_of(here).last_seen_at > long_ago


def test_a_session_from_before_sessions_were_listed_is_listed_once_it_is_used(
    sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = sign_in()
    UserSession.objects.all().delete()
    monkeypatch.setattr(sessions, "_written", {})
    here.get("/account/")

    assert _row_of(here).user_agent == FIREFOX


def test_a_request_that_asks_for_nobody_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_written", {})

    cast.api(cast.alice_key).get("/v1/account/balance")

    assert not UserSession.objects.exists()


def test_expired_sessions_are_forgotten_with_where_they_were(sign_in: Any) -> None:
    gone, here = sign_in(IPHONE), sign_in()
    Session.objects.filter(session_key=gone.session.session_key).update(expire_date=timezone.now() - timedelta(days=1))

    assert sessions.delete_expired_sessions() == 1
    assert [row.user_agent for row in UserSession.objects.all()] == [FIREFOX]
    assert _is_signed_in(here)


def test_listing_takes_the_same_queries_for_many_places(sign_in: Any, django_assert_num_queries: Any) -> None:
    here = sign_in()
    for number in range(5):
        sign_in(CHROME, f"192.0.2.{number + 10}")
    user = _row_of(here).user

    with django_assert_num_queries(1):
        assert len(sessions.sessions_of(user, current_key=None)) == 6


def test_without_an_address_a_session_is_listed_all_the_same(cast: Cast, alice_browser: Client) -> None:
    """Signed in to without a request's address, as behind a unix socket."""
    assert [row.address for row in sessions.sessions_of(cast.alice, current_key=None)] == [None]
