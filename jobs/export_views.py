"""The button that downloads all that is kept of an account."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.limits import limited
from accounts.models import User
from jobs import archives, export


@login_required
@require_POST
@limited("3/h")
def account_export(request: HttpRequest) -> StreamingHttpResponse:
    pieces = export.begin_export(user=cast(User, request.user), request=request)
    headers = {
        "Content-Disposition": f'attachment; filename="pixelsite-data-{timezone.now():%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(archives.one_by_one(pieces), headers=headers, content_type="application/zip")
