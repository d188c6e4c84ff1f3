"""The page of an account's photos, and what can be done with several of them at once."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.limits import limited
from accounts.models import User
from jobs import archives, history, reruns
from jobs.cards import card_of
from jobs.models import Job
from pixelsite.lib.errors import PixelsiteError

_SEARCH_LENGTH_MAX = 100


@login_required
@require_GET
def photos(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("show", "")
    shown = shown if shown in history.SHOWN else "all"
    search = request.GET.get("q", "").replace("\x00", "").strip()[:_SEARCH_LENGTH_MAX]
    page = history.photos_of(_user(request), shown=shown, search=search, page=request.GET.get("page", "1"))
    context: dict[str, Any] = {
        "page": page,
        "jobs": [card_of(job) | {"name": history.name_of(job), "can_be_chosen": job.is_ended} for job in page],
        "shown": shown,
        "choices": [(name, label) for name, (label, _) in history.SHOWN.items()],
        "search": search,
        "chosen_max": history.CHOSEN_MAX,
    }
    return render(request, "jobs/photos.html", context)


@login_required
@require_POST
@limited("60/m")
def photos_delete(request: HttpRequest) -> HttpResponse:
    deleted = history.delete(_chosen(request))
    if deleted:
        messages.success(request, f"Deleted {deleted} photo{'s' if deleted != 1 else ''} with their results.")
    else:
        messages.info(request, "Nothing was deleted: choose photos first. Those still in work cannot be deleted.")
    return redirect("photos")


@login_required
@require_POST
@limited("30/m")
def photos_download(request: HttpRequest) -> HttpResponseBase:
    jobs = [job for job in _chosen(request) if job.output_name]
    if not jobs:
        messages.info(request, "There is nothing to download: choose photos that are done and not deleted yet.")
        return redirect("photos")
    headers = {
        "Content-Disposition": f'attachment; filename="pixelsite-photos-{timezone.now():%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
    }
    pieces = archives.one_by_one(archives.zipped(history.results_of(jobs)))
    return StreamingHttpResponse(pieces, headers=headers, content_type="application/zip")


@login_required
@require_POST
@limited("30/m")
def job_again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id, user=_user(request))
    try:
        again = reruns.run_again(job=job, user=_user(request))
    except PixelsiteError as refusal:
        messages.error(request, refusal.message)
        return redirect("job_detail", job.pk)
    messages.success(request, "It runs again. This page shows the result as soon as it is there.")
    return redirect("job_detail", again.pk)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _chosen(request: HttpRequest) -> list[Any]:
    return history.chosen_of(_user(request), request.POST.getlist("job"))
