"""Mint, verify and revoke API keys. The only place that hashes them.

A key is `pk_live_`, 32 random base62 characters (190 bits) and 6 base62 characters of CRC-32 over what precedes them,
the shape GitHub chose so that scanners tell a real key from a look-alike and a typo never costs a database query.
SHA-256 without salt is enough for 190 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, AuditKind, User
from pixelsite.lib.errors import PixelsiteError

LIVE_PREFIX = "pk_live_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHOWN_LENGTH = len(LIVE_PREFIX) + 4
# Last use is for people to read: a write per request would cost more than it tells.
_LAST_USED_STEP = timedelta(minutes=1)


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
def mint_key(*, user: User, name: str, request: HttpRequest | None = None) -> tuple[ApiKey, str]:
    """Create a key. Returns its row and the key itself, which cannot be had again."""
    body = LIVE_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    key = body + _checksum(body)
    row = ApiKey.objects.create(
        user=user, name=name.strip()[:80] or "Key", prefix=key[:_SHOWN_LENGTH], last_four=key[-4:], key_hash=_hash(key)
    )
    audit.note(AuditKind.KEY_CREATED, user=user, request=request, about=str(row))
    return row, key


def is_well_formed(key: str) -> bool:
    """Whether the key has our shape and its checksum fits: says nothing about whether it exists."""
    if not key.startswith(LIVE_PREFIX) or len(key) != len(LIVE_PREFIX) + _SECRET_LENGTH + _CHECKSUM_LENGTH:
        return False
    return key.isascii() and _checksum(key[:-_CHECKSUM_LENGTH]) == key[-_CHECKSUM_LENGTH:]


def verify_key(key: str) -> ApiKey:
    """Return the key's row with its user. Raises `ApiKeyInvalid` or `ApiKeyRevoked`."""
    if not is_well_formed(key):
        raise ApiKeyInvalid
    row = ApiKey.objects.select_related("user").filter(key_hash=_hash(key)).first()
    if row is None or not row.user.is_active:
        raise ApiKeyInvalid
    if row.is_revoked:
        raise ApiKeyRevoked
    _note_use(row)
    return row


def _note_use(row: ApiKey) -> None:
    now = timezone.now()
    if row.last_used_at is None or row.last_used_at < now - _LAST_USED_STEP:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _LAST_USED_STEP)
        ApiKey.objects.filter(stale, pk=row.pk).update(last_used_at=now)


@transaction.atomic
def revoke_key(*, user: User, key_id: int, request: HttpRequest | None = None) -> bool:
    """Revoke a key of this user. False if there is no such key or it was revoked before."""
    key = ApiKey.objects.filter(pk=key_id, user=user, revoked_at=None)
    found = key.first()
    if found is None or not key.update(revoked_at=timezone.now()):
        return False
    audit.note(AuditKind.KEY_REVOKED, user=user, request=request, about=str(found))
    return True
