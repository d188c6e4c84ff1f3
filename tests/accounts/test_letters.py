"""Letters: one for each occasion, handed in to a real mail server, tried again for two days."""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.mail import EmailMessage
from django.db import close_old_connections, connection, transaction
from django.test import override_settings
from django.utils import timezone

from accounts import letters
from accounts.models import Letter
from tests.servers.smtp import Fault, MailServer

ADDRESS = "alice@example.com"


@pytest.fixture(autouse=True)
def templates_of_a_test_letter(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "templates" / "letters"
    folder.mkdir(parents=True)
    (folder / "test.subject.txt").write_text("{{ site_name }}: about {{ what }}\n")
    (folder / "test.txt").write_text("\nDear {{ name }},\n\nlook at {{ site_url }}/jobs/\n")
    found = [{**site.TEMPLATES[0], "DIRS": [tmp_path / "templates", *site.TEMPLATES[0]["DIRS"]]}]
    with override_settings(TEMPLATES=found):
        yield


def write(key: str = "test:1", **context: Any) -> Letter:
    letter = letters.write(address=ADDRESS, kind="test", key=key, context={"name": "Alice", "what": "photos"} | context)
    assert letter is not None
    return letter


def make_due(letter: Letter) -> None:
    Letter.objects.filter(pk=letter.pk).update(try_at=timezone.now() - timedelta(seconds=1))


def pause_of(letter: Letter) -> float:
    letter.refresh_from_db()
    return (letter.try_at - timezone.now()).total_seconds()


def test_a_letter_reaches_the_mail_server_with_the_sites_name_and_address(db: None, mail_server: MailServer) -> None:
    write()

    assert letters.send_due() == 1

    [arrived] = mail_server.to(ADDRESS)
    assert arrived["Subject"] == "Pixelsite: about photos"
    assert arrived.get_content() == f"Dear Alice,\n\nlook at {site.SITE_URL}/jobs/\n"
    assert arrived["From"] == site.DEFAULT_FROM_EMAIL


def test_a_letter_is_sent_once(db: None, mail_server: MailServer) -> None:
    write()
    letters.send_due()

    assert letters.send_due() == 0
    assert len(mail_server.letters) == 1


def test_one_occasion_gets_one_letter(db: None, mail_server: MailServer) -> None:
    write("budget:1")

    again = letters.write(address=ADDRESS, kind="test", key="budget:1", context={})

    assert again is None
    assert Letter.objects.count() == 1


def test_a_letter_of_a_transaction_that_fails_is_not_sent(db: None, mail_server: MailServer) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        write()
        raise RuntimeError

    assert letters.send_due() == 0


def test_writing_twice_leaves_the_callers_transaction_in_order(db: None) -> None:
    write("same")
    with transaction.atomic():
        assert letters.write(address=ADDRESS, kind="test", key="same", context={}) is None
        write("other")

    assert Letter.objects.filter(key="other").exists()


def test_nothing_in_a_letter_is_escaped_as_markup(db: None, mail_server: MailServer) -> None:
    write(name='<O\'Hara & "Söhne">')
    letters.send_due()

    assert 'Dear <O\'Hara & "Söhne">,' in mail_server.letters[0].get_content()


@pytest.mark.parametrize(
    "trick", ["x\nBcc: eve@example.com", "x\r\n\r\nbody", "x\x01\x07y", "x\u2028Bcc: eve@example.com"]
)
def test_what_stands_in_a_subject_adds_no_header(db: None, mail_server: MailServer, trick: str) -> None:
    write(what=trick)

    assert letters.send_due() == 1
    [arrived] = mail_server.letters
    assert arrived["Bcc"] is None
    assert str(arrived["Subject"]).startswith("Pixelsite: about x")


def test_a_long_subject_is_cut(db: None, mail_server: MailServer) -> None:
    write(what="long " * 200)
    letters.send_due()

    assert len(str(mail_server.letters[0]["Subject"])) <= 200


def test_what_a_letter_said_is_not_kept_after_it_is_sent(db: None, mail_server: MailServer) -> None:
    letter = write(code="123-456")
    letters.send_due()

    letter.refresh_from_db()
    assert letter.context == {}


def test_a_letter_says_that_no_person_wrote_it(db: None, mail_server: MailServer) -> None:
    write()
    letters.send_due()

    assert mail_server.letters[0]["Auto-Submitted"] == "auto-generated"


class TestTrouble:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.GREYLISTS, "SMTPRecipientsRefused"),
            (Fault.REFUSES_CONTENT, "SMTPDataError"),
            (Fault.HANGS_UP, "SMTPServerDisconnected"),
        ],
    )
    def test_a_letter_that_was_not_taken_is_tried_again_in_a_minute(
        self, db: None, mail_server: MailServer, fault: Fault, error: str
    ) -> None:
        letter = write()
        mail_server.fault = fault

        assert letters.send_due() == 0

        assert 50 < pause_of(letter) <= 61
        assert letter.error == error
        assert letter.sent_at is None

    def test_a_letter_arrives_once_the_server_is_well_again(self, db: None, mail_server: MailServer) -> None:
        letter = write()
        mail_server.fault = Fault.HANGS_UP
        letters.send_due()
        mail_server.fault = None
        make_due(letter)

        assert letters.send_due() == 1
        assert len(mail_server.letters) == 1

    def test_an_address_that_nobody_has_is_given_up_at_once(self, db: None, mail_server: MailServer) -> None:
        letter = write()
        mail_server.fault = Fault.REFUSES

        letters.send_due()

        letter.refresh_from_db()
        assert letter.given_up_at is not None
        assert letter.error == "SMTPRecipientsRefused"

    def test_pauses_grow_and_after_two_days_a_letter_is_given_up(self, db: None, mail_server: MailServer) -> None:
        letter = write()
        mail_server.fault = Fault.HANGS_UP
        waited = 0.0
        pauses: list[float] = []
        while letter.given_up_at is None:
            make_due(letter)
            letters.send_due()
            pause = pause_of(letter)
            if letter.given_up_at is None:
                pauses.append(pause)
                waited += pause

        assert pauses == sorted(pauses)
        assert 40 < waited / 3600 < 56
        assert letter.context == {}

    def test_a_server_that_is_away_is_asked_once_and_not_for_every_letter(
        self, db: None, mail_server: MailServer, settings: Any
    ) -> None:
        settings.EMAIL_PORT = 1
        for number in range(3):
            write(f"test:{number}")

        letters.send_due()

        assert Letter.objects.filter(attempts=0).count() == 2

    def test_one_refused_letter_does_not_keep_the_others(self, db: None, mail_server: MailServer) -> None:
        write("test:refused")
        Letter.objects.update(kind="unknown")
        write("test:well")

        assert letters.send_due() == 1
        assert len(mail_server.letters) == 1

    def test_a_letter_taken_by_a_server_that_hung_up_is_sent_again_under_the_same_id(
        self, db: None, mail_server: MailServer
    ) -> None:
        letter = write()
        mail_server.fault = Fault.TAKES_AND_HANGS_UP
        letters.send_due()
        mail_server.fault = None
        make_due(letter)
        letters.send_due()

        first, second = mail_server.letters
        assert first["Message-ID"] == second["Message-ID"]

    @pytest.mark.parametrize("fault", [Fault.REFUSES, Fault.GREYLISTS, Fault.REFUSES_CONTENT, Fault.HANGS_UP])
    def test_the_log_names_neither_address_nor_what_was_said(
        self, db: None, mail_server: MailServer, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        write(code="123-456", what="a-secret")
        mail_server.fault = fault
        with caplog.at_level(logging.DEBUG):
            letters.send_due()

        assert "could not be sent" in caplog.text
        assert not any(word in caplog.text for word in (ADDRESS, "123-456", "a-secret"))


class TestNoMail:
    @pytest.fixture(autouse=True)
    def no_mail(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
        monkeypatch.setattr(letters, "_silent", [])

    def test_letters_are_given_up_with_the_reason(self, db: None) -> None:
        letter = write()

        assert letters.send_due() == 0

        letter.refresh_from_db()
        assert letter.given_up_at is not None
        assert letter.error == "no mail is set up"

    def test_the_log_says_once_what_to_set(self, db: None, caplog: pytest.LogCaptureFixture) -> None:
        write("test:1")
        write("test:2")

        letters.send_due()

        assert caplog.text.count("PIXELSITE_MAIL_URL") == 1


class TestSeveralSenders:
    def test_a_letter_that_a_sender_has_claimed_is_left_to_it(
        self, db: None, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write()
        also_sent: list[int] = []
        send = EmailMessage.send

        def send_while_another_looks(message: EmailMessage, fail_silently: bool = False) -> int:
            monkeypatch.setattr(EmailMessage, "send", send)
            also_sent.append(letters.send_due())
            return send(message, fail_silently)

        monkeypatch.setattr(EmailMessage, "send", send_while_another_looks)
        letters.send_due()

        assert also_sent == [0]
        assert len(mail_server.letters) == 1

    def test_a_sender_that_died_leaves_its_letter_to_another(
        self, db: None, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letter = write()

        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
            dying.setattr(EmailMessage, "send", die)
            letters.send_due()
        assert 60 < pause_of(letter) < 600
        make_due(letter)

        assert letters.send_due() == 1

    @pytest.mark.django_db(transaction=True)
    def test_many_senders_at_once_send_every_letter_once(self, mail_server: MailServer) -> None:
        for number in range(12):
            write(f"test:{number}", what=str(number))

        _at_once(4, letters.send_due)

        assert sorted(str(letter["Subject"]).split()[-1] for letter in mail_server.letters) == sorted(
            str(number) for number in range(12)
        )

    @pytest.mark.django_db(transaction=True)
    def test_many_writers_at_once_write_one_letter(self) -> None:
        written: list[Letter | None] = []

        def write_one() -> None:
            with transaction.atomic():
                written.append(letters.write(address=ADDRESS, kind="test", key="same", context={}))

        _at_once(4, write_one)

        assert len([letter for letter in written if letter is not None]) == 1
        assert len(written) == 4


class TestOldLetters:
    @pytest.mark.parametrize(("days", "remaining"), [(31, 1), (33, 0)])
    def test_sent_letters_are_forgotten_after_a_month(self, db: None, days: int, remaining: int) -> None:
        write()
        old = timezone.now() - timedelta(days=days)
        Letter.objects.update(created_at=old, sent_at=old)

        letters.delete_old_letters()

        assert Letter.objects.count() == remaining

    def test_a_letter_still_to_be_sent_is_kept(self, db: None) -> None:
        write()
        Letter.objects.update(created_at=timezone.now() - timedelta(days=99))

        assert letters.delete_old_letters() == 0


def _at_once(count: int, work: Callable[[], Any]) -> None:
    barrier = threading.Barrier(count)

    def run() -> None:
        try:
            barrier.wait()
            work()
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_every_kind_of_letter_has_a_subject_and_a_text() -> None:
    folder = Path(site.BASE_DIR) / "templates" / "letters"
    subjects = {path.name.removesuffix(".subject.txt") for path in folder.glob("*.subject.txt")}
    texts = {path.name.removesuffix(".txt") for path in folder.glob("*.txt") if not path.name.endswith(".subject.txt")}

    assert subjects == texts


def test_errors_of_the_mail_library_that_are_about_one_letter_are_told_from_a_server_that_is_away() -> None:
    assert letters._is_away(smtplib.SMTPServerDisconnected("gone"))
    assert not letters._is_away(smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"nobody")}))
