"""The page of an account's API keys: making, changing, replacing and revoking them, and what each has spent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_keys
from accounts.key_forms import KeyForm, NewKeyForm
from accounts.limits import limited
from accounts.models import ApiKey, Scope, User
from jobs import caps
from jobs.examples import curl_example
from pixelsite.lib.errors import PixelsiteError

# Hours that a replaced key works on, as the dialog offers them.
OVERLAPS = {"0": "at once", "1": "in an hour", "24": "in a day", "72": "in three days"}
_ENDED_SHOWN = 50
# The last use is noted once a minute.
_JUST_NOW = timedelta(minutes=2)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@limited("30/m")
def keys(request: HttpRequest) -> HttpResponse:
    """The page, and making a key. It is shown this once, on the page itself: it is stored nowhere, not even in the session."""
    if request.method == "GET":
        return _page(request, form=NewKeyForm())
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        _, key = api_keys.mint_key(
            user=_user(request),
            name=form.cleaned_data["name"],
            is_sandbox=form.is_sandbox,
            terms=form.terms(),
            request=request,
        )
    except api_keys.TooManyKeys as refusal:
        form.add_error(None, refusal.message)
        return _page(request, form=form, status=refusal.status)
    return _page(request, form=NewKeyForm(), new_key=key)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def key_change(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key(request, key_id)
    form = KeyForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        try:
            api_keys.change_key(
                user=_user(request),
                key_id=key.pk,
                name=form.cleaned_data["name"],
                terms=form.terms(),
                request=request,
            )
            messages.success(request, "Saved. It holds from the next request on.")
        except api_keys.KeyNotLive as refusal:
            messages.error(request, refusal.message)
        return redirect("keys")
    status = 422 if request.method == "POST" else 200
    context = {
        "key": _card(key, caps.spent_by([key]).get(key.pk)),
        "form": form,
        "scopes": Scope.choices,
    }
    return render(request, "jobs/key_change.html", context, status=status)


@never_cache
@login_required
@require_POST
def key_rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key(request, key_id)
    overlap = request.POST.get("overlap", "")
    if overlap not in OVERLAPS:
        messages.error(request, f"Choose when the old key ends: {', '.join(OVERLAPS)} hours.")
        return redirect("keys")
    try:
        _, new_key = api_keys.rotate_key(
            user=_user(request), key_id=key.pk, overlap=timedelta(hours=int(overlap)), request=request
        )
    except PixelsiteError as refusal:
        messages.error(request, refusal.message)
        return redirect("keys")
    return _page(request, form=NewKeyForm(), new_key=new_key, replaced=key, ends=OVERLAPS[overlap])


@login_required
@require_POST
def key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key(request, key_id)
    if api_keys.revoke_key(user=_user(request), key_id=key.pk, request=request):
        messages.success(request, "The key is revoked. Programs that use it are refused from now on.")
    return redirect("keys")


def _page(request: HttpRequest, *, status: int = 200, new_key: str | None = None, **more: Any) -> HttpResponse:
    user = _user(request)
    working = list(api_keys.live_keys(user))
    ended = list(user.api_keys.exclude(pk__in=[key.pk for key in working])[:_ENDED_SHOWN])
    spent = caps.spent_by(working)
    context = {
        "keys": [_card(key, spent.get(key.pk)) for key in working],
        "ended": [_card(key, None) for key in ended],
        "keys_max": api_keys.LIVE_KEYS_MAX,
        "new_key": new_key,
        "scopes": Scope.choices,
        "overlaps": OVERLAPS,
        "curl_example": curl_example(site=request.build_absolute_uri("/").rstrip("/"), key=new_key or "$PIXELSITE_KEY"),
        **more,
    }
    return render(request, "jobs/keys.html", context, status=status)


def _card(key: ApiKey, spent: caps.Spent | None) -> dict[str, Any]:
    """A key as the page shows it."""
    now = timezone.now()
    has_expired = key.expires_at is not None and key.expires_at <= now
    return {
        "id": key.pk,
        "name": key.name,
        "shown": f"{key.prefix}…{key.last_four}",
        "is_sandbox": key.is_sandbox,
        "is_revoked": key.is_revoked,
        "has_expired": has_expired,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "is_in_use": key.last_used_at is not None and now - key.last_used_at < _JUST_NOW,
        "scopes": [Scope(scope).label for scope in key.scopes],
        "spent_today": spent.today if spent else 0,
        "spent_this_month": spent.this_month if spent else 0,
        "daily_cap": key.daily_cap_credits,
        "monthly_cap": key.monthly_cap_credits,
    }


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _key(request: HttpRequest, key_id: int) -> ApiKey:
    return get_object_or_404(ApiKey, pk=key_id, user=_user(request))
