"""Mail: written down where something happens, in its transaction, and sent from the row. Any number of senders may run.

A letter is sent at least once: a sender that dies between the server's "taken" and our note of it leaves a claim that
runs out. What is sent again bears the same Message-ID, so that most readers show one letter.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.template import Context, Engine
from django.utils import timezone

from accounts.models import Letter

logger = logging.getLogger(__name__)

# Seconds from one try to the next; with the first try that makes ten in two days.
PAUSES_S = (60, 300, 900, 3600, 7200, 14_400, 28_800, 43_200, 72_000)
# Longer than any try, each step of which may take EMAIL_TIMEOUT: a sender that dies leaves its claim to another.
_CLAIM = timedelta(minutes=5)
# Longer than any month, so that what is told once a month is told once.
KEPT_FOR = timedelta(days=32)
NO_MAIL = "no mail is set up"
_DUMMY = "django.core.mail.backends.dummy.EmailBackend"
_SUBJECT_LENGTH_MAX = 200


def write(*, address: str, kind: str, key: str, context: dict[str, Any]) -> Letter | None:
    """Have a letter sent once the caller's transaction is through. `context` is what its templates need, as JSON.

    `key` names the occasion: None if a letter about it was written before, by whomever.
    """
    # Due by the database's clock, which senders compare it with: this machine's own may be ahead.
    first = {"address": address, "kind": kind, "context": context, "try_at": Now()}
    letter, is_new = Letter.objects.get_or_create(key=key, defaults=first)
    return letter if is_new else None


def send_due(*, limit: int = 50) -> int:
    """Send letters whose time has come. Returns how many were sent.

    Stops at a server that is away: the others would wait for nothing.
    """
    sent = 0
    for letter_id in list(_due().order_by("try_at").values_list("pk", flat=True)[:limit]):
        letter = _claim(letter_id)
        if letter is None:
            continue
        if settings.EMAIL_BACKEND == _DUMMY:
            _give_up(letter, NO_MAIL)
            continue
        failure = _send(letter)
        _record(letter, failure)
        sent += failure is None
        if _is_away(failure):
            break
    return sent


def delete_old_letters(*, limit: int = 1000) -> int:
    """Forget letters a month after they were written, but for those still to be sent."""
    old = Letter.objects.filter(created_at__lt=Now() - KEPT_FOR).exclude(sent_at=None, given_up_at=None)
    return Letter.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def subject_and_text(letter: Letter) -> tuple[str, str]:
    """The letter as it is read: a subject of one line, whatever is in its context, and plain text."""
    context = {**letter.context, "site_name": "Pixelsite", "site_url": settings.SITE_URL}
    subject = " ".join(_rendered(f"letters/{letter.kind}.subject.txt", context).split())
    text = _rendered(f"letters/{letter.kind}.txt", context)
    return "".join(filter(str.isprintable, subject))[:_SUBJECT_LENGTH_MAX], text.strip() + "\n"


def _rendered(template: str, context: dict[str, Any]) -> str:
    # It is plain text: nothing in it is markup to be escaped.
    return str(Engine.get_default().get_template(template).render(Context(context, autoescape=False)))


def _due() -> Any:
    return Letter.objects.filter(sent_at=None, given_up_at=None, try_at__lte=Now())


def _claim(letter_id: int) -> Letter | None:
    """Whoever moves the time sends: two senders do not send the same try."""
    mine = _due().filter(pk=letter_id).update(try_at=Now() + _CLAIM, attempts=F("attempts") + 1)
    return Letter.objects.get(pk=letter_id) if mine else None


def _send(letter: Letter) -> Exception | None:
    """Hand the letter in. Returns what went wrong, or None."""
    try:
        subject, text = subject_and_text(letter)
        host = urlsplit(settings.SITE_URL).hostname
        message = EmailMessage(
            subject=subject,
            body=text,
            to=[letter.address],
            headers={
                "Message-ID": f"<letter-{letter.pk}.{int(letter.created_at.timestamp())}@{host}>",
                "Auto-Submitted": "auto-generated",
            },
        )
        # A server that hangs must not keep one of the process's few connections from everybody else.
        if not connection.in_atomic_block:
            connection.close()
        message.send()
    except Exception as failure:  # noqa: BLE001  # whatever smtplib, a socket or a template raises: the others go on
        # The class alone: what servers answer quotes addresses.
        logger.error("letter %s (%s) could not be sent: %s", letter.pk, letter.kind, type(failure).__name__)  # noqa: TRY400
        return failure
    return None


def _record(letter: Letter, failure: Exception | None) -> None:
    if failure is None:
        # What it said is not kept: a code to sign in with must not lie around.
        _mine(letter).update(sent_at=timezone.now(), error="", context={})
    elif letter.attempts > len(PAUSES_S) or _is_nobody(failure):
        _give_up(letter, type(failure).__name__)
    else:
        pause = timedelta(seconds=PAUSES_S[letter.attempts - 1])
        _mine(letter).update(try_at=Now() + pause, error=type(failure).__name__)


def _give_up(letter: Letter, reason: str) -> None:
    _mine(letter).update(given_up_at=timezone.now(), error=reason, context={})
    if reason != NO_MAIL:
        logger.error("letter %s (%s) is given up after %s tries", letter.pk, letter.kind, letter.attempts)
    elif not _silent:
        _silent.append(NO_MAIL)
        logger.warning("No mail is set up: letters are not sent. Set PIXELSITE_MAIL_URL.")


# Said once of a process: every letter would say it otherwise.
_silent: list[str] = []


def _mine(letter: Letter) -> Any:
    """The row, unless its claim ran out and somebody else tried meanwhile."""
    return Letter.objects.filter(pk=letter.pk, attempts=letter.attempts, sent_at=None)


def _is_away(failure: Exception | None) -> bool:
    """Whether the next letter would fare the same. Every error of smtplib is an OSError; two are about one letter."""
    return isinstance(failure, OSError) and not isinstance(failure, (SMTPRecipientsRefused, SMTPDataError))


def _is_nobody(failure: Exception) -> bool:
    """Whether the server says that this address will never take a letter."""
    return isinstance(failure, SMTPRecipientsRefused) and all(code >= 500 for code, _ in failure.recipients.values())
