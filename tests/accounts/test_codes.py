"""Signing in with a code sent by mail: bound to the browser, ten minutes, five tries, one account a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import letters, services
from accounts.models import AuditEvent, Letter, User
from billing.models import LotKind
from tests.cast import Cast

SEND = "/accounts/code/send/"
ENTER = "/accounts/code/"


@pytest.fixture(autouse=True)
def _codes_are_on(db: None, settings: Any) -> None:
    settings.EMAIL_SIGN_IN = True
    cache.clear()


@pytest.fixture
def browser() -> Client:
    return Client(REMOTE_ADDR="192.0.2.1")


def _ask(browser: Client, email: str = "new@example.com", **fields: str) -> str:
    """Ask for a code and read it in the mail."""
    before = Letter.objects.count()
    answer = browser.post(SEND, {"email": email, **fields})
    assert (answer.status_code, answer["Location"], Letter.objects.count()) == (302, ENTER, before + 1)
    return str(Letter.objects.latest("id").context["code"])


def _wrong(code: str) -> str:
    return ("2" if code[0] != "2" else "3") + code[1:]


def _is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def test_the_right_code_signs_in_to_a_new_account(browser: Client) -> None:
    answer = browser.post(ENTER, {"code": _ask(browser)})

    user = User.objects.get(email="new@example.com")
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert browser.session["_auth_user_id"] == str(user.pk)


def test_what_led_to_a_new_account_is_in_its_log(browser: Client) -> None:
    browser.post(ENTER, {"code": _ask(browser)})

    events = AuditEvent.objects.filter(user=User.objects.get(email="new@example.com")).order_by("id")
    assert [event.kind for event in events] == ["code_sent", "signed_in"]


def test_a_code_signs_in_to_the_account_that_there_is(browser: Client, cast: Cast) -> None:
    browser.post(ENTER, {"code": _ask(browser, " Alice@Example.com ")})

    assert browser.session["_auth_user_id"] == str(cast.alice.pk)


def test_a_person_gets_the_sign_up_credits_once_whatever_the_alias(browser: Client) -> None:
    browser.post(ENTER, {"code": _ask(browser, "a.person@gmail.com")})
    second = Client(REMOTE_ADDR="192.0.2.2")
    second.post(ENTER, {"code": _ask(second, "aperson+again@gmail.com")})

    granted = [
        User.objects.get(email=email).wallet.lots.filter(kind=LotKind.SIGNUP).count()
        for email in ("a.person@gmail.com", "aperson+again@gmail.com")
    ]
    assert granted == [1, 0]


@pytest.mark.parametrize(
    "spelled", [str.lower, lambda code: f" {code[:3]} {code[3:]} ", lambda code: f"{code[:3]}-{code[3:]}"]
)
def test_a_code_may_be_typed_as_people_do(browser: Client, spelled: Any) -> None:
    browser.post(ENTER, {"code": spelled(_ask(browser))})

    assert _is_signed_in(browser)


def test_a_wrong_code_is_refused_and_written_down(browser: Client, cast: Cast) -> None:
    code = _ask(browser, "alice@example.com")

    answer = browser.post(ENTER, {"code": _wrong(code)})

    assert (answer.status_code, _is_signed_in(browser)) == (400, False)
    assert list(AuditEvent.objects.filter(user=cast.alice, kind__in=["code_sent", "sign_in_refused"]).values_list("kind", "address"))[::-1] == [
        ("code_sent", "192.0.2.1"),
        ("sign_in_refused", "192.0.2.1"),
    ]  # fmt: skip


def test_after_five_wrong_tries_the_right_one_is_too_late(browser: Client) -> None:
    code = _ask(browser)
    for _ in range(5):
        browser.post(ENTER, {"code": _wrong(code)})

    answer = browser.post(ENTER, {"code": code})

    assert (answer.status_code, "tried too often" in answer.content.decode(), _is_signed_in(browser)) == (
        400,
        True,
        False,
    )


def test_tries_are_counted_across_requests_that_began_with_the_same_session(browser: Client) -> None:
    """Guesses sent at once all read the session before any of them writes it."""
    code = _ask(browser)
    row = Session.objects.get(session_key=browser.session.session_key)
    for _ in range(5):
        browser.post(ENTER, {"code": _wrong(code)})
        row.save()

    assert browser.post(ENTER, {"code": code}).status_code == 400


def test_a_code_is_valid_for_ten_minutes(browser: Client) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        code = _ask(browser)
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        late = browser.post(ENTER, {"code": code})

    assert (late.status_code, "no longer valid" in late.content.decode()) == (400, True)


def test_a_code_is_valid_until_just_before(browser: Client) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        code = _ask(browser)
    with time_machine.travel(now + timedelta(minutes=9, seconds=59), tick=False):
        browser.post(ENTER, {"code": code})

    assert _is_signed_in(browser)


def test_a_new_code_makes_the_old_one_invalid(browser: Client) -> None:
    old = _ask(browser)
    new = _ask(browser)

    refused = browser.post(ENTER, {"code": old}).status_code
    browser.post(ENTER, {"code": new})
    assert (refused, _is_signed_in(browser)) == (400, True)


def test_a_code_works_once(browser: Client) -> None:
    code = _ask(browser)
    browser.post(ENTER, {"code": code})
    browser.post("/accounts/logout/")

    assert browser.post(ENTER, {"code": code}).status_code == 400


def test_a_code_is_for_the_browser_that_asked(browser: Client) -> None:
    code, other = _ask(browser), Client()

    answer = other.post(ENTER, {"code": code})

    assert (answer.status_code, _is_signed_in(other)) == (400, False)


def test_signing_in_changes_the_session_key(browser: Client) -> None:
    code = _ask(browser)
    before = browser.session.session_key
    browser.post(ENTER, {"code": code})

    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_the_code_lies_in_clear_only_in_the_unsent_letter(browser: Client) -> None:
    code = _ask(browser)
    session = Session.objects.get(session_key=browser.session.session_key)
    _, text = letters.subject_and_text(Letter.objects.latest("id"))

    assert (code in text, code in str(session.get_decoded())) == (True, False)
    assert not AuditEvent.objects.filter(about__contains=code).exists()


def test_the_answer_does_not_tell_whether_there_is_an_account(cast: Cast) -> None:
    def pages(email: str) -> tuple[Any, ...]:
        browser = Client(REMOTE_ADDR="192.0.2.9")
        sent = browser.post(SEND, {"email": email})
        return (
            sent.status_code,
            sent["Location"],
            browser.get(ENTER).content.decode().replace(email, "").split("csrf")[0],
        )

    assert pages("alice@example.com") == pages("nobody-here@example.com")


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [("/editor/", "/editor/"), ("https://evil.example/", "/dashboard/"), ("//evil.example", "/dashboard/")],
)
def test_afterwards_only_a_page_of_ours_is_shown(browser: Client, path: str, goes_to: str) -> None:
    code = _ask(browser, next=path)

    assert browser.post(ENTER, {"code": code})["Location"] == goes_to


@pytest.mark.parametrize(
    "email", ["", "no address", "a@b", "x" * 250 + "@example.com", "two@example.com, three@example.com"]
)
def test_what_is_no_address_is_said_on_the_page(browser: Client, email: str) -> None:
    answer = browser.post(SEND, {"email": email})

    assert (answer.status_code, "no e-mail address" in answer.content.decode()) == (400, True)
    assert not Letter.objects.exists()


def test_a_suspended_account_is_told_so_after_the_right_code(browser: Client, cast: Cast) -> None:
    User.objects.filter(pk=cast.alice.pk).update(is_active=False, suspended_at=timezone.now())

    answer = browser.post(ENTER, {"code": _ask(browser, "alice@example.com")})

    assert (answer.status_code, "suspended" in answer.content.decode(), _is_signed_in(browser)) == (403, True, False)


def test_a_closed_account_stays_closed_and_its_address_may_begin_anew(browser: Client, cast: Cast) -> None:
    services.close_account(cast.alice)

    browser.post(ENTER, {"code": _ask(browser, "alice@example.com")})

    assert browser.session["_auth_user_id"] != str(cast.alice.pk)
    assert not User.objects.get(email="alice@example.com").wallet.lots.exists()


def test_an_operators_account_does_not_open_with_a_code(browser: Client, cast: Cast) -> None:
    answer = browser.post(ENTER, {"code": _ask(browser, "olga@example.com")})

    assert (answer.status_code, _is_signed_in(browser)) == (403, False)


def test_one_inbox_gets_five_codes_in_ten_minutes_whoever_asks_and_however_it_is_spelled(settings: Any) -> None:
    settings.SIGN_INS_PER_MINUTE = 1000
    spellings = [
        "a.b@gmail.com",
        "ab@gmail.com",
        "ab+1@gmail.com",
        "AB@googlemail.com",
        "a.b+2@gmail.com",
        "ab@gmail.com",
    ]

    answers = [
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(SEND, {"email": email}).status_code
        for number, email in enumerate(spellings, start=1)
    ]

    assert answers == [302] * 5 + [429]


@pytest.mark.parametrize("path", [SEND, ENTER])
def test_one_address_may_not_ask_or_guess_without_end(path: str, settings: Any) -> None:
    settings.SIGN_INS_PER_MINUTE = 3
    fields = [{"email": f"person-{number}@example.com", "code": "222222"} for number in range(4)]

    answers = [Client(REMOTE_ADDR="192.0.2.77").post(path, each).status_code for each in fields]

    assert (answers[3], 429 in answers[:3]) == (429, False)


def test_while_the_cache_is_away_no_code_is_taken(
    browser: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    code = _ask(browser)

    def away(*_: Any, **__: Any) -> int:
        raise ConnectionError

    monkeypatch.setattr("accounts.codes.cache.incr", away)
    settings.RATELIMIT_ENABLE = False
    answer = browser.post(ENTER, {"code": code})

    assert (answer.status_code, answer["Retry-After"], _is_signed_in(browser)) == (503, "60", False)


@pytest.mark.parametrize("path", [SEND, ENTER])
def test_without_the_setting_there_is_no_such_page(browser: Client, settings: Any, path: str) -> None:
    settings.EMAIL_SIGN_IN = False

    assert browser.post(path, {"email": "new@example.com"}).status_code == 404
    assert 'name="email"' not in browser.get("/accounts/login/").content.decode()


def test_the_field_is_one_that_phones_fill_in(browser: Client) -> None:
    _ask(browser)

    page = browser.get(ENTER).content.decode()

    assert 'autocomplete="one-time-code"' in page
    assert "autofocus" in page


def test_the_page_for_the_code_leads_back_without_one(browser: Client) -> None:
    assert browser.get(ENTER)["Location"] == "/accounts/login/"
