"""Pages of the admin that are about no single table: find, and the figures by day."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.figures import figures
from jobs.find import WORD_LENGTH_MAX, find

_SPANS = (30, 90)


@require_safe
def find_page(request: HttpRequest) -> HttpResponse:
    """The box, and what the word in it leads to."""
    if not request.user.has_perm("accounts.view_user"):
        raise PermissionDenied
    word = request.GET.get("q", "").strip()[:WORD_LENGTH_MAX]
    rows = [(found, reverse(f"admin:{found.model}_change", args=[found.pk])) for found in find(word)]
    context = admin.site.each_context(request) | {"title": "Find", "word": word, "rows": rows}
    return render(request, "admin/find.html", context)


@require_safe
def figures_page(request: HttpRequest) -> HttpResponse:
    """Jobs, credits and money of the last 30 or 90 days."""
    if not request.user.has_perm("billing.view_ledgerentry"):
        raise PermissionDenied
    days = next((span for span in _SPANS if request.GET.get("days") == str(span)), _SPANS[0])
    context = admin.site.each_context(request) | {
        "title": f"Figures of the last {days} days",
        "figures": figures(days=days),
        "span": days,
        "spans": _SPANS,
    }
    return render(request, "admin/figures.html", context)
