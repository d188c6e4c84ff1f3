"""What a caller says about waiting: `Prefer` (RFC 7240), `?wait=N`, `Cancel-After`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rest_framework.request import Request

from jobs.api.waiting import WAIT_S_MAX
from pixelsite.lib.errors import PixelsiteError

_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*\"?([A-Za-z0-9.-]*)\"?)?\s*(?:;[^,]*)?")
_DURATION = re.compile(r"([0-9]{1,6})\s*(s|m|h)?")
_UNIT_S = {None: 1, "s": 1, "m": 60, "h": 3600}
_CANCEL_AFTER_S = range(5, 24 * 3600 + 1)


class CancelAfterInvalid(PixelsiteError):
    """Cancel-After must be a time from 5s to 24h, such as `30s`, `5m` or `1h`."""

    code = "cancel_after_invalid"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What of `Prefer` is honoured."""

    wait_s: int | None = None
    responds_async: bool = False
    status: int | None = None
    """The status of an accepted submission, where the caller insists on 200 or 202."""

    @property
    def applied(self) -> str:
        """The value of `Preference-Applied`."""
        said = {
            f"wait={self.wait_s}": self.wait_s is not None,
            "respond-async": self.responds_async,
            f"status={self.status}": self.status is not None,
        }
        return ", ".join(preference for preference, is_applied in said.items() if is_applied)


def preferences_of(request: Request) -> Preferences:
    """Read `Prefer`; what is not understood is ignored, as the RFC asks. The first mention of a preference counts."""
    said: dict[str, str] = {}
    for part in request.headers.get("Prefer", "")[:1000].split(","):
        if found := _TOKEN.fullmatch(part):
            said.setdefault(found.group(1).lower(), found.group(2) or "")
    status = said.get("status", "")
    return Preferences(
        wait_s=_seconds(said.get("wait", "")),
        responds_async="respond-async" in said,
        status=int(status) if status in ("200", "202") else None,
    )


def asked_wait_s(request: Request) -> int | None:
    """Return the seconds of `?wait=N`; nonsense means no wait."""
    return _seconds(request.query_params.get("wait", ""))


def cancel_after_s(request: Request) -> int | None:
    """Return the seconds of `Cancel-After`. Raises `CancelAfterInvalid`."""
    written = request.headers.get("Cancel-After")
    if written is None:
        return None
    found = _DURATION.fullmatch(written.strip().lower())
    if found is None:
        raise CancelAfterInvalid
    seconds = int(found.group(1)) * _UNIT_S[found.group(2)]
    if seconds not in _CANCEL_AFTER_S:
        raise CancelAfterInvalid
    return seconds


def _seconds(written: str) -> int | None:
    """A whole number of seconds, at most `WAIT_S_MAX`."""
    if not written.isascii() or not written.isdigit():
        return None
    return min(int(written[:6]), WAIT_S_MAX)
