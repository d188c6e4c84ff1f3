"""Maskr's batch: `POST /v1/services/object-removal/batch`. Up to 50 pairs, each with an end of its own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpResponse
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from jobs.facades.ending import Answer
from jobs.facades.maskr import (
    REFUSALS,
    STATUSES,
    FieldsWrong,
    MaskrView,
    RemovalSerializer,
    checked_pair,
    milliseconds_of,
    missing,
    problem,
    removal_json,
    words_for,
)
from jobs.facades.refusals import Refusal, refusal_of
from jobs.facades.views import Upload, waited_for
from jobs.models import Job
from jobs.submission import OutputOptions
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.schema import REQUEST_ID

_PAIRS_MAX = 50
_TOO_MANY = "ensure this value has at most 50 items"


class CountsDiffer(PixelsiteError):
    """Send as many `masks` as `images`: the first mask belongs to the first image, and so on."""

    code = "batch_counts_differ"


class BatchSerializer(serializers.Serializer[Any]):
    """For the document only: repeat both fields, in the same order."""

    images = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=_PAIRS_MAX)
    masks = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=_PAIRS_MAX)


class BatchAnswerSerializer(serializers.Serializer[Any]):
    """Every pair, as it ended, in the order in which they were sent."""

    batch_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    total_files = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = RemovalSerializer(many=True)
    total_processing_time_ms = serializers.FloatField()
    total_credits_used = serializers.IntegerField()
    error = serializers.CharField(allow_null=True)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A pair of files, and what became of it."""

    name: str
    became: Job | Refusal


class ObjectRemovalBatchView(MaskrView):
    """Removes what is marked in many pictures while their caller waits."""

    vendor = "maskr-batch"

    def requests_per_minute(self) -> int:
        return settings.MASKR_BATCHES_PER_MINUTE

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, TooManyFilesSent):
            exc = FieldsWrong(problem("body", "images", _TOO_MANY, "value_error.list.max_items"))
        return super().handle_exception(exc)

    @extend_schema(
        operation_id="maskr_object_removal_batch",
        tags=["Maskr"],
        parameters=[REQUEST_ID],
        request={"multipart/form-data": BatchSerializer},
        responses={200: BatchAnswerSerializer, **REFUSALS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Remove what each mask marks in its image. A pair that cannot be worked on fails; the others go on.

        When the credits run out, as many pairs as they pay for are worked on.
        """
        images, masks = _files(request)
        seconds = settings.MASKR_BATCH_WAIT_S
        pairs = [
            self._submitted(request, image, mask, seconds=seconds) for image, mask in zip(images, masks, strict=True)
        ]
        jobs = [pair.became for pair in pairs if isinstance(pair.became, Job)]
        refusals = [pair.became for pair in pairs if isinstance(pair.became, Refusal)]
        if not jobs and all(refusal.status == HTTPStatus.PAYMENT_REQUIRED for refusal in refusals):
            return self.spell(refusals[0]).as_response()
        site = self.base_url(request)
        return self.answer_once_ended(request, jobs, seconds=seconds, answer=lambda: _answer(pairs, site=site))

    def _submitted(self, request: Request, image: Upload, mask: Upload, *, seconds: float) -> _Pair:
        name = image.name or ""
        try:
            checked = checked_pair(image, mask)
            job = self.submit(request, checked, output=OutputOptions(), call=waited_for(seconds))
        except PixelsiteError as error:
            return _Pair(name=name, became=refusal_of(error, self.get_exception_handler_context()))
        return _Pair(name=name, became=job)


def _files(request: Request) -> tuple[Sequence[Upload], Sequence[Upload]]:
    """Raises `FieldsWrong` or `CountsDiffer`."""
    files: MultiValueDict[str, Upload] = request.FILES
    images, masks = files.getlist("images"), files.getlist("masks")
    absent = [missing(name) for name, sent in (("images", images), ("masks", masks)) if not sent]
    if absent:
        raise FieldsWrong(*absent)
    if len(images) != len(masks):
        raise CountsDiffer(
            f"There are {len(images)} images, but {len(masks)} masks: send as many masks as images, in the same order."
        )
    if len(images) > _PAIRS_MAX:
        raise FieldsWrong(problem("body", "images", _TOO_MANY, "value_error.list.max_items"))
    return images, masks


def _answer(pairs: Sequence[_Pair], *, site: str) -> Answer:
    jobs = Job.objects.in_bulk([pair.became.pk for pair in pairs if isinstance(pair.became, Job)])
    results = [_result(pair, jobs, site=site) for pair in pairs]
    completed = sum(result["status"] == "completed" for result in results)
    return Answer.of_json(
        {
            "batch_id": str(uuid.uuid4()),
            "status": "completed" if completed else "failed",
            "total_files": len(pairs),
            "completed": completed,
            "failed": len(pairs) - completed,
            "results": results,
            "total_processing_time_ms": round(sum(milliseconds_of(job) for job in jobs.values()), 1),
            "total_credits_used": sum(result["credits_used"] for result in results),
            "error": None if completed else "No image of the batch could be processed.",
        }
    )


def _result(pair: _Pair, jobs: dict[uuid.UUID, Job], *, site: str) -> dict[str, Any]:
    if isinstance(pair.became, Job):
        return removal_json(jobs[pair.became.pk], name=pair.name, site=site)
    return {
        "job_id": str(uuid.uuid4()),
        "status": "failed",
        "input_filename": pair.name,
        "output_url": None,
        "processing_time_ms": 0.0,
        "error": words_for(pair.became),
        "original_width": None,
        "original_height": None,
        "output_width": None,
        "output_height": None,
        "credits_used": 0,
    }
