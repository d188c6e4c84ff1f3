"""What callers send and get. Input serializers read fields; what the fields mean is decided in `jobs.uploads`."""

from __future__ import annotations

import difflib
import json
from typing import Any, BinaryIO, ClassVar

from django.db.models import Q
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.catalogue import OPERATIONS
from jobs.models import Status
from jobs.submission import OutputOptions
from jobs.targets import GROW_PX_MAX, NO_GROWTH, Box, Grow, InvalidFeather, TargetError, parse_rectangles
from jobs.uploads import CheckedInput, InputRefused, Source, check_input
from jobs.webhooks import check_webhook_url
from pixelsite.lib.errors import PixelsiteError

_METADATA_BYTES_MAX = 4096


class ImageRequired(PixelsiteError):
    """Send the picture as the multipart file `image`, or its address as `image_url`."""

    code = "image_required"


class ImageAmbiguous(PixelsiteError):
    """Send either `image` or `image_url`, not both."""

    code = "image_ambiguous"


class MaskAmbiguous(PixelsiteError):
    """Send either `mask` or `mask_url`, not both."""

    code = "mask_ambiguous"


class TargetRequired(PixelsiteError):
    """Say what to remove: send a `mask`, a `bbox` or `rectangles`."""

    code = "target_required"
    status = 422


class UnknownParameter(PixelsiteError):
    """This parameter is not known."""

    code = "unknown_parameter"
    status = 422


class DuplicateField(PixelsiteError):
    """This field was sent more than once."""

    code = "duplicate_field"


@extend_schema_field(OpenApiTypes.STR)
class BoxField(serializers.Field[Any, Any, Any, Any]):
    """`x,y,w,h`, or JSON `[x,y,w,h]` or `{"x":…,"y":…,"w":…,"h":…}`."""

    def to_internal_value(self, data: Any) -> tuple[tuple[str, Box], ...]:
        try:
            return (("bbox", Box.parse(data)),)
        except TargetError as refusal:
            raise InputRefused(refusal) from None

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "string", "contentMediaType": "application/json"})
class RectanglesField(serializers.Field[Any, Any, Any, Any]):
    """A JSON list of up to 50 `{"x":…,"y":…,"width":…,"height":…}`."""

    def to_internal_value(self, data: Any) -> tuple[tuple[str, Box], ...]:
        try:
            return tuple(("rectangles", box) for box in parse_rectangles(data))
        except TargetError as refusal:
            raise InputRefused(refusal) from None

    def to_representation(self, value: Any) -> Any:
        return value


GROW_AS_TEXT = {"type": "string", "pattern": r"^([0-9]{1,5}(\.[0-9]{1,3})? *(%|px)?|auto)$"}


@extend_schema_field(GROW_AS_TEXT)
class GrowField(serializers.Field[Any, Any, Any, Any]):
    """`12` or `12px`, `15%`, or `auto`."""

    def to_internal_value(self, data: Any) -> Grow:
        try:
            return Grow.parse(data)
        except TargetError as refusal:
            raise InputRefused(refusal) from None

    def to_representation(self, value: Any) -> Any:
        return str(value)


@extend_schema_field({"type": "string", "contentMediaType": "application/json"})
class MetadataField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, or its text in a form."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Must be a JSON object.",
        "too_long": "Must not be longer than 4096 bytes.",
        "characters": "Must not contain NUL characters, lone surrogates, NaN or infinite numbers.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not isinstance(data, dict):
            self.fail("invalid")
        try:
            written = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):  # UnicodeEncodeError is one
            self.fail("characters")
        if len(written) > _METADATA_BYTES_MAX:
            self.fail("too_long")
        if b"\\u0000" in written:  # PostgreSQL cannot hold it
            self.fail("characters")
        found: dict[str, Any] = data
        return found

    def to_representation(self, value: Any) -> Any:
        return value


class RemoveObjectSerializer(serializers.Serializer[Any]):
    """A picture and what to remove from it."""

    _not_a_file = "Send a file in a multipart form, or give its address in the parameter ending in _url."

    image = serializers.FileField(
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": _not_a_file},
        help_text="JPEG, PNG, WebP, BMP, TIFF or AVIF.",
    )
    image_url = serializers.CharField(required=False, help_text="Public address of the picture, instead of `image`.")
    mask = serializers.FileField(
        required=False,
        allow_empty_file=True,
        error_messages={"invalid": _not_a_file},
        help_text="Same size as the picture; white is removed, black is kept, grey is thresholded at 128.",
    )
    mask_url = serializers.CharField(required=False, help_text="Public address of the mask, instead of `mask`.")
    bbox = BoxField(required=False, help_text="One box: `x,y,w,h` in pixels of the picture as displayed.")
    rectangles = RectanglesField(required=False, help_text="Up to 50 boxes, as JSON text.")
    output_format = serializers.ChoiceField(
        choices=["jpeg", "png", "webp"], required=False, help_text="Default: the format of the picture."
    )
    quality = serializers.IntegerField(min_value=1, max_value=100, required=False, help_text="For jpeg and webp.")
    metadata_policy = serializers.ChoiceField(
        choices=["keep", "strip", "strip_gps"],
        default="keep",
        help_text="Whether EXIF, XMP and text go on to the result; colours always do.",
    )
    mode = serializers.ChoiceField(
        choices=["fast", "quality"],
        default="fast",
        help_text="`quality` works longer on very large holes, so that the fill is as sharp as the picture.",
    )
    grow = GrowField(
        required=False,
        help_text="Enlarge the mask: pixels (`12`), a share of the thickness of its thickest place (`15%`), or `auto`. "
        "Default 0: exactly what was marked.",
    )
    feather = serializers.IntegerField(
        min_value=0,
        max_value=GROW_PX_MAX,
        required=False,
        help_text="Pixels of the grown ring in which the result passes over into the picture; more than the ring is the "
        "whole ring. What was marked is always removed in full. Default: half of `grow`.",
    )

    webhook_url = serializers.CharField(
        required=False, max_length=2048, help_text="Public https address that is told once when the job ends."
    )
    metadata = MetadataField(
        required=False, help_text="Your own JSON object of up to 4 KB; comes back with the job, untouched."
    )

    def to_internal_value(self, data: Any) -> Any:
        self._refuse_unknown_and_repeated(data)
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "image" in attrs and "image_url" in attrs:
            raise ImageAmbiguous(param="image")
        if "image" not in attrs and "image_url" not in attrs:
            raise ImageRequired(param="image")
        if "mask" in attrs and "mask_url" in attrs:
            raise MaskAmbiguous(param="mask")
        if not any(attrs.get(name) for name in ("mask", "mask_url", "bbox", "rectangles")) and "mask" not in attrs:
            raise TargetRequired(param="mask")
        if attrs.get("feather") and attrs.get("grow", NO_GROWTH).is_nothing:
            raise InputRefused(InvalidFeather(param="feather"))
        return attrs

    def checked_input(self) -> CheckedInput:
        """Read and check the picture and its targets. Raises what `jobs.uploads.check_input` raises."""
        sent = self.validated_data
        has_mask = "mask" in sent or "mask_url" in sent
        return check_input(
            image=Source(file=sent.get("image"), url=sent.get("image_url")),
            mask=Source(file=sent.get("mask"), url=sent.get("mask_url")) if has_mask else None,
            boxes=sent.get("bbox", ()) + sent.get("rectangles", ()),
        )

    def call_facts(self) -> dict[str, Any]:
        """Where to tell of the job's end, and what to give back with it. Raises `webhooks.HttpsRequired` and its kin."""
        sent = self.validated_data
        url = sent.get("webhook_url", "")
        return {
            "webhook_url": check_webhook_url(url) if url else "",
            "metadata": sent.get("metadata"),
        }

    def sent_fields(self) -> dict[str, Any]:
        """What was sent beside files, as it was sent."""
        return {name: value for name, value in self.initial_data.items() if name not in self.sent_files()}

    def sent_files(self) -> dict[str, BinaryIO]:
        return {name: self.validated_data[name] for name in ("image", "mask") if name in self.validated_data}

    def output_options(self) -> OutputOptions:
        sent = self.validated_data
        return OutputOptions(
            format=sent.get("output_format"),
            quality=sent.get("quality"),
            metadata_policy=sent["metadata_policy"],
            mode=sent["mode"],
            grow=sent.get("grow", NO_GROWTH),
            feather=sent.get("feather"),
        )

    def _refuse_unknown_and_repeated(self, data: Any) -> None:
        for name in data:
            if name not in self.fields:
                nearest = difflib.get_close_matches(name, self.fields, n=1)
                hint = f" Did you mean `{nearest[0]}`?" if nearest else f" Known are: {', '.join(self.fields)}."
                raise UnknownParameter(f"`{name[:80]}` is not a parameter of this operation.{hint}", param=name[:80])
            if isinstance(data, QueryDict) and len(data.getlist(name)) > 1:
                raise DuplicateField(f"`{name}` was sent more than once. Send it once.", param=name)


class SubmissionSerializer(serializers.Serializer[Any]):
    """An accepted job."""

    id = serializers.UUIDField()
    generation_id = serializers.UUIDField(help_text="The same as `id`.")
    status = serializers.ChoiceField(choices=Status.choices)
    operation = serializers.CharField()
    credits_used = serializers.FloatField(help_text="Held now; given back unless the job completes.")


class AcceptedSerializer(SubmissionSerializer):
    """An accepted job, and what may not have been meant."""

    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences, such as that the mask covers most of the picture."
    )


class JobErrorSerializer(serializers.Serializer[Any]):
    """Why a job failed or was blocked."""

    code = serializers.CharField()
    message = serializers.CharField()


class JobSerializer(SubmissionSerializer):
    """A job and what became of it."""

    output_url = serializers.CharField(allow_null=True, help_text="Signed, expires; needs no key.")
    progress = serializers.IntegerField(min_value=0, max_value=100)
    stage = serializers.CharField(allow_null=True)
    error = JobErrorSerializer(allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    place_in_line = serializers.IntegerField(allow_null=True, help_text="Jobs that go before it, while it is queued.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    engine = serializers.CharField(allow_null=True)
    receipt = serializers.DictField(allow_null=True, help_text="What was changed and what was not.")
    metadata = serializers.DictField(allow_null=True, help_text="What the caller sent along.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class UsageQuerySerializer(serializers.Serializer[Any]):
    """Which of the account's jobs to list."""

    status = serializers.ChoiceField(choices=Status.choices, required=False, help_text="Only jobs that stand so.")
    operation = serializers.ChoiceField(choices=sorted(OPERATIONS), required=False, help_text="Only jobs of this kind.")
    since = serializers.DateTimeField(required=False, help_text="Only jobs submitted at or after this time (ISO 8601).")
    until = serializers.DateTimeField(required=False, help_text="Only jobs submitted before this time.")

    def conditions(self) -> Q:
        sent = self.validated_data
        names = {"status": "status", "operation": "operation", "since": "created_at__gte", "until": "created_at__lt"}
        return Q(**{names[name]: value for name, value in sent.items()})


class UsageLineSerializer(serializers.Serializer[Any]):
    """One job in the list of recent ones."""

    id = serializers.UUIDField()
    generation_id = serializers.UUIDField()
    operation = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=Status.choices)
    credits_used = serializers.FloatField()
    output_url = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class UsageSerializer(serializers.Serializer[Any]):
    """A page of recent jobs."""

    next = serializers.CharField(allow_null=True, help_text="Address of the next page, with older jobs.")
    previous = serializers.CharField(allow_null=True, help_text="Address of the page before, with newer jobs.")
    results = UsageLineSerializer(many=True)


class ModelSerializer(serializers.Serializer[Any]):
    """An operation, what it costs, and whether a worker offers it now."""

    operation = serializers.CharField()
    title = serializers.CharField()
    endpoint = serializers.CharField()
    credits = serializers.FloatField()
    typical_seconds = serializers.FloatField()
    engine = serializers.CharField(allow_null=True)
    device = serializers.CharField(allow_null=True)
    available = serializers.BooleanField()


class ModelsSerializer(serializers.Serializer[Any]):
    """Everything on offer."""

    models = ModelSerializer(many=True)
