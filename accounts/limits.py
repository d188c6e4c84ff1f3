"""How often a page's button may be pressed, counted by django-ratelimit. The API's limits are `jobs.throttling`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_ratelimit.decorators import ratelimit

from accounts.people import person_of

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


# Django-ratelimit's way of writing it, or what says it for a request.
Rate = str | Callable[[str, HttpRequest], str]


# By whom it is counted: `user`, `ip`, or what names somebody from a request.
By = str | Callable[[str, HttpRequest], str]


def limited(rate: Rate, *, by: By = "user") -> Callable[[View], View]:
    """Refuse more POSTs than `rate` (`5/m`) of one user, or of one address (`by="ip"`). Raises `Ratelimited`."""

    def decorate(view: View) -> View:
        return cast(View, ratelimit(key=by, rate=rate, method="POST")(view))

    return decorate


def sign_in_limited(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What stands before a sign-in: `SIGN_INS_PER_MINUTE` of one address."""

    def rate(group: str, request: HttpRequest) -> str:
        return f"{settings.SIGN_INS_PER_MINUTE}/m"

    return limited(rate, by="ip")(view)


def _inbox(group: str, request: HttpRequest) -> str:
    return person_of(request.POST.get("email", "")[:300])


def code_limited(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What stands before a code sent by mail: whoever asks, and however they spell it, one inbox gets only so many."""
    return limited("5/10m", by=_inbox)(view)
