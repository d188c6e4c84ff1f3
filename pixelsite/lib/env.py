"""Typed readers of the environment.

Every variable is read once, in `pixelsite/settings.py`, with a type, a default and one sentence. A wrong value stops
start-up with a sentence that says what to set. `REGISTRY` remembers what was read, so that docs/settings.md is generated.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One documented environment variable."""

    name: str
    default: str
    meaning: str


REGISTRY: dict[str, Variable] = {}


def _read(name: str, default: str, meaning: str) -> str:
    REGISTRY[name] = Variable(name=name, default=default, meaning=meaning)
    value = os.environ.get(name)
    return default if value is None else value.strip()


def text(name: str, default: str, meaning: str) -> str:
    return _read(name, default, meaning)


def flag(name: str, default: bool, meaning: str) -> bool:
    value = _read(name, "1" if default else "0", meaning).lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: set it to 1 or 0.")


def whole(name: str, default: int, meaning: str, *, least: int = 0) -> int:
    value = _read(name, str(default), meaning)
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to a whole number.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} is {number}: set it to {least} or more.")
    return number


def words(name: str, default: str, meaning: str) -> list[str]:
    """A list written with commas."""
    return [word.strip() for word in _read(name, default, meaning).split(",") if word.strip()]


def pairs(name: str, default: str, meaning: str) -> dict[str, str]:
    """A list of `name=value` written with commas."""
    read = [word.partition("=") for word in words(name, default, meaning)]
    if wrong := [key for key, _, value in read if not (key and value)]:
        raise ImproperlyConfigured(f"{name} has {wrong[0]!r} without a value: write name=value,name=value.")
    return {key.strip(): value.strip() for key, _, value in read}


def folder(name: str, default: Path, meaning: str) -> Path:
    return Path(_read(name, f"{default.name}/", meaning) or default).expanduser().absolute()


def require_together(**values: str) -> None:
    """Refuse a half-set combination: either all of these are set or none."""
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        present = [name for name, value in values.items() if value]
        raise ImproperlyConfigured(f"{', '.join(present)} is set but {', '.join(missing)} is not: set both or neither.")


def mail(url: str) -> dict[str, Any]:
    """Django's settings for a mail server's address. Raises `ImproperlyConfigured`."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname:
        raise ImproperlyConfigured("PIXELSITE_MAIL_URL must be smtp://, smtps:// or smtp+plain:// and name a host.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtp": 587, "smtps": 465, "smtp+plain": 25}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }
