"""The page of an account's credits, and its books as a file."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from billing import ledger, selectors, statements


@login_required
@require_GET
def credits_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    older_than = request.GET.get("older_than", "")
    page = statements.statement_page(user, older_than=int(older_than) if _is_number(older_than) else None)
    context = {
        "balance_of_account": selectors.balance_of(user),
        "debt": ledger.debt_of(ledger.wallet_of(user)),
        "lots": statements.lots_left(user),
        "page": page,
        "is_first": not older_than,
    }
    return render(request, "billing/credits.html", context)


@login_required
@require_GET
def credits_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every movement; streamed, because books grow."""
    name = f"pixelsite-credits-{timezone.now():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        statements.statement_csv(cast(User, request.user)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
