"""One person behind several spellings of an address."""

from __future__ import annotations

from django.utils.crypto import salted_hmac

_GMAIL = ("gmail.com", "googlemail.com")
_SALT = "pixelsite.person"


def same_inbox(email: str) -> str:
    """The address that all spellings of it share: no `+alias`; at Gmail, no dots either.

    Google ignores dots in the name (support.google.com/mail/answer/7436150); `+alias` is RFC 5233's subaddressing.
    """
    name, _, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in _GMAIL:
        return f"{name.replace('.', '')}@gmail.com"
    return f"{name}@{domain}"


def person_of(email: str) -> str:
    """A name for whoever reads this inbox that says nothing of the address, to remember after the account is closed."""
    return salted_hmac(_SALT, same_inbox(email), algorithm="sha256").hexdigest()
