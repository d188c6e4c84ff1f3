"""The same operations for the editor page, which is signed in by session instead of by key."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from billing import selectors
from jobs import lifecycle, retention
from jobs.api.views import EventsView, JobView, RemoveObjectView, SegmentView
from jobs.models import Job
from pixelsite.lib.errors import PixelsiteError


class CsrfFailed(PixelsiteError):
    """The page was open too long, or the request did not come from it. Load the page again, then repeat."""

    code = "csrf_failed"
    status = 403


class EditorSession(SessionAuthentication):
    """The session of whoever is signed in, with the token that proves a request comes from our page."""

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise CsrfFailed from None


@extend_schema(exclude=True)
class EditorSubmitView(RemoveObjectView):
    authentication_classes = [EditorSession]


@extend_schema(exclude=True)
class EditorFindView(SegmentView):
    authentication_classes = [EditorSession]


@extend_schema(exclude=True)
class EditorEventsView(EventsView):
    authentication_classes = [EditorSession]


@extend_schema(exclude=True)
class EditorJobView(JobView):
    """A job as the API tells it, with the balance beside it."""

    authentication_classes = [EditorSession]

    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel only: a click that comes a moment too late must not delete a result that was paid for."""
        job = lifecycle.cancel_job(job=self.job(request, job_id))
        retention.delete_images(job)
        return Response(self.answer(request, job, None))

    def answer(self, request: Request, job: Job, place_in_line: int | None) -> dict[str, Any]:
        balance = selectors.balance_of(cast(User, request.user)).available
        return super().answer(request, job, place_in_line) | {"balance": balance}
