"""Whether a webhook comes from the site: Standard Webhooks' signature, checked before anything is believed.

event = webhooks.verify(request.body, request.headers, secret)
if event.job: ...
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixelsite_client.errors import ConfigurationError, PixelsiteError
from pixelsite_client.models import Job

TOLERANCE_S = 300
_PREFIX = "whsec_"


class VerificationFailed(PixelsiteError):
    """This is not from the site, or it is old. Answer 400, and believe nothing of it."""

    code = "verification_failed"


@dataclass(frozen=True)
class Event:
    """What the site tells. `id` stays the same on every try: remember it, an event may arrive twice."""

    id: str
    type: str
    timestamp: str
    data: Mapping[str, Any] = field(repr=False)

    @property
    def job(self) -> Job | None:
        """The job, of events about one."""
        return Job.from_json(self.data) if self.type.startswith("job.") else None


def verify(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> Event:
    """Return the event. Raises `VerificationFailed`, or `ConfigurationError` for a secret that is none.

    `payload` is the body as it came, `headers` are in any case, `secret` is the endpoint's, or several of them.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ConfigurationError("There is no webhook secret to verify with: it begins with whsec_.")
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    found = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = _header(found, "webhook-id"), _header(found, "webhook-timestamp")
    _refuse_old(timestamp, tolerance_s=tolerance_s, now=time.time() if now is None else now)
    given = [signature.encode(errors="replace") for signature in _header(found, "webhook-signature").split()]
    expected = [_signature(key, event_id, timestamp, body) for key in keys]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
        raise VerificationFailed("The signature is not one of this secret.")
    return _event(event_id, body)


def sign(payload: bytes, *, secret: str, event_id: str, timestamp: int) -> dict[str, str]:
    """The headers that the site would send with this body: for testing what receives them."""
    signature = _signature(_key(secret), event_id, str(timestamp), payload)
    return {
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signature.decode(),
    }


def _signature(key: bytes, event_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((event_id.encode(errors="replace"), timestamp.encode(), body))
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigurationError("This is no webhook secret: it begins with whsec_ and is shown at /webhooks/.")
    return key


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise VerificationFailed(f"The header {name} is missing.")
    return value


def _refuse_old(timestamp: str, *, tolerance_s: float, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise VerificationFailed("The timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > tolerance_s:
        raise VerificationFailed("The event is too old, or this machine's clock is wrong.")


def _event(event_id: str, body: bytes) -> Event:
    try:
        told = json.loads(body)
        return Event(id=event_id, type=str(told["type"]), timestamp=str(told["timestamp"]), data=dict(told["data"]))
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationFailed("The signature is right, but the body is no event.") from error
