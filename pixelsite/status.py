"""The page that says how the site is: its parts as `/healthz` tells them, and how fast it has been."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from jobs.pace import recent_pace
from pixelsite.health import check_health

_KEPT_S = 20
_PARTS = {
    "database": ("Accounts and jobs", "Photos can be neither sent nor asked after."),
    "broker": ("Queue", "Photos are taken, but wait for the next round."),
    "worker": ("Workers", "Photos are taken and wait. Nothing is lost; those that wait too long cost nothing."),
}

T = TypeVar("T")


class Kept(Generic[T]):
    """An answer that serves for a while: a page that many load when something is wrong must not add to it.

    In this process: a shared cache may be what is wrong.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._until = 0.0
        self._answer: T | None = None

    def __call__(self) -> T:
        if self._answer is None or time.monotonic() > self._until:
            self._answer = self._ask()
            self._until = time.monotonic() + _KEPT_S
        return self._answer

    def forget(self) -> None:
        """Ask anew the next time."""
        self._answer = None


health_now = Kept(check_health)
pace_now = Kept(recent_pace)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the site, and what it means for people when it is not well."""

    name: str
    is_well: bool
    is_known: bool
    meaning: str


@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    health = health_now()
    parts = [_part(name, health) for name in _PARTS]
    context: dict[str, Any] = {"parts": parts, "is_well": all(part.is_well for part in parts)}
    if health["database"] != "ok":
        # Without the request: who is signed in, nobody can say now.
        response = HttpResponse(render_to_string("pixelsite/status.html", context))
    else:
        response = render(request, "pixelsite/status.html", context | {"pace": pace_now()})
    response["Cache-Control"] = "no-cache"
    return response


def _part(name: str, health: dict[str, Any]) -> Part:
    title, meaning = _PARTS[name]
    state = health[name]
    return Part(name=title, is_well=state == "ok", is_known=state != "unknown", meaning=meaning)
