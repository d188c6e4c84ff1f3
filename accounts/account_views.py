"""The page of an account: who it is, where it is signed in, what happened to it, and leaving."""

from __future__ import annotations

from typing import cast

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit, services, sessions
from accounts.forms import DeletionForm
from accounts.limits import limited
from accounts.models import User

_EVENTS_SHOWN = 50


@never_cache
@login_required
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    context = {
        "doors": _doors(user),
        "sessions": sessions.sessions_of(user, current_key=request.session.session_key),
        "events": audit.own_events(user).select_related("actor")[:_EVENTS_SHOWN],
    }
    return render(request, "accounts/account.html", context)


def _doors(user: User) -> list[str]:
    """How this account may sign in, in words."""
    doors = []
    if SocialAccount.objects.filter(user=user).exists():
        doors.append("Google")
    if settings.EMAIL_SIGN_IN and not user.is_staff:
        doors.append("codes by mail")
    if user.has_usable_password():
        doors.append("password (operators)")
    if settings.DEBUG and user.email == services.DEMO_EMAIL:
        doors.append("the demo button")
    return doors


@login_required
@require_POST
@limited("30/m")
def end_one(request: HttpRequest, session_id: int) -> HttpResponse:
    if not sessions.end_session(user=cast(User, request.user), session_id=session_id, request=request):
        raise Http404("not signed in there")
    messages.success(request, "That browser is signed out.")
    return redirect("account")


@login_required
@require_POST
@limited("30/m")
def end_others(request: HttpRequest) -> HttpResponse:
    ended = sessions.end_other_sessions(user=cast(User, request.user), request=request)
    messages.success(request, f"Signed out in {ended} other place{'' if ended == 1 else 's'}.")
    return redirect("account")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@limited("5/m")
def delete(request: HttpRequest) -> HttpResponse:
    """What deleting means, and the field that confirms it."""
    user = cast(User, request.user)
    form = DeletionForm(request.POST if request.method == "POST" else None, user=user)
    status = 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            try:
                services.close_account(user, request=request)
            except services.LastSuperuser as refusal:
                form.add_error("email", refusal.message)
                status = refusal.status
            else:
                # Not Django's logout: that would write down from where a closed account signed out.
                request.session.flush()
                return redirect("account_closed")
    return render(request, "accounts/delete.html", {"form": form}, status=status)


@require_GET
def closed(request: HttpRequest) -> HttpResponse:
    """Goodbye."""
    return render(request, "accounts/closed.html")
