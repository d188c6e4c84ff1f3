"""Signed, expiring URLs: `path?expires=UNIX&sig=HMAC`. The signature covers the path and the expiry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import urlencode

from django.conf import settings

from pixelsite.lib.errors import PixelsiteError

_CONTEXT = b"pixelsite signed url v1"


class SignatureInvalid(PixelsiteError):
    """This link is not valid. Ask for the job again to get a fresh one."""

    code = "signature_invalid"
    status = 403


class LinkExpired(PixelsiteError):
    """This link has expired. Ask for the job again to get a fresh one."""

    code = "expired"
    status = 410


def _signature(path: str, expires: str) -> str:
    key = hashlib.sha256(_CONTEXT + settings.SECRET_KEY.encode()).digest()
    digest = hmac.new(key, f"{path}\n{expires}".encode(errors="surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sign_path(path: str, *, expires_at: int) -> str:
    """Return `path` with its expiry (Unix seconds) and signature."""
    expires = str(expires_at)
    return f"{path}?{urlencode({'expires': expires, 'sig': _signature(path, expires)})}"


def verify_path(path: str, *, expires: str, signature: str, now: float | None = None) -> None:
    """Raise `SignatureInvalid` or, only when the signature is right, `LinkExpired`."""
    if not hmac.compare_digest(_signature(path, expires).encode(), signature.encode(errors="replace")):
        raise SignatureInvalid
    if int(expires) < (time.time() if now is None else now):
        raise LinkExpired
