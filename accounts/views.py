"""Signing in and out, and the confirmation of rights. The sign-in with Google itself is in `adapters.py`."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rights, services
from accounts.models import User
from accounts.returning import login_context, own_path

_DEMO_SALT = "pixelsite.demo-link"


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    next_page = own_path(request, request.GET.get("next"))
    if request.user.is_authenticated:
        return redirect(next_page)
    return render(request, "account/login.html", login_context(next_page))


def demo_link_path() -> str:
    """A link that signs in to the demo account, for the start-up message; it dies with the secret key."""
    return f"{reverse('demo_login')}?{urlencode({'token': signing.dumps('demo', salt=_DEMO_SALT)})}"


@never_cache
@require_http_methods(["GET", "POST"])
def demo_login(request: HttpRequest) -> HttpResponse:
    """One click into the demo account; exists under DEBUG only.

    A POST comes from the button on the sign-in page. A GET needs the signed link that `make run` prints, so that no
    other page can sign somebody in.
    """
    if not settings.DEBUG:
        raise Http404
    if request.method == "GET" and not _is_demo_token(request.GET.get("token", "")):
        return redirect("account_login")
    login(request, services.register_user(email=services.DEMO_EMAIL, name="Demo"))
    return redirect(own_path(request, request.POST.get("next")))


def _is_demo_token(token: str) -> bool:
    try:
        return bool(signing.loads(token, salt=_DEMO_SALT) == "demo")
    except signing.BadSignature:
        return False


@login_required
@require_POST
def confirm_rights(request: HttpRequest) -> HttpResponse:
    """The button on the dashboard says the statement that is printed above it."""
    rights.confirm(cast(User, request.user), request=request)
    messages.success(request, "Thank you. You may ask for watermarks and logos to be removed now.")
    return redirect(settings.LOGIN_REDIRECT_URL)
