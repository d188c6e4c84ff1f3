"""Secrets at rest: sealed with a key made from SECRET_KEY, so that a copy of the database alone reveals none."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from pixelsite.lib.errors import PixelsiteError

_CONTEXT = b"pixelsite sealed secret v1"


class SealBroken(PixelsiteError):
    """This secret cannot be read any more: PIXELSITE_SECRET_KEY has changed. Rotate the secret to get a new one."""

    code = "seal_broken"
    status = 409


def _fernet() -> Fernet:
    key = hashlib.sha256(_CONTEXT + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret. Raises `SealBroken`."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken from None
