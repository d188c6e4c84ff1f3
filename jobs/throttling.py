"""Requests per minute, by the plan of the account a key belongs to. Reading is ten times cheaper than submitting."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User
from billing import selectors
from pixelsite.lib import ratelimit

_READS_PER_SUBMISSION = 10
_PUBLIC_PER_MINUTE = 600


class PlanThrottle(BaseThrottle):
    """Counts every request: of an account, all its keys together; where no key is asked for, of an address.

    Raises `ratelimit.RateLimited` above the limit.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        if not isinstance(user, User):  # the view lets anyone in: whoever is refused has been counted
            ratelimit.count_address(request._request, group="public", limit=_PUBLIC_PER_MINUTE)
            return True
        limit = selectors.plan_of(user).requests_per_minute
        reading = request.method in ("GET", "HEAD", "OPTIONS")
        ratelimit.count_request(
            request._request,
            group="read" if reading else "submit",
            who=str(user.pk),
            limit=limit * _READS_PER_SUBMISSION if reading else limit,
        )
        return True
