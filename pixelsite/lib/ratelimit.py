"""Requests per minute, counted in the cache all processes share.

One counter a minute, counted up atomically: a burst from many processes passes exactly as many as the limit says, which
django-ratelimit and DRF's throttles do not promise. Pages use django-ratelimit (`accounts.limits`).
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

WINDOW_S = 60


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Where a caller stands in the current window."""

    group: str
    limit: int
    remaining: int
    reset_at: int
    """Unix seconds at which the window ends."""
    now: float

    @property
    def headers(self) -> dict[str, str]:
        """The widely used `X-` headers, and the fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_at),
            "RateLimit-Policy": f'"{self.group}";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"{self.group}";r={self.remaining};t={self.reset_after_s}',
        }

    @property
    def reset_after_s(self) -> int:
        return max(1, math.ceil(self.reset_at - self.now))


class RateLimited(PixelsiteError):
    """Too many requests. Wait for the time in Retry-After, then go on."""

    code = "rate_limited"
    status = 429

    def __init__(self, usage: Usage) -> None:
        self.retry_after_s = usage.reset_after_s
        super().__init__(
            f"Too many requests: {usage.limit} per minute are allowed. Try again in {self.retry_after_s} seconds."
        )


def count_request(request: HttpRequest, *, group: str, who: str, limit: int) -> None:
    """Count one request of `who` in `group`; remember the usage on the request for its headers.

    Raises `RateLimited` above `limit` requests per minute. While the cache is away nobody is refused.
    """
    now = time.time()
    window = int(now // WINDOW_S)
    counted = _count(f"rate:{group}:{who}:{window}")
    if counted is None:
        return
    usage = Usage(
        group=group, limit=limit, remaining=max(0, limit - counted), reset_at=(window + 1) * WINDOW_S, now=now
    )
    request.rate_limit_usage = usage  # type: ignore[attr-defined]  # read by RequestIdMiddleware
    if counted > limit:
        raise RateLimited(usage)


def count_address(request: HttpRequest, *, group: str, limit: int) -> None:
    """Count one request of whoever calls from this address, as `count_request` does."""
    count_request(request, group=group, who=request.META.get("REMOTE_ADDR", ""), limit=limit)


def _count(name: str) -> int | None:
    """Count up in one atomic step; None if the cache is away."""
    try:
        while True:
            cache.add(name, 0, 2 * WINDOW_S)
            with contextlib.suppress(ValueError):  # it expired or was evicted between the two
                return int(cache.incr(name))
    except Exception as error:  # noqa: BLE001  # whatever the cache's client raises
        logger.error("rate limits are not counted, the cache is away: %s", type(error).__name__)  # noqa: TRY400  # no trace for every request
        return None
