"""The sign-in page, and where a browser goes from it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def own_path(request: HttpRequest, path: str | None) -> str:
    """Where to go after signing in: only a place of our own."""
    if path and url_has_allowed_host_and_scheme(
        path, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return path
    return settings.LOGIN_REDIRECT_URL


def login_context(next_page: str, **more: Any) -> dict[str, Any]:
    """What the sign-in page shows: the doors there are, and what a new account starts with."""
    return {
        "next": next_page,
        "signup_credits": settings.SIGNUP_CREDITS,
        "email_login_enabled": settings.EMAIL_SIGN_IN,
    } | more
