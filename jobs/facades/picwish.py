"""PicWish's removal: `POST /api/tasks/visual/inpaint`, and `GET …/{task_id}`. A status for the request, a state for the task."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.request import Request

from accounts.models import User
from jobs.catalogue import REMOVE_OBJECT
from jobs.facades import picwish_tasks as tasks
from jobs.facades.authentication import PicwishKey
from jobs.facades.ending import Answer
from jobs.facades.refusals import Refusal, refusal_of
from jobs.facades.views import FacadeView, PictureLimits, source_of, waited_for
from jobs.models import Job
from jobs.submission import CallOptions, OutputOptions
from jobs.targets import Box, TargetError, parse_rectangles
from jobs.uploads import CheckedInput, InputRefused, check_input
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.parsing import WholeMultiPartParser
from pixelsite.lib.schema import REQUEST_ID, TITLES

_LIMITS = PictureLimits(bytes_max=20_000_000, side_px_max=4096)

# Our codes that are not answered with their own status, and how statuses are told that PicWish does not have.
_STATUSES = {"account_suspended": 401, "scope_missing": 401}
_KNOWN_STATUSES = {400, 401, 402, 404, 405, 413, 429, 500}

_TASK = {
    "task_id": "0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10",
    "created_at": 1698387304,
    "processed_at": 1698387305,
    "completed_at": 1698387307,
    "image": "https://pixelsite.example/v1/files/0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10/output?expires=…&sig=…",
    "return_type": 1,
    "progress": 100,
    "state": 1,
    "state_detail": "Complete",
}


_RECTANGLE = '[{"x":480,"y":390,"width":170,"height":170}]'
_SENT = [
    OpenApiExample(name, value=value, request_only=True, media_type=media_type)
    for name, media_type, value in (
        ("A mask", "multipart/form-data", {"image_file": "photo.jpg", "mask_file": "mask.png", "sync": 1}),
        ("A rectangle", "multipart/form-data", {"image_file": "photo.jpg", "rectangles": _RECTANGLE, "sync": 0}),
        (
            "Addresses",
            "application/x-www-form-urlencoded",
            {"image_url": "https://pixelsite.example/photo.jpg", "rectangles": _RECTANGLE, "sync": 0},
        ),
    )
]
_CREATED = OpenApiExample(
    "Created",
    summary="With sync=0",
    value={"status": 200, "message": "success", "data": {"task_id": _TASK["task_id"]}},
    response_only=True,
    status_codes=["200"],
)


class InpaintSerializer(serializers.Serializer[Any]):
    """What PicWish's programs send. What else they send is passed over, as there."""

    image_file = serializers.FileField(required=False, allow_empty_file=True, help_text="Up to 4096×4096 and 20 MB.")
    image_url = serializers.CharField(required=False, help_text="Public address of the picture.")
    mask_file = serializers.FileField(
        required=False,
        allow_empty_file=True,
        help_text="Same size; white is removed, and should not be more than half of the picture.",
    )
    mask_url = serializers.CharField(required=False, help_text="Public address of the mask.")
    rectangles = serializers.CharField(
        required=False, help_text='Up to 50, as JSON: `[{"x":0,"y":0,"width":100,"height":100}]`.'
    )
    return_type = serializers.ChoiceField(choices=[1, 2], default=1, help_text="1: a URL, 2: base64.")
    sync = serializers.IntegerField(
        min_value=0, max_value=1, default=0, help_text="1: answer with the ended task, within 30 s."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("image_file", "image_url")) != 1:
            raise serializers.ValidationError("Send exactly one of `image_url` and `image_file`.")
        if sum(name in attrs for name in ("mask_file", "mask_url", "rectangles")) != 1:
            raise serializers.ValidationError("Send exactly one of `mask_url`, `mask_file` and `rectangles`.")
        return attrs

    def checked_input(self) -> CheckedInput:
        """Raises `InputRefused`, `FileTooLarge` and what `check_input` raises."""
        sent = self.validated_data
        for param in ("image_file", "mask_file"):
            _LIMITS.check_file(sent.get(param), param=param)
        has_mask = "rectangles" not in sent
        return check_input(
            image=source_of(sent.get("image_file"), sent.get("image_url")),
            mask=source_of(sent.get("mask_file"), sent.get("mask_url")) if has_mask else None,
            boxes=() if has_mask else _boxes(sent["rectangles"]),
            allow=_LIMITS.check_image,
        )


class TaskSerializer(serializers.Serializer[Any]):
    """A task; of one that was created with sync=0 only its id."""

    task_id = serializers.UUIDField()
    created_at = serializers.IntegerField(required=False, help_text="Seconds since 1970; 0 where it has not happened.")
    processed_at = serializers.IntegerField(required=False)
    completed_at = serializers.IntegerField(required=False)
    image = serializers.CharField(required=False, allow_blank=True, help_text="A URL, valid for an hour, or base64.")
    return_type = serializers.ChoiceField(choices=[1, 2], required=False)
    progress = serializers.IntegerField(required=False, min_value=0, max_value=100)
    state = serializers.ChoiceField(
        choices=[1, 0, 2, 3, 4, -1, -2, -3, -5, -7, -8, -10, -13],
        required=False,
        help_text="1 succeeded, 0 queued, 2 preparing, 3 waiting, 4 processing, -1 failed, -2 not stored, -3 source not "
        "downloaded, -5 too large, -7 invalid image, -8 timed out, -10 prohibited, -13 canceled.",
    )
    state_detail = serializers.CharField(required=False)


class TaskEnvelopeSerializer(serializers.Serializer[Any]):
    """The request was understood; `data.state` says how the task stands."""

    status = serializers.IntegerField()
    message = serializers.CharField()
    data = TaskSerializer()  # type: ignore[assignment]  # PicWish's name, which DRF has another use for


class PicwishErrorSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    status = serializers.IntegerField(help_text="The HTTP status again.")
    message = serializers.CharField()


_REFUSED = {
    400: "Send exactly one of `image_url` and `image_file`.",
    401: "This API key is not valid. Copy it again from your dashboard, or create a new one.",
    402: "Insufficient credits. Required: 5, available: 0.",
    404: "There is no such task.",
    413: "The file is too large: 20 MB are allowed. Send a smaller one.",
    429: "Too many requests: 60 per minute are allowed. Try again in 12 seconds.",
    500: "The site has more work than it can do. Nothing was charged; submit again in a moment.",
}


def _refusals(*statuses: int) -> dict[int, OpenApiResponse]:
    return {
        status: OpenApiResponse(
            PicwishErrorSerializer,
            TITLES[status],
            examples=[OpenApiExample(str(status), value={"status": status, "message": _REFUSED[status]})],
        )
        for status in statuses
    }


def _task_response(title: str) -> OpenApiResponse:
    example = OpenApiExample("Complete", value={"status": 200, "message": "success", "data": _TASK})
    return OpenApiResponse(TaskEnvelopeSerializer, title, examples=[example])


def spelt(refusal: Refusal) -> Answer:
    """A refusal in PicWish's words."""
    status = _STATUSES.get(refusal.code, refusal.status)
    if status not in _KNOWN_STATUSES:
        status = 400 if status < 500 else 500
    message = "There is no such task." if refusal.code == "not_found" else refusal.message
    return Answer.of_json({"status": status, "message": message}, status=status, headers=refusal.headers)


def _told(data: dict[str, Any]) -> Answer:
    return Answer.of_json({"status": 200, "message": "success", "data": data})


class _PicwishView(FacadeView):
    vendor = "picwish"
    authentication_classes = [PicwishKey]

    def spell(self, refusal: Refusal) -> Answer:
        return spelt(refusal)


class CreateTaskView(_PicwishView):
    """Accepts removals."""

    parser_classes = [WholeMultiPartParser, FormParser]

    @extend_schema(
        operation_id="picwish_create_task",
        examples=[*_SENT, _CREATED],
        tags=["PicWish"],
        parameters=[REQUEST_ID],
        request={
            "multipart/form-data": InpaintSerializer,
            "application/x-www-form-urlencoded": InpaintSerializer,
        },
        responses={
            200: _task_response("The task's id; with sync=1 the ended task."),
            **_refusals(400, 401, 402, 413, 429, 500),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Remove what the mask or the rectangles mark: a task to poll, or with sync=1 the ended one."""
        written = request.data.dict() if isinstance(request.data, QueryDict) else {}
        form = InpaintSerializer(data=written)  # a plain dict: an empty value is a value
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        user, return_type = cast(User, request.user), int(sent["return_type"])
        is_sync = int(sent["sync"]) == 1
        try:
            checked = form.checked_input()
        except PixelsiteError as error:
            refusal = refusal_of(error, self.get_exception_handler_context())
            task = tasks.refused_task(refusal, user=user, return_type=return_type)
            if task is None:
                raise
            return _told(task if is_sync else {"task_id": task["task_id"]}).as_response()
        facts: dict[str, Any] = {"keep_hours": tasks.KEEP_HOURS, "metadata": tasks.metadata_for(return_type)}
        if not is_sync:
            job = self.submit(request, checked, output=OutputOptions(), call=CallOptions(**facts))
            return _told({"task_id": str(job.pk)}).as_response()
        seconds = settings.PICWISH_WAIT_S
        job = self.submit(request, checked, output=OutputOptions(), call=waited_for(seconds, **facts))
        site = self.base_url(request)
        return self.answer_once_ended(
            request,
            [job],
            seconds=seconds,
            answer=lambda: _told(tasks.task_json(Job.objects.get(pk=job.pk), base_url=site)),
        )


class TaskView(_PicwishView):
    """One task of the caller's account."""

    http_method_names = ["get"]

    @extend_schema(
        operation_id="picwish_get_task",
        tags=["PicWish"],
        parameters=[REQUEST_ID],
        responses={200: _task_response("How the task stands."), **_refusals(401, 404, 429, 500)},
    )
    def get(self, request: Request, task_id: str) -> HttpResponse:
        """How the task stands, and where its result is for an hour."""
        user = cast(User, request.user)
        try:
            known = UUID(task_id)
        except ValueError:
            raise Http404 from None
        if (refused := tasks.find_refused_task(known, user=user)) is not None:
            return _told(refused).as_response()
        job = Job.objects.filter(pk=known, user=user, operation=REMOVE_OBJECT.name).first()
        if job is None or tasks.is_expired(job):
            raise Http404
        return _told(tasks.task_json(job, base_url=self.base_url(request))).as_response()


def _boxes(written: str) -> tuple[tuple[str, Box], ...]:
    try:
        return tuple(("rectangles", box) for box in parse_rectangles(written))
    except TargetError as refusal:
        raise InputRefused(refusal) from None
