"""The page that shows what an account's jobs came to."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from jobs import usage
from pixelsite.lib.charts import daily_chart

_DAYS = (7, 30, 90)
_BY = {"key": "API key", "operation": "operation"}


@login_required
@require_GET
def usage_page(request: HttpRequest) -> HttpResponse:
    days = _chosen(request.GET.get("days", ""))
    by = request.GET.get("by", "")
    by = by if by in _BY else "key"
    found = usage.usage_of(cast(User, request.user), days=days)
    values, series = found.credits_by(lambda row: row.key if by == "key" else row.operation)
    context = {
        "usage": found,
        "chart": daily_chart(values, first=found.first, last=found.last, series=series, unit="credits"),
        "days": days,
        "choices": _DAYS,
        "by": by,
        "by_choices": _BY.items(),
    }
    return render(request, "jobs/usage.html", context)


def _chosen(written: str) -> int:
    return next((days for days in _DAYS if str(days) == written), 30)
