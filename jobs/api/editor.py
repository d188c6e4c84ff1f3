"""The same operations for the editor page, which is signed in by session instead of by key."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from billing import selectors
from jobs import lifecycle, retention
from jobs.api.views import JobView, RemoveObjectView, base_url
from jobs.representation import job_json


@extend_schema(exclude=True)
class EditorSubmitView(RemoveObjectView):
    authentication_classes = [SessionAuthentication]


@extend_schema(exclude=True)
class EditorJobView(JobView):
    """A job as the API tells it, with the balance beside it."""

    authentication_classes = [SessionAuthentication]

    def get(self, request: Request, job_id: UUID) -> Response:
        return self._with_balance(request, super().get(request, job_id))

    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel only: a click that comes a moment too late must not delete a result that was paid for."""
        job = lifecycle.cancel_job(job=self.job(request, job_id))
        retention.delete_images(job)
        return self._with_balance(request, Response(job_json(job, base_url=base_url(request))))

    @staticmethod
    def _with_balance(request: Request, response: Response) -> Response:
        response.data["balance"] = selectors.balance_of(cast(User, request.user)).available
        return response
