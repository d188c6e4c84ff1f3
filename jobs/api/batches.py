"""Batches: submit, ask how they stand, try again what failed, fetch all results."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey, User
from jobs import archives, batches, results
from jobs.api import batch_examples as examples
from jobs.api.batch_requests import BatchFormSerializer
from jobs.api.batch_serializers import BatchQuoteSerializer, BatchStandingSerializer, RetriedSerializer
from jobs.api.preferences import asked_wait_s, cancel_after_s, preferences_of
from jobs.api.repeats import NothingSent, key_of, once
from jobs.api.views import CALL_HEADERS, IDEMPOTENCY_HEADER, WAIT, base_url
from jobs.api.waiting import answer_later
from jobs.batch_representation import batch_json
from jobs.batch_retries import Retry, retry_batch
from jobs.batches import BatchEstimate, BatchSubmission, Picture
from jobs.catalogue import REMOVE_OBJECT
from jobs.idempotency import IdempotentRequest
from jobs.models import Batch
from jobs.submission import CallOptions
from pixelsite.lib.parsing import WholeMultiPartParser
from pixelsite.lib.schema import REQUEST_ID, refusals

_BATCH_OR_QUOTE = PolymorphicProxySerializer(
    component_name="BatchOrQuote",
    serializers=[BatchStandingSerializer, BatchQuoteSerializer],
    resource_type_field_name=None,
)


class RemoveObjectBatchView(APIView):
    """Accepts up to 50 removals in one request."""

    parser_classes = [WholeMultiPartParser]
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="remove_object_batch",
        examples=examples.SUBMIT,
        tags=["Batches"],
        parameters=[*CALL_HEADERS, REQUEST_ID],
        request={"multipart/form-data": BatchFormSerializer},
        responses={
            202: BatchStandingSerializer,
            200: _BATCH_OR_QUOTE,
            **refusals(400, 409, 413, 415),
            **examples.NOTHING_ACCEPTED,
        },
    )
    def post(self, request: Request) -> Response:
        """Remove what is pointed at in each of many pictures. A picture that cannot be worked on fails alone.

        The jobs are accepted together, in one step. Where credits, a cap or a limit give out, as many as fit are
        accepted, in the order sent; the others say why not. If not a single one is, nothing is stored or charged.
        """
        key_of(request)
        preferences = preferences_of(request)
        serializer = BatchFormSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if serializer.is_dry_run:
            return Response(_quoted(request, serializer))
        submission = once(
            request,
            serializer,
            act=lambda idempotent: _submitted(request, serializer, idempotent),
            replay=lambda earlier: BatchSubmission(batch=earlier.batch, answer=earlier.answer, is_replay=True),
        )
        batch = submission.refuse_if_nothing_was_accepted()
        response = Response(submission.answer, status=preferences.status or settings.SUBMIT_STATUS)
        _mark_replay(response, is_replay=submission.is_replay)
        if preferences.applied:
            response["Preference-Applied"] = preferences.applied
        if preferences.wait_s:
            _answer_once_ended(request, batch, seconds=preferences.wait_s)
        return response


class _OneBatchView(APIView):
    """A batch of the caller's account."""

    @staticmethod
    def batch(request: Request, batch_id: UUID) -> Batch:
        """The batch, if it is this account's; 404 otherwise, so that nobody learns which ids exist."""
        batch = Batch.objects.filter(pk=batch_id, user=cast(User, request.user)).first()
        if batch is None:
            raise Http404
        return batch


class BatchView(_OneBatchView):
    """How a batch stands."""

    @extend_schema(
        operation_id="get_batch",
        examples=examples.GET,
        tags=["Batches"],
        parameters=[WAIT, REQUEST_ID],
        responses={200: BatchStandingSerializer, **refusals(404)},
    )
    def get(self, request: Request, batch_id: UUID) -> Response:
        """How far a batch has come, and what became of each picture."""
        batch = self.batch(request, batch_id)
        standing = batches.standing_of(batch)
        seconds = asked_wait_s(request)
        if seconds and not batches.is_ended(standing):
            _answer_once_ended(request, batch, seconds=seconds)
        return Response(batch_json(batch, standing, base_url=base_url(request)))


class BatchRetryView(_OneBatchView):
    """Tries again what failed."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="retry_batch",
        examples=examples.RETRY,
        tags=["Batches"],
        parameters=[IDEMPOTENCY_HEADER, REQUEST_ID],
        request=None,
        responses={202: RetriedSerializer, **refusals(400, 402, 404, 409, 422, told=examples.NOT_RETRIED)},
    )
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Submit again what failed, from the pictures that are still stored: as new jobs in the same places.

        They cost what new jobs cost. Pictures that were blocked, or refused when they came, are not tried again.
        """
        batch = self.batch(request, batch_id)
        retry = once(
            request,
            NothingSent(),
            act=lambda idempotent: retry_batch(
                batch=batch,
                user=cast(User, request.user),
                api_key=_api_key(request),
                idempotent=idempotent,
                base_url=base_url(request),
            ),
            replay=lambda earlier: Retry(answer=earlier.answer, is_replay=True),
        )
        response = Response(retry.answer, status=settings.SUBMIT_STATUS)
        _mark_replay(response, is_replay=retry.is_replay)
        return response


class BatchResultsView(_OneBatchView):
    """All results in one file."""

    @extend_schema(
        operation_id="get_batch_results",
        examples=examples.RESULTS,
        tags=["Batches"],
        parameters=[REQUEST_ID],
        responses={
            (200, "application/zip"): OpenApiResponse({"type": "string", "format": "binary"}, "The ZIP."),
            **refusals(404, 409, 410, told=examples.NO_RESULTS),
        },
    )
    def get(self, request: Request, batch_id: UUID) -> StreamingHttpResponse:
        """The results that are there as one ZIP, not compressed, with a `manifest.json` that tells of every picture."""
        batch = self.batch(request, batch_id)
        members = results.members_of(batch)
        headers = {
            "Content-Disposition": f'attachment; filename="pixelsite-batch-{str(batch.pk)[:8]}.zip"',
            "Cache-Control": "no-store",
        }
        pieces = archives.one_by_one(archives.zipped(members))
        return StreamingHttpResponse(pieces, headers=headers, content_type="application/zip")


def _submitted(
    request: Request, serializer: BatchFormSerializer, idempotent: IdempotentRequest | None
) -> BatchSubmission:
    return batches.submit_batch(
        user=cast(User, request.user),
        api_key=_api_key(request),
        operation=REMOVE_OBJECT,
        call=CallOptions(cancel_after_s=cancel_after_s(request), idempotent=idempotent, **serializer.call_facts()),
        pairs=serializer.pairs(),
        output=serializer.output_options(),
    )


def _quoted(request: Request, serializer: BatchFormSerializer) -> dict[str, Any]:
    """What the submission would be answered. Raises what is wrong with the request itself, as a submission does."""
    serializer.call_facts()
    cancel_after_s(request)
    estimate = batches.estimate_batch(
        user=cast(User, request.user),
        api_key=_api_key(request),
        operation=REMOVE_OBJECT,
        pairs=serializer.pairs(),
        output=serializer.output_options(),
    )
    return _quote_json(estimate)


def _quote_json(estimate: BatchEstimate) -> dict[str, Any]:
    accepted = sum(picture.refusal is None for picture in estimate.pictures)
    return {
        "dry_run": True,
        "operation": REMOVE_OBJECT.name,
        "credits": float(accepted * estimate.price_credits),
        "credits_each": float(estimate.price_credits),
        "credits_remaining": float(estimate.available),
        "total": len(estimate.pictures),
        "accepted": accepted,
        "refused": len(estimate.pictures) - accepted,
        "would_be_accepted": accepted > 0,
        "jobs": [_quoted_line(index, picture) for index, picture in enumerate(estimate.pictures)],
        **({"sandbox": True} if estimate.is_sandbox else {}),
    }


def _quoted_line(index: int, picture: Picture) -> dict[str, Any]:
    refusal = picture.refusal
    return {
        "index": index,
        "filename": picture.filename,
        "would_be_accepted": refusal is None,
        "refusal": None if refusal is None else {"code": refusal.code, "detail": refusal.message},
        "warnings": list(picture.warnings),
    }


def _answer_once_ended(request: Request, batch: Batch, *, seconds: float) -> None:
    """Hold this answer back until the batch has ended, and tell then how it stands."""
    site = base_url(request)

    def render(place_in_line: int | None) -> dict[str, Any]:
        return batch_json(batch, batches.standing_of(batch), base_url=site)

    waited_for = [job.pk for job in batches.standing_of(batch).values() if not job.is_ended]
    if waited_for:
        answer_later(request, job_ids=waited_for, seconds=seconds, render=render)


def _api_key(request: Request) -> ApiKey | None:
    return request.auth if isinstance(request.auth, ApiKey) else None


def _mark_replay(response: Response, *, is_replay: bool) -> None:
    if is_replay:
        response["Idempotent-Replayed"] = "true"
