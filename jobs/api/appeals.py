"""`POST /v1/image/{id}/appeal`."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import appeals
from jobs.api import examples
from jobs.api.serializers import JobSerializer
from jobs.api.views import JobView, base_url
from jobs.representation import job_json
from pixelsite.lib.schema import REQUEST_ID, Told, refusals

_NOT_APPEALABLE = Told(appeals.NotAppealable.code, appeals.NotAppealable.__doc__ or "")


class AppealView(APIView):
    """A blocked job's owner does not agree."""

    @extend_schema(
        operation_id="appeal_job",
        examples=examples.APPEAL,
        tags=["Images"],
        parameters=[REQUEST_ID],
        request=None,
        responses={200: JobSerializer, **refusals(404, 409, told={409: _NOT_APPEALABLE})},
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Ask a person to look at a job that the content filter blocked; once for each job.

        `review` of the job tells what became of it: `appealed`, then `upheld` or `released`. A picture is not kept when
        it is blocked: once released, send the same one again.
        """
        job = appeals.appeal(JobView.job(request, job_id))
        return Response(job_json(job, base_url=base_url(request)))
