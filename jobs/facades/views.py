"""What the vendors' views share: whose key it is, how a job is submitted, how a refusal gets its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.models import ApiKey, User
from jobs.catalogue import REMOVE_OBJECT
from jobs.facades.ending import Answer, answer_once_ended, cancel_after_s
from jobs.facades.refusals import Refusal, refusal_of
from jobs.images import ImageFacts, ImageTooLarge, UnsupportedFormat
from jobs.models import Job
from jobs.submission import CallOptions, OutputOptions, submit_job
from jobs.throttling import PlanThrottle
from jobs.upload_handlers import FileTooLarge
from jobs.uploads import CheckedInput, InputRefused, Source
from pixelsite.lib import ratelimit
from pixelsite.lib.parsing import WholeMultiPartParser

Upload = UploadedFile[Any]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class VendorThrottle(BaseThrottle):
    """The vendor's own limit of requests per minute, on top of the plan's; none where it is set to 0."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = view.requests_per_minute()
        if limit and isinstance(request.user, User):
            ratelimit.count_request(request._request, group=view.vendor, who=str(request.user.pk), limit=limit)
        return True


class FacadeView(APIView):
    """A vendor's operation."""

    vendor: ClassVar[str]
    """Names what is counted."""
    parser_classes = [WholeMultiPartParser]
    throttle_classes = [PlanThrottle, VendorThrottle]
    http_method_names = ["post"]

    def requests_per_minute(self) -> int:
        return 0

    def spell(self, refusal: Refusal) -> Answer:
        """The vendor's words for a refusal."""
        raise NotImplementedError

    def handle_exception(self, exc: Exception) -> Response:
        # Not DRF's own, which turns some 401 into 403: here every refusal is spelt in one place.
        refusal = refusal_of(exc, self.get_exception_handler_context())
        return cast(Response, self.spell(refusal).as_response())

    @staticmethod
    def base_url(request: Request) -> str:
        return request.build_absolute_uri("/").rstrip("/")

    def submit(
        self, request: Request, checked: CheckedInput, *, output: OutputOptions, call: CallOptions | None = None
    ) -> Job:
        """Submit a removal. Raises what `submit_job` raises."""
        return submit_job(
            user=cast(User, request.user),
            api_key=request.auth if isinstance(request.auth, ApiKey) else None,
            operation=REMOVE_OBJECT,
            checked=checked,
            output=output,
            call=call or CallOptions(),
        ).job

    def answer_once_ended(
        self, request: Request, jobs: list[Job], *, seconds: float, answer: Callable[[], Answer]
    ) -> HttpResponse:
        nobody_knows = Refusal(
            code="internal_error",
            status=500,
            message="Something went wrong on our side. Jobs that did not end cost nothing.",
        )
        return answer_once_ended(
            request,
            job_ids=[job.pk for job in jobs],
            seconds=seconds,
            answer=answer,
            otherwise=self.spell(nobody_knows),
        )


def waited_for(seconds: float, **facts: Any) -> CallOptions:
    """What a job is told whose caller waits for it."""
    return CallOptions(cancel_after_s=cancel_after_s(seconds), **facts)


@dataclass(frozen=True, kw_only=True)
class PictureLimits:
    """What a vendor takes."""

    bytes_max: int
    formats: tuple[str, ...] = ()
    """Empty: every format we read."""
    formats_text: str = ""
    pixels_max: int | None = None
    side_px_max: int | None = None

    def check_file(self, file: Upload | None, *, param: str) -> None:
        """Raises `FileTooLarge`."""
        if file is not None and (file.size or 0) > self.bytes_max:
            raise FileTooLarge(param=param, bytes_max=self.bytes_max)

    def check_image(self, data: bytes, facts: ImageFacts, *, param: str = "image") -> None:
        """Raises an `ImageError`, or `FileTooLarge` for what came by its address."""
        if len(data) > self.bytes_max:
            raise FileTooLarge(param=param, bytes_max=self.bytes_max)
        if self.formats and facts.format not in self.formats:
            raise UnsupportedFormat(f"This file format is not supported. Send {self.formats_text}.", param=param)
        if self.pixels_max is not None and facts.width * facts.height > self.pixels_max:
            raise ImageTooLarge(
                f"The picture has {facts.width * facts.height / 1e6:.1f} megapixels; "
                f"{self.pixels_max // 1_000_000} are allowed.",
                param=param,
            )
        if self.side_px_max is not None and max(facts.size) > self.side_px_max:
            side = self.side_px_max
            raise ImageTooLarge(f"The picture is {facts.width}×{facts.height}; {side}×{side} is allowed.", param=param)


def source_of(file: Upload | None, url: str | None = None) -> Source:
    return Source(file=cast("BinaryIO | None", file), url=url)


def refuse_unless_png(mask: Upload, *, param: str) -> None:
    """Raises `InputRefused`. Whether it is a good PNG is found out where pictures are decoded."""
    start = mask.read(len(_PNG_SIGNATURE))
    mask.seek(0)
    if start != _PNG_SIGNATURE:
        raise InputRefused(UnsupportedFormat("The mask must be a PNG file.", param=param))
