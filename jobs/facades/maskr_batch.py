"""Maskr's batch: `POST /v1/services/object-removal/batch`. Up to 50 pairs, each with an end of its own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpResponse
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import ApiKey, User
from jobs.batches import PICTURES_MAX, CountsDiffer, Pair, Picture, submit_batch
from jobs.catalogue import REMOVE_OBJECT
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
from jobs.facades.maskr_examples import MANY
from jobs.facades.refusals import Refusal, refusal_of
from jobs.facades.views import Upload, waited_for
from jobs.models import Job
from jobs.submission import OutputOptions
from pixelsite.lib.schema import REQUEST_ID

_TOO_MANY = "ensure this value has at most 50 items"


class BatchSerializer(serializers.Serializer[Any]):
    """For the document only: repeat both fields, in the same order."""

    images = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=PICTURES_MAX)
    masks = serializers.ListField(child=serializers.FileField(), min_length=1, max_length=PICTURES_MAX)


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


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What there is to tell of, once all have ended."""

    batch_id: uuid.UUID
    """Of nobody, where no pair became a job."""
    pairs: tuple[_Pair, ...]
    site: str


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
        examples=MANY,
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
        submission = submit_batch(
            user=cast(User, request.user),
            api_key=request.auth if isinstance(request.auth, ApiKey) else None,
            operation=REMOVE_OBJECT,
            pairs=[
                Pair(filename=image.name or "", check=partial(checked_pair, image, mask))
                for image, mask in zip(images, masks, strict=True)
            ],
            output=OutputOptions(),
            call=waited_for(seconds),
        )
        told = _Told(
            batch_id=submission.batch.pk if submission.batch else uuid.uuid4(),
            pairs=tuple(self._told(picture) for picture in submission.pictures),
            site=self.base_url(request),
        )
        refusals = [pair.became for pair in told.pairs if isinstance(pair.became, Refusal)]
        if not submission.jobs and all(refusal.status == HTTPStatus.PAYMENT_REQUIRED for refusal in refusals):
            return self.spell(refusals[0]).as_response()
        return self.answer_once_ended(request, submission.jobs, seconds=seconds, answer=lambda: _answer(told))

    def _told(self, picture: Picture) -> _Pair:
        if picture.refusal is not None:
            became: Job | Refusal = refusal_of(picture.refusal, self.get_exception_handler_context())
        else:
            assert picture.job is not None  # noqa: S101  # it was refused, or it is one
            became = picture.job
        return _Pair(name=picture.filename, became=became)


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
    if len(images) > PICTURES_MAX:
        raise FieldsWrong(problem("body", "images", _TOO_MANY, "value_error.list.max_items"))
    return images, masks


def _answer(told: _Told) -> Answer:
    pairs = told.pairs
    jobs = Job.objects.in_bulk([pair.became.pk for pair in pairs if isinstance(pair.became, Job)])
    results = [_result(pair, jobs, site=told.site) for pair in pairs]
    completed = sum(result["status"] == "completed" for result in results)
    return Answer.of_json(
        {
            "batch_id": str(told.batch_id),
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
