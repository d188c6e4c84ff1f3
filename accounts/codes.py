"""Signing in with a code sent by mail, for owners without Google.

The code is bound to the browser that asked: its session holds a salted hash, the address and the hour. Tries are
counted in the cache, in one atomic step, so that guesses sent at once do not share a try. allauth's login by code was
not taken (docs/decisions/0013-codes-by-mail.md).
"""

from __future__ import annotations

import hmac
import logging
import secrets
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit, letters, services
from accounts.models import AuditEvent, AuditKind, User
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

# No vowels, so that it spells nothing; nothing that looks like something else. 27^6 is 387 million.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 6
VALID_FOR = timedelta(minutes=10)
TRIES_MAX = 5
_KEY = "sign_in_code"
_SALT = "pixelsite.sign-in-code"


class CodeWrong(PixelsiteError):
    """This is not the code that we sent. Look at the newest mail and type it again."""

    code = "sign_in_code_wrong"


class CodeExpired(PixelsiteError):
    """This code is no longer valid. Ask for a new one."""

    code = "sign_in_code_expired"


class CodesAway(PixelsiteError):
    """Codes cannot be checked at the moment. Try the same one again in a minute."""

    code = "sign_in_codes_away"
    status = 503
    retry_after_s = 60


def address_asked_for(request: HttpRequest) -> str | None:
    """The address to which this browser's code was sent, if it waits for one."""
    asked = request.session.get(_KEY)
    return str(asked["email"]) if asked else None


@transaction.atomic
def send_code(*, email: str, request: HttpRequest) -> None:
    """Write the letter with a code that signs this browser in. One that it had is void.

    Does the same whether or not there is an account.
    """
    email = email.strip().lower()
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    challenge = secrets.token_urlsafe(16)
    _allow_tries(challenge)
    event = audit.note(AuditKind.CODE_SENT, user=_account(email), request=request)
    request.session[_KEY] = {
        "id": challenge,
        "email": email,
        "digest": _digest(challenge, code),
        "until": (timezone.now() + VALID_FOR).timestamp(),
        "event": event.pk,
    }
    letters.write(
        address=email,
        kind="sign_in_code",
        key=f"sign_in_code:{challenge}",
        context={"code": code, "minutes": VALID_FOR // timedelta(minutes=1)},
    )


def redeem_code(*, code: str, request: HttpRequest) -> User:
    """Return the account of whoever typed the right code, creating it the first time; signing in is the caller's.

    The account may be one that is kept out (`refusals.keeping_out`). Raises `CodeWrong`, `CodeExpired`, `CodesAway`.
    """
    asked: dict[str, Any] | None = request.session.get(_KEY)
    if asked is None or timezone.now().timestamp() >= asked["until"]:
        raise CodeExpired
    tries = _count_try(asked["id"])
    if tries is None or tries > TRIES_MAX:
        raise CodeExpired("That was tried too often. Ask for a new code.")
    if not hmac.compare_digest(_digest(asked["id"], _as_sent(code)), asked["digest"]):
        audit.note(AuditKind.SIGN_IN_REFUSED, user=_account(asked["email"]), request=request)
        raise CodeWrong
    del request.session[_KEY]
    user = services.register_user(email=asked["email"])
    # What led to an account is part of its log, and is forgotten with it.
    AuditEvent.objects.filter(pk=asked["event"], user=None).update(user=user)
    return user


def _account(email: str) -> User | None:
    return User.objects.filter(email=email).first()


def _digest(challenge: str, code: str) -> str:
    return salted_hmac(_SALT, f"{challenge}:{code}", algorithm="sha256").hexdigest()


def _as_sent(code: str) -> str:
    """People type small letters, and blanks where they pause."""
    return "".join(code.split()).replace("-", "").upper()[: _LENGTH + 1]


def _allow_tries(challenge: str) -> None:
    try:
        cache.set(_counter(challenge), 0, int(VALID_FOR.total_seconds()))
    except Exception as error:
        raise _away(error) from error


def _count_try(challenge: str) -> int | None:
    """How many there have been with this one; None once the counter is gone, which ends the code as well."""
    try:
        return int(cache.incr(_counter(challenge)))
    except ValueError:
        return None
    except Exception as error:
        raise _away(error) from error


def _away(error: Exception) -> CodesAway:
    logger.error("sign-in codes: the cache is away: %s", type(error).__name__)
    return CodesAway()


def _counter(challenge: str) -> str:
    return f"sign-in-code:{challenge}"
