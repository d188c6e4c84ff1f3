"""The signed-in pages: dashboard, one job, the editor."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import api_keys, rights
from accounts.limits import limited
from accounts.models import User
from billing import selectors
from jobs import appeals, history
from jobs.cards import card_of
from jobs.catalogue import REMOVE_OBJECT
from jobs.examples import curl_example
from jobs.models import Job, Status
from jobs.representation import download_name, file_url, job_json

_JOBS_SHOWN = 12
_LEDGER_SHOWN = 8
_NIL = UUID(int=0)
# Named in the page, so that a browser asks for all of them at once and not for one after the other.
_EDITOR_MODULES = sorted(f"js/editor/{path.name}" for path in (settings.BASE_DIR / "static/js/editor").glob("*.js"))


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    balance = selectors.balance_of(user)
    context = {
        "balance": balance.available,
        "held": balance.held,
        "plan": balance.plan,
        "jobs": [card_of(job) for job in Job.objects.filter(user=user, operation=REMOVE_OBJECT.name)[:_JOBS_SHOWN]],
        "has_keys": api_keys.live_keys(user).exists(),
        "disabled_endpoints": list(user.webhook_endpoints.filter(disabled_at__isnull=False)),
        "rights_statement": None if rights.are_confirmed(user) else rights.STATEMENT,
        "ledger": selectors.statement(user, limit=_LEDGER_SHOWN),
        "curl_example": curl_example(site=_site(request)),
    }
    return render(request, "jobs/dashboard.html", context)


@login_required
@require_GET
def job_detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id, user=cast(User, request.user))
    details = card_of(job) | {
        "width": job.width,
        "height": job.height,
        "engine": job.engine,
        "seconds": (job.ended_at - job.started_at).total_seconds() if job.ended_at and job.started_at else None,
        "input_url": file_url(job, "input", base_url=""),
        "receipt": job.receipt,
        "images_deleted": job.images_deleted_at is not None,
        "can_run_again": job.is_ended and job.status != Status.BLOCKED and bool(job.input_name),
        "can_be_appealed": appeals.can_be_appealed(job),
        "review": job_json(job, base_url="")["review"],
    }
    return render(request, "jobs/job_detail.html", {"job": details})


@login_required
@require_POST
@limited("20/m")
def job_appeal(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id, user=cast(User, request.user))
    try:
        appeals.appeal(job)
        messages.success(request, "Your appeal is in. A person will look; this page tells what they say.")
    except appeals.NotAppealable as refusal:
        messages.error(request, refusal.message)
    return redirect("job_detail", job.pk)


def _start_with(user: User, job_id: str) -> dict[str, str] | None:
    """The photo of an earlier job to go on with: its result, or what was sent where there is none."""
    for job in history.chosen_of(user, [job_id]):
        kind = "output" if job.output_name else "input"
        address = file_url(job, kind, base_url="")
        if address:
            return {"url": address, "name": history.name_of(job) or download_name(job, kind)}
    return None


@login_required
@require_GET
def editor(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    balance = selectors.balance_of(user).available
    config = {
        "submitUrl": reverse("editor_submit"),
        "findUrl": reverse("editor_find"),
        "jobUrlTemplate": reverse("editor_job", args=[_NIL]).replace(str(_NIL), "__id__"),
        "eventsUrlTemplate": reverse("editor_events", args=[_NIL]).replace(str(_NIL), "__id__"),
        "price": REMOVE_OBJECT.price_credits,
        "balance": balance,
        "maxBytes": settings.UPLOAD_BYTES_MAX,
        "maxPixels": settings.IMAGE_MEGAPIXELS_MAX * 1_000_000,
        "accept": "image/jpeg,image/png,image/webp,image/bmp,image/avif",
        "csrfToken": get_token(request),
        "owner": str(user.pk),
        "site": _site(request),
        "start": _start_with(user, request.GET.get("job", "")),
    }
    context = {
        "editor_config": config,
        "editor_modules": _EDITOR_MODULES,
        "upload_mb": settings.UPLOAD_BYTES_MAX // 1_000_000,
        "balance": balance,
        "rights_statement": None if rights.are_confirmed(user) else rights.STATEMENT,
    }
    return render(request, "jobs/editor.html", context)
