"""How often a page's button may be pressed, counted by django-ratelimit. The API's limits are `jobs.throttling`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from django.http import HttpRequest, HttpResponse
from django_ratelimit.decorators import ratelimit

View = TypeVar("View", bound=Callable[..., HttpResponse])


def limited(rate: str, *, by: str = "user") -> Callable[[View], View]:
    """Refuse more POSTs than `rate` (`5/m`) of one user, or of one address (`by="ip"`). Raises `Ratelimited`."""

    def decorate(view: View) -> View:
        return cast(View, ratelimit(key=by, rate=rate, method="POST")(view))

    return decorate


def sign_in_limited(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What stands before a sign-in: ten a minute of one address."""
    return limited("10/m", by="ip")(view)
