"""The page of an account's webhooks: endpoints, secrets, what was sent, and sending it again."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.limits import limited
from accounts.models import AuditKind, User
from billing import selectors
from jobs import webhooks
from jobs.models import WebhookDelivery, WebhookEndpoint
from pixelsite.lib.errors import PixelsiteError

_SENT_SHOWN = 25


@never_cache
@login_required
@require_GET
def webhooks_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@login_required
@require_POST
def endpoint_add(request: HttpRequest) -> HttpResponse:
    url = request.POST.get("url", "").strip()
    try:
        endpoint = webhooks.add_endpoint(user=_user(request), url=url)
    except PixelsiteError as refusal:
        return _page(request, refused_url=url, refusal=refusal.message, status=refusal.status)
    audit.note(AuditKind.ENDPOINT_ADDED, user=_user(request), request=request, about=endpoint.url)
    messages.success(request, "The endpoint is added. Send it a test event to see that it listens.")
    return redirect("webhooks")


@login_required
@require_POST
def endpoint_delete(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id)
    audit.note(AuditKind.ENDPOINT_DELETED, user=_user(request), request=request, about=endpoint.url)
    endpoint.delete()
    messages.success(request, "The endpoint is deleted. It is told nothing any more.")
    return redirect("webhooks")


@login_required
@require_POST
def endpoint_enable(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id)
    webhooks.enable_endpoint(endpoint)
    audit.note(AuditKind.ENDPOINT_ENABLED, user=_user(request), request=request, about=endpoint.url)
    messages.success(request, "The endpoint is enabled. What it missed can be sent again below.")
    return redirect("webhooks")


@login_required
@require_POST
@limited("5/m")
def endpoint_test(request: HttpRequest, endpoint_id: int) -> HttpResponse:
    try:
        webhooks.send_test(_endpoint(request, endpoint_id))
        messages.success(request, "A test event is on its way. It shows up below with what the endpoint answered.")
    except PixelsiteError as refusal:
        messages.error(request, refusal.message)
    return redirect("webhooks")


@never_cache
@login_required
@require_POST
def secret_show(request: HttpRequest, endpoint_id: int | None = None) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id) if endpoint_id is not None else None
    audit.note(AuditKind.SECRET_SHOWN, user=_user(request), request=request, about=_name(endpoint))
    try:
        secret = webhooks.current_secret(user=_user(request), endpoint=endpoint)
    except PixelsiteError as refusal:
        messages.error(request, refusal.message)
        return redirect("webhooks")
    return _page(request, shown_secret=secret, shown_for=endpoint)


@never_cache
@login_required
@require_POST
def secret_rotate(request: HttpRequest, endpoint_id: int | None = None) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_id) if endpoint_id is not None else None
    secret = webhooks.rotate_secret(user=_user(request), endpoint=endpoint)
    audit.note(AuditKind.SECRET_ROTATED, user=_user(request), request=request, about=_name(endpoint))
    return _page(request, shown_secret=secret, shown_for=endpoint, is_rotated=True)


@login_required
@require_POST
@limited("30/m")
def delivery_send_again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    delivery = webhooks.delivery_of(user=_user(request), delivery_id=delivery_id)
    if delivery is None:
        raise Http404
    try:
        webhooks.send_again(delivery)
        messages.success(request, "The event is on its way again, under the same id.")
    except PixelsiteError as refusal:
        messages.error(request, refusal.message)
    return redirect("webhooks")


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    user = _user(request)
    sent = WebhookDelivery.objects.filter(user=user).select_related("endpoint")
    endpoints = list(user.webhook_endpoints.all())
    context = {
        "balance": selectors.balance_of(user).available,
        "endpoints": endpoints,
        "can_add": len(endpoints) < webhooks.ENDPOINTS_MAX,
        "endpoints_max": webhooks.ENDPOINTS_MAX,
        "sent": Paginator(sent, _SENT_SHOWN).get_page(request.GET.get("page")),
        **more,
    }
    return render(request, "jobs/webhooks.html", context, status=status)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _endpoint(request: HttpRequest, endpoint_id: int) -> WebhookEndpoint:
    return get_object_or_404(WebhookEndpoint, pk=endpoint_id, user=_user(request))


def _name(endpoint: WebhookEndpoint | None) -> str:
    return endpoint.url if endpoint is not None else "webhook_url of single jobs"
