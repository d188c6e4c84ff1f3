"""The native API: submit, poll, cancel, usage, catalogue. Parse, one domain call, answer."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, User
from jobs import fairness, lifecycle, retention, workers
from jobs.api import examples
from jobs.api.dry_run import JOB_OR_DRY_RUN, estimated
from jobs.api.pagination import UsagePagination
from jobs.api.preferences import asked_wait_s, cancel_after_s, preferences_of
from jobs.api.repeats import key_of, once
from jobs.api.requests import RemoveObjectSerializer, SegmentSerializer, TargetSerializer
from jobs.api.schema import RemoveObjectJsonSerializer, SegmentJsonSerializer
from jobs.api.serializers import (
    AcceptedSerializer,
    DeleteQuerySerializer,
    JobSerializer,
    ModelsSerializer,
    UsageQuerySerializer,
    UsageSerializer,
)
from jobs.api.waiting import answer_later, stream_events
from jobs.catalogue import OPERATIONS, REMOVE_OBJECT, SEGMENT, UNSERVED, Operation, Unserved
from jobs.idempotency import IdempotentRequest
from jobs.models import Job, Status
from jobs.representation import file_url, job_json, sandbox_mark
from jobs.submission import CallOptions, Submission, submit_job
from pixelsite.lib.schema import REQUEST_ID, Told, refusals


def base_url(request: Request) -> str:
    return request.build_absolute_uri("/").rstrip("/")


_IDEMPOTENCY_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
_DURATION = {"type": "string", "pattern": "^[0-9]{1,6}[smh]?$", "examples": ["30s", "5m", "1h"]}
_SECONDS = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}
_PAGE_SIZE = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}

WAIT = OpenApiParameter(
    "wait",
    _SECONDS,
    description="Seconds to wait for the end before answering; more than 60 count as 60, and what is no whole number is no "
    "wait.",
)

# OpenAPI 3.1 has no word for streams: this is one event of them.
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["status", "progress"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "The job, as polling tells."},
    },
    "required": ["event", "id", "data"],
}

IDEMPOTENCY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    _IDEMPOTENCY_KEY,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters; the same key and request within a day get the first answer again.",
)
CALL_HEADERS = [
    IDEMPOTENCY_HEADER,
    OpenApiParameter(
        "Prefer",
        str,
        OpenApiParameter.HEADER,
        description="`wait=N`: answer with the ended job if it ends in N seconds. What is not understood is ignored.",
    ),
    OpenApiParameter(
        "Cancel-After",
        _DURATION,
        OpenApiParameter.HEADER,
        description="From 5s to 24h: a job that is still queued then is canceled and costs nothing.",
    ),
]

_NOT_CANCELABLE = Told(lifecycle.NotCancelable.code, lifecycle.NotCancelable.__doc__ or "")
_ONLY_REFUSED = Told("invalid_parameter", 'only: "processing" is not a valid choice.', "only")
_USAGE_REFUSED = Told("invalid_parameter", 'status: "done" is not a valid choice.', "status")


class SubmitView(APIView):
    """Accepts jobs of one operation."""

    operation: ClassVar[Operation]
    serializer: ClassVar[type[TargetSerializer]]
    keep_hours: ClassVar[int | None] = None
    waits_s: ClassVar[float] = 0
    """Where the caller does not say how long."""

    def submit(self, request: Request) -> Response:
        key_of(request)
        preferences = preferences_of(request)
        serializer = self.serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if serializer.is_dry_run:
            return Response(estimated(request, serializer, operation=self.operation))
        submission = self._submitted_once(request, serializer)
        response = Response(submission.answer, status=preferences.status or settings.SUBMIT_STATUS)
        if submission.is_replay:
            response["Idempotent-Replayed"] = "true"
        if preferences.applied:
            response["Preference-Applied"] = preferences.applied
        if seconds := preferences.wait_s or self.waits_s:
            job_id = submission.job.pk
            answer_later(request, job_ids=[job_id], seconds=seconds, render=_renderer(job_id, base_url(request)))
        return response

    def _submitted_once(self, request: Request, serializer: TargetSerializer) -> Submission:
        """Submit, or find what was answered to the same request before."""
        return once(
            request,
            serializer,
            act=lambda idempotent: self._submitted(request, serializer, idempotent),
            replay=lambda earlier: Submission(job=earlier.made_job, answer=earlier.answer, is_replay=True),
        )

    def _submitted(
        self, request: Request, serializer: TargetSerializer, idempotent: IdempotentRequest | None
    ) -> Submission:
        return submit_job(
            user=cast(User, request.user),
            api_key=request.auth if isinstance(request.auth, ApiKey) else None,
            operation=self.operation,
            call=CallOptions(
                cancel_after_s=cancel_after_s(request),
                keep_hours=self.keep_hours,
                idempotent=idempotent,
                **serializer.call_facts(),
            ),
            checked=serializer.checked_input(),
            output=serializer.output_options(),
        )


class RemoveObjectView(SubmitView):
    """Accepts removals."""

    operation = REMOVE_OBJECT
    serializer = RemoveObjectSerializer

    @extend_schema(
        operation_id="remove_object",
        examples=examples.REMOVE_OBJECT,
        tags=["Images"],
        parameters=[*CALL_HEADERS, REQUEST_ID],
        request={"multipart/form-data": RemoveObjectSerializer, "application/json": RemoveObjectJsonSerializer},
        responses={202: AcceptedSerializer, 200: JOB_OR_DRY_RUN, **refusals(400, 402, 409, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Remove what is pointed at in any way. The answer comes at once; poll the job for the result."""
        return self.submit(request)


class SegmentView(SubmitView):
    """Finds what is pointed at, and shows it."""

    operation = SEGMENT
    serializer = SegmentSerializer
    keep_hours = 1
    waits_s = 30

    @extend_schema(
        operation_id="segment",
        examples=examples.SEGMENT,
        tags=["Images"],
        parameters=[*CALL_HEADERS, REQUEST_ID],
        request={"multipart/form-data": SegmentSerializer, "application/json": SegmentJsonSerializer},
        responses={202: AcceptedSerializer, 200: JOB_OR_DRY_RUN, **refusals(400, 402, 409, 413, 415, 422)},
    )
    def post(self, request: Request) -> Response:
        """Find what is pointed at without removing it: the mask, white on black, is the job's output. Free of charge.

        The answer is the ended job, unless that takes longer than 30 seconds or than `Prefer: wait=N` says.
        """
        return self.submit(request)


def _renderer(job_id: UUID, site: str) -> Any:
    """What makes the JSON of this job later, as it is then."""

    def render(place_in_line: int | None) -> dict[str, Any]:
        return job_json(Job.objects.get(pk=job_id), base_url=site, place_in_line=place_in_line)

    return render


class JobView(APIView):
    """One job of the caller's account."""

    @extend_schema(
        operation_id="get_job",
        examples=examples.GET_JOB,
        tags=["Images"],
        parameters=[
            WAIT,
            REQUEST_ID,
        ],
        responses={200: JobSerializer, **refusals(404)},
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """How the job stands, and where its result is."""
        job = self.job(request, job_id)
        seconds = asked_wait_s(request)
        if seconds and not job.is_ended:
            answer_later(request, job_ids=[job_id], seconds=seconds, render=self.renderer(request, job_id))
        return Response(self.answer(request, job, fairness.place_in_line(job)))

    @extend_schema(
        operation_id="delete_job",
        examples=examples.DELETE_JOB,
        tags=["Images"],
        parameters=[DeleteQuerySerializer, REQUEST_ID],
        responses={200: JobSerializer, **refusals(404, 409, 422, told={409: _NOT_CANCELABLE, 422: _ONLY_REFUSED})},
    )
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel a queued job and get its credits back, or delete the images of an ended one.

        With `only=queued` nothing but a queued job is touched, and no image is deleted: 409 for any other job.
        """
        query = DeleteQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        job = self.job(request, job_id)
        if "only" in query.validated_data:
            return Response(self.answer(request, lifecycle.cancel_job(job=job), None))
        if not job.is_ended:
            job = lifecycle.cancel_job(job=job)
        retention.delete_images(job)
        job.refresh_from_db()
        return Response(self.answer(request, job, None))

    def answer(self, request: Request, job: Job, place_in_line: int | None) -> dict[str, Any]:
        return job_json(job, base_url=base_url(request), place_in_line=place_in_line)

    def renderer(self, request: Request, job_id: UUID) -> Any:
        def render(place_in_line: int | None) -> dict[str, Any]:
            return self.answer(request, Job.objects.get(pk=job_id), place_in_line)

        return render

    @staticmethod
    def job(request: Request, job_id: UUID) -> Job:
        """The job, if it is this account's; 404 otherwise, so that nobody learns which ids exist."""
        job = Job.objects.filter(pk=job_id, user=cast(User, request.user)).first()
        if job is None:
            raise Http404
        return job


class EventsView(JobView):
    """The changes of one job, as they happen."""

    http_method_names = ["get", "options"]

    @extend_schema(
        operation_id="stream_job",
        examples=examples.STREAM_JOB,
        tags=["Images"],
        parameters=[
            OpenApiParameter(
                "Last-Event-ID", str, OpenApiParameter.HEADER, description="Go on after this event of the stream."
            ),
            REQUEST_ID,
        ],
        responses={
            (200, "text/event-stream"): _EVENT,
            204: OpenApiResponse(description="Last-Event-ID was the last event: there is nothing more to tell."),
            **refusals(404),
        },
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """Server-sent events `status` and `progress`, each with the job as polling tells it, until the job has ended."""
        job = self.job(request, job_id)
        stream_events(request, job_id=job_id, render=self.renderer(request, job_id))
        return Response(self.answer(request, job, fairness.place_in_line(job)))


class UsageView(APIView):
    """The account's recent jobs."""

    @extend_schema(
        operation_id="list_usage",
        examples=examples.LIST_USAGE,
        tags=["Account"],
        parameters=[
            UsageQuerySerializer,
            OpenApiParameter("limit", _PAGE_SIZE, description="Jobs on a page."),
            OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
            REQUEST_ID,
        ],
        responses={200: UsageSerializer, **refusals(422, told={422: _USAGE_REFUSED})},
    )
    def get(self, request: Request) -> Response:
        """Recent jobs, the newest first, with what each cost."""
        query = UsageQuerySerializer(data=request.query_params.dict())  # a plain dict: an empty value is a value
        query.is_valid(raise_exception=True)
        pages = UsagePagination()
        jobs = pages.paginate_queryset(
            Job.objects.filter(query.conditions(), user=cast(User, request.user)), request, view=self
        )
        return pages.get_paginated_response([_usage_line(job, base_url(request)) for job in jobs or []])


def _usage_line(job: Job, site: str) -> dict[str, Any]:
    whole = job_json(job, base_url=site)
    names = ("id", "generation_id", "operation", "status", "credits_used", "created_at")
    return {name: whole[name] for name in names} | {
        **sandbox_mark(job),
        "model": job.engine or None,
        "output_url": file_url(job, "output", base_url=site) if job.status == Status.COMPLETED else None,
    }


def _unserved_model(operation: Unserved) -> dict[str, Any]:
    return {
        "operation": operation.name,
        "title": operation.title,
        "endpoint": operation.endpoint,
        "credits": float(operation.price_credits),
        "typical_seconds": None,
        "engine": None,
        "device": None,
        "available": False,
    }


class ModelsView(APIView):
    """The catalogue."""

    @extend_schema(
        operation_id="list_models",
        examples=examples.LIST_MODELS,
        tags=["Account"],
        parameters=[REQUEST_ID],
        responses={200: ModelsSerializer, **refusals()},
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
                + [_unserved_model(operation) for operation in UNSERVED]
            }
        )
