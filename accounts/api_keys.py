"""Mint, verify, change, replace and revoke API keys. The only place that hashes them.

A key is `pk_live_` or, of a test key, `pk_test_`, 32 random base62 characters (190 bits) and 6 base62 characters of
CRC-32 over what precedes them, the shape GitHub chose so that scanners tell a real key from a look-alike and a typo never
costs a database query. SHA-256 without salt is enough for 190 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, AuditKind, Scope, User
from pixelsite.lib.errors import PixelsiteError

LIVE_PREFIX = "pk_live_"
TEST_PREFIX = "pk_test_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHOWN_LENGTH = len(LIVE_PREFIX) + 4
# Last use is for people to read: a write per request would cost more than it tells.
_LAST_USED_STEP = timedelta(minutes=1)
# Enough for a key to each program and person of a firm; more would be a list that nobody reads.
LIVE_KEYS_MAX = 50


class ApiKeyMissing(PixelsiteError):
    """Send your API key in the header `Authorization: Bearer pk_live_…`."""

    code = "api_key_missing"
    status = 401

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class ApiKeyInvalid(ApiKeyMissing):
    """This API key is not valid. Copy it again from your dashboard, or create a new one."""

    code = "api_key_invalid"


class ApiKeyRevoked(ApiKeyMissing):
    """This API key has been revoked. Create a new one in your dashboard."""

    code = "api_key_revoked"


class ApiKeyExpired(ApiKeyMissing):
    """This API key has expired. Create a new one in your dashboard."""

    code = "api_key_expired"


class AccountSuspended(ApiKeyMissing):
    """The account of this API key is suspended. The mail to its owner says why; write to the operator of the site."""

    code = "account_suspended"
    status = 403


class TooManyKeys(PixelsiteError):
    """An account can have 50 keys that work. Revoke one that is not used any more."""

    code = "too_many_keys"
    status = 422


class KeyNotLive(PixelsiteError):
    """This key has expired or is revoked. Make a new one instead."""

    code = "key_not_live"
    status = 409


@dataclass(frozen=True, kw_only=True)
class KeyTerms:
    """What a key may be used for, until when, and how much it may spend. Empty: no limit."""

    expires_at: datetime | None = None
    scopes: tuple[Scope, ...] = ()
    daily_cap_credits: int | None = None
    monthly_cap_credits: int | None = None


NO_LIMITS = KeyTerms()


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def mint_key(
    *,
    user: User,
    name: str,
    is_sandbox: bool = False,
    terms: KeyTerms = NO_LIMITS,
    request: HttpRequest | None = None,
) -> tuple[ApiKey, str]:
    """Create a key. Returns its row and the key itself, which cannot be had again. Raises `TooManyKeys`."""
    _make_room(user)
    row, key = _minted(user, name=name.strip()[:80] or "Key", is_sandbox=is_sandbox, **_as_columns(terms))
    audit.note(AuditKind.KEY_CREATED, user=user, request=request, about=str(row))
    return row, key


def is_well_formed(key: str) -> bool:
    """Whether the key has our shape and its checksum fits: says nothing about whether it exists."""
    if not key.startswith((LIVE_PREFIX, TEST_PREFIX)):
        return False
    if len(key) != len(LIVE_PREFIX) + _SECRET_LENGTH + _CHECKSUM_LENGTH:
        return False
    return key.isascii() and _checksum(key[:-_CHECKSUM_LENGTH]) == key[-_CHECKSUM_LENGTH:]


def verify_key(key: str) -> ApiKey:
    """Return the key's row with its user. Raises `ApiKeyInvalid` or another `ApiKeyMissing`."""
    if not is_well_formed(key):
        raise ApiKeyInvalid
    row = ApiKey.objects.select_related("user").filter(key_hash=_hash(key)).first()
    if row is not None and row.user.suspended_at is not None:
        raise AccountSuspended
    if row is None or not row.user.is_active:
        raise ApiKeyInvalid
    if row.is_revoked:
        raise ApiKeyRevoked
    if row.expires_at is not None and row.expires_at <= timezone.now():
        raise ApiKeyExpired(f"This API key expired at {row.expires_at:%Y-%m-%d %H:%M} UTC. Create a new one.")
    _note_use(row)
    return row


def live_keys(user: User, *, now: datetime | None = None) -> QuerySet[ApiKey]:
    """The account's keys that work, the newest first."""
    return user.api_keys.filter(Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()), revoked_at=None)


def _note_use(row: ApiKey) -> None:
    now = timezone.now()
    if row.last_used_at is None or row.last_used_at < now - _LAST_USED_STEP:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _LAST_USED_STEP)
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


@transaction.atomic
def change_key(*, user: User, key_id: int, name: str, terms: KeyTerms, request: HttpRequest | None = None) -> ApiKey:
    """Give a key another name and other terms; they hold from the next request on. Raises `KeyNotLive`."""
    key = _locked_live_key(user, key_id)
    changes = {"name": name.strip()[:80] or key.name, **_as_columns(terms)}
    changed = [field for field, value in changes.items() if getattr(key, field) != value]
    if changed:
        ApiKey.objects.filter(pk=key.pk).update(**changes)
        what = ", ".join(field.removesuffix("_credits").replace("_", " ") for field in changed)
        audit.note(AuditKind.KEY_CHANGED, user=user, request=request, about=f"{key}: {what}")
    return ApiKey.objects.get(pk=key.pk)


@transaction.atomic
def rotate_key(
    *, user: User, key_id: int, overlap: timedelta, request: HttpRequest | None = None
) -> tuple[ApiKey, str]:
    """Replace a key by a new one of the same name and terms; the old one works on for `overlap`. Raises `KeyNotLive`.

    The new one lasts as long as the old one was to. Its caps begin at nothing spent.
    """
    now = timezone.now()
    old = _locked_live_key(user, key_id)
    # Without an overlap the old one makes the room.
    _make_room(user, for_one_more=bool(overlap))
    row, key = _minted(
        user,
        name=old.name,
        is_sandbox=old.is_sandbox,
        expires_at=None if old.expires_at is None else now + (old.expires_at - old.created_at),
        scopes=old.scopes,
        daily_cap_credits=old.daily_cap_credits,
        monthly_cap_credits=old.monthly_cap_credits,
    )
    ends_at = now + overlap
    if old.expires_at is None or old.expires_at > ends_at:
        ApiKey.objects.filter(pk=old.pk).update(expires_at=ends_at)
    audit.note(AuditKind.KEY_ROTATED, user=user, request=request, about=f"{old} by {row.prefix}…{row.last_four}")
    return row, key


@transaction.atomic
def revoke_key(
    *, user: User, key_id: int, request: HttpRequest | None = None, actor: User | None = None, reason: str = ""
) -> bool:
    """Revoke a key of this user, by an operator where `actor` says so. False if there is no such key or it was revoked before."""
    key = ApiKey.objects.filter(pk=key_id, user=user, revoked_at=None)
    found = key.first()
    if found is None or not key.update(revoked_at=timezone.now()):
        return False
    audit.note(AuditKind.KEY_REVOKED, user=user, request=request, about=str(found), actor=actor, reason=reason)
    return True


def _make_room(user: User, *, for_one_more: bool = True) -> None:
    # Behind the account's row, so that copies of a request are counted one after the other.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if live_keys(user).count() + for_one_more > LIVE_KEYS_MAX:
        raise TooManyKeys


def _minted(user: User, *, is_sandbox: bool, **facts: object) -> tuple[ApiKey, str]:
    prefix = TEST_PREFIX if is_sandbox else LIVE_PREFIX
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    key = body + _checksum(body)
    row = ApiKey.objects.create(
        user=user,
        is_sandbox=is_sandbox,
        prefix=key[:_SHOWN_LENGTH],
        last_four=key[-4:],
        key_hash=_hash(key),
        **facts,
    )
    return row, key


def _as_columns(terms: KeyTerms) -> dict[str, object]:
    return {
        "expires_at": terms.expires_at,
        "scopes": [scope.value for scope in terms.scopes],
        "daily_cap_credits": terms.daily_cap_credits,
        "monthly_cap_credits": terms.monthly_cap_credits,
    }


def _locked_live_key(user: User, key_id: int) -> ApiKey:
    key = live_keys(user).select_for_update(no_key=True).filter(pk=key_id).first()
    if key is None:
        raise KeyNotLive
    return key
