"""The native API: submit, poll, cancel, usage, catalogue. Parse, one domain call, answer."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, User
from jobs import lifecycle, retention, workers
from jobs.api.pagination import UsagePagination
from jobs.api.serializers import (
    ErrorSerializer,
    JobSerializer,
    ModelsSerializer,
    RemoveObjectSerializer,
    SubmissionSerializer,
    UsageLineSerializer,
)
from jobs.catalogue import OPERATIONS, REMOVE_OBJECT
from jobs.models import Job, Status
from jobs.representation import file_url, job_json, submission_json
from jobs.submission import submit_job

_REFUSALS = {
    400: ErrorSerializer,
    401: ErrorSerializer,
    402: ErrorSerializer,
    413: ErrorSerializer,
    415: ErrorSerializer,
    422: ErrorSerializer,
    429: ErrorSerializer,
}


def base_url(request: Request) -> str:
    return request.build_absolute_uri("/").rstrip("/")


class RemoveObjectView(APIView):
    """Accepts removals."""

    @extend_schema(
        operation_id="remove_object",
        tags=["Images"],
        request={"multipart/form-data": RemoveObjectSerializer, "application/json": RemoveObjectSerializer},
        responses={202: SubmissionSerializer, **_REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Remove what a mask or boxes mark. The answer comes at once; poll the job for the result."""
        serializer = RemoveObjectSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        job = submit_job(
            user=cast(User, request.user),
            api_key=request.auth if isinstance(request.auth, ApiKey) else None,
            operation=REMOVE_OBJECT,
            checked=serializer.checked_input(),
            output=serializer.output_options(),
        )
        return Response(submission_json(job), status=settings.SUBMIT_STATUS)


class JobView(APIView):
    """One job of the caller's account."""

    @extend_schema(
        operation_id="get_job",
        tags=["Images"],
        parameters=[
            OpenApiParameter("wait", int, description="Seconds (up to 60) to wait for the job to end before answering.")
        ],
        responses={200: JobSerializer, 401: ErrorSerializer, 404: ErrorSerializer, 429: ErrorSerializer},
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """How the job stands, and where its result is."""
        return Response(job_json(self.job(request, job_id), base_url=base_url(request)))

    @extend_schema(
        operation_id="delete_job",
        tags=["Images"],
        responses={200: JobSerializer, 401: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer},
    )
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel a queued job and get its credits back, or delete the images of an ended one."""
        job = self.job(request, job_id)
        if not job.is_ended:
            job = lifecycle.cancel_job(job=job)
        retention.delete_images(job)
        job.refresh_from_db()
        return Response(job_json(job, base_url=base_url(request)))

    @staticmethod
    def job(request: Request, job_id: UUID) -> Job:
        """The job, if it is this account's; 404 otherwise, so that nobody learns which ids exist."""
        job = Job.objects.filter(pk=job_id, user=cast(User, request.user)).first()
        if job is None:
            raise Http404
        return job


class UsageView(APIView):
    """The account's recent jobs."""

    @extend_schema(
        operation_id="list_usage",
        tags=["Account"],
        parameters=[
            OpenApiParameter("limit", int, description="Jobs on a page, 1–100 (20)."),
            OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
        ],
        responses={200: UsageLineSerializer(many=True), 401: ErrorSerializer, 422: ErrorSerializer},
    )
    def get(self, request: Request) -> Response:
        """Recent jobs, the newest first, with what each cost."""
        pages = UsagePagination()
        jobs = pages.paginate_queryset(Job.objects.filter(user=cast(User, request.user)), request, view=self)
        return pages.get_paginated_response([_usage_line(job, base_url(request)) for job in jobs or []])


def _usage_line(job: Job, site: str) -> dict[str, Any]:
    whole = job_json(job, base_url=site)
    names = ("id", "generation_id", "operation", "status", "credits_used", "created_at")
    return {name: whole[name] for name in names} | {
        "model": job.engine or None,
        "output_url": file_url(job, "output", base_url=site) if job.status == Status.COMPLETED else None,
    }


class ModelsView(APIView):
    """The catalogue."""

    @extend_schema(
        operation_id="list_models", tags=["Account"], responses={200: ModelsSerializer, 401: ErrorSerializer}
    )
    def get(self, request: Request) -> Response:
        """Every operation with its endpoint, price, typical seconds, and the engine that serves it now."""
        engine = workers.serving_engine() or {}
        return Response(
            {
                "models": [
                    {
                        "operation": operation.name,
                        "title": operation.title,
                        "endpoint": operation.endpoint,
                        "credits": float(operation.price_credits),
                        "typical_seconds": operation.typical_seconds,
                        "engine": engine.get("name"),
                        "device": engine.get("device"),
                        "available": bool(engine),
                    }
                    for operation in OPERATIONS.values()
                ]
            }
        )
