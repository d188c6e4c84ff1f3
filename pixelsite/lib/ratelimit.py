"""Requests per minute, counted by django-ratelimit in the cache all processes share."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.http import HttpRequest
from django_ratelimit.core import get_usage

from pixelsite.lib.errors import PixelsiteError

WINDOW_S = 60


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Where a caller stands in the current window."""

    limit: int
    remaining: int
    reset_at: int
    """Unix seconds at which the window ends."""

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_at),
        }


class RateLimited(PixelsiteError):
    """Too many requests. Wait for the time in Retry-After, then go on."""

    code = "rate_limited"
    status = 429

    def __init__(self, usage: Usage) -> None:
        self.retry_after_s = max(1, usage.reset_at - int(time.time()))
        super().__init__(
            f"Too many requests: {usage.limit} per minute are allowed. Try again in {self.retry_after_s} seconds."
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


def count_request(request: HttpRequest, *, group: str, who: str, limit: int) -> None:
    """Count one request of `who` in `group`; remember the usage on the request for its headers.

    Raises `RateLimited` above `limit` requests per minute.
    """
    counted = get_usage(request, group=group, key=lambda _group, _request: who, rate=f"{limit}/m", increment=True)
    if counted is None:  # RATELIMIT_ENABLE is off
        return
    usage = Usage(
        limit=limit,
        remaining=max(0, limit - counted["count"]),
        reset_at=int(time.time()) + max(1, counted["time_left"]),
    )
    request.rate_limit_usage = usage  # type: ignore[attr-defined]  # read by RequestIdMiddleware
    if counted["should_limit"]:
        raise RateLimited(usage)
