"""The page of the admin that asks an operator for the reason, then does what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.forms import ReasonForm
from pixelsite.lib.errors import PixelsiteError


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the page says: what would happen, on which button, and who reads the reason."""

    title: str
    about: str
    button: str
    told: str = "Kept in the audit log with your name."


def ask_for_reason(
    request: HttpRequest,
    question: Question,
    decide: Callable[[str], None],
    *,
    model_admin: ModelAdmin[Any],
    subject: Any,
    then: str,
) -> HttpResponse:
    """Ask; on a POST with a reason call `decide` with it and go on to `then`. What it raises is said on the page."""
    form = ReasonForm(request.POST if request.method == "POST" else None, told=question.told)
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            decide(form.cleaned_data["reason"])
        except PixelsiteError as refusal:
            form.add_error(None, refusal.message)
            status = refusal.status
        else:
            return redirect(then)
    context = model_admin.admin_site.each_context(request)
    context |= {"title": question.title, "question": question, "form": form}
    context |= {"opts": model_admin.opts, "original": subject}
    return render(request, "admin/reason.html", context, status=status)
