"""What callers send. These serializers read fields; what the fields mean is decided in `jobs.uploads`."""

from __future__ import annotations

import difflib
from typing import Any, BinaryIO, ClassVar

from django.http import QueryDict
from rest_framework import serializers

from jobs.api.fields import (
    BoxField,
    CornersField,
    FlagField,
    GrowField,
    MetadataField,
    PointsField,
    PromptField,
    RectanglesField,
    SegmentationField,
)
from jobs.submission import OutputOptions
from jobs.targets import (
    GROW_PX_MAX,
    NO_GROWTH,
    Grow,
    InvalidFeather,
    InvalidGrow,
    InvalidPoints,
    TargetError,
    parse_points,
)
from jobs.uploads import CheckedInput, InputRefused, Pointed, Source, check_input
from jobs.webhooks import check_webhook_url
from pixelsite.lib.errors import PixelsiteError

# What names pixels itself is exact; the border of what is found is not, and a little more is removed.
_EXACT = ("mask", "mask_url", "masks", "bbox", "rectangles", "segmentation")
_FOUND = ("points", "box", "prompt")


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
    """Say what to remove: send a `mask`, `bbox`, `rectangles`, `segmentation`, `points`, `box` or a `prompt`."""

    code = "target_required"
    status = 422


class UnknownParameter(PixelsiteError):
    """This parameter is not known."""

    code = "unknown_parameter"
    status = 422


class DuplicateField(PixelsiteError):
    """This field was sent more than once."""

    code = "duplicate_field"


class TargetSerializer(serializers.Serializer[Any]):
    """A picture and what is pointed at in it; several ways together are united."""

    _repeatable: ClassVar[frozenset[str]] = frozenset()
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
    points = PointsField(
        required=False,
        help_text="Clicks, JSON `[[x,y],…]`: the object they are on is found, and removed with its edge.",
    )
    labels = PointsField(required=False, help_text="For each of `points` 1 (on the object) or 0 (not on it), as JSON.")
    box = CornersField(
        required=False,
        help_text="`[x1,y1,x2,y2]` around an object: the object is found in it. (`bbox` is the box itself.)",
    )
    segmentation = SegmentationField(
        required=False, help_text="COCO run lengths (of the picture's size) or polygons, as JSON."
    )
    prompt = PromptField(
        required=False, help_text="What to remove, and where: `the watermark in the bottom-right corner`."
    )
    grow = GrowField(
        required=False,
        help_text="Enlarge the mask: pixels (`12`), a share of the thickness of its thickest place (`15%`), or `auto`. "
        "Default: exactly what was marked; `auto` where something had to be found by points, box or prompt.",
    )
    expand = GrowField(required=False, help_text="Another word for `grow`.")
    metadata = MetadataField(
        required=False, help_text="Your own JSON object of up to 4 KB; comes back with the job, untouched."
    )

    dry_run = FlagField(
        required=False,
        help_text="`true`: check everything and tell what it would cost and whether it would be accepted now; nothing is "
        "stored, held or done.",
    )

    def to_internal_value(self, data: Any) -> Any:
        self._refuse_unknown_and_repeated(data)
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._validate_pictures(attrs)
        if "labels" in attrs and "points" not in attrs:
            raise InputRefused(InvalidPoints("`labels` go with `points`: send both.", param="points"))
        if not any(name in attrs for name in _EXACT + _FOUND):
            raise TargetRequired(param="mask")
        if "grow" in attrs and "expand" in attrs:
            raise InputRefused(InvalidGrow("`expand` is another word for `grow`: send one of them.", param="expand"))
        if "points" in attrs:
            attrs["clicks"] = _clicks(attrs["points"], attrs.get("labels"), needs_object="box" not in attrs)
        return attrs

    def checked_input(self) -> CheckedInput:
        """Read and check the picture and its targets. Raises what `jobs.uploads.check_input` raises."""
        sent = self.validated_data
        has_mask = "mask" in sent or "mask_url" in sent
        return self.checked(
            image=Source(file=sent.get("image"), url=sent.get("image_url")),
            mask=Source(file=sent.get("mask"), url=sent.get("mask_url")) if has_mask else None,
        )

    def checked(self, *, image: Source, mask: Source | None) -> CheckedInput:
        """Read and check this picture with the targets that were sent. Raises what `jobs.uploads.check_input` raises."""
        sent = self.validated_data
        return check_input(
            image=image,
            mask=mask,
            boxes=sent.get("bbox", ()) + sent.get("rectangles", ()),
            pointed=Pointed(
                clicks=sent.get("clicks", ()),
                object_box=sent.get("box"),
                segmentation=sent.get("segmentation"),
                prompt=sent.get("prompt"),
            ),
        )

    @property
    def is_dry_run(self) -> bool:
        return bool(self.validated_data.get("dry_run"))

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
        return OutputOptions(grow=self.growth())

    def growth(self) -> Grow:
        sent = self.validated_data
        default = Grow(is_automatic=True) if any(name in sent for name in _FOUND) else NO_GROWTH
        found: Grow = sent.get("grow", sent.get("expand", default))
        return found

    def _validate_pictures(self, attrs: dict[str, Any]) -> None:
        if "image" in attrs and "image_url" in attrs:
            raise ImageAmbiguous(param="image")
        if "image" not in attrs and "image_url" not in attrs:
            raise ImageRequired(param="image")
        if "mask" in attrs and "mask_url" in attrs:
            raise MaskAmbiguous(param="mask")

    def _refuse_unknown_and_repeated(self, data: Any) -> None:
        for name in data:
            if name not in self.fields:
                nearest = difflib.get_close_matches(name, self.fields, n=1)
                hint = f" Did you mean `{nearest[0]}`?" if nearest else f" Known are: {', '.join(self.fields)}."
                raise UnknownParameter(f"`{name[:80]}` is not a parameter of this operation.{hint}", param=name[:80])
            is_repeatable = name in self._repeatable
            if not is_repeatable and isinstance(data, QueryDict) and len(data.getlist(name)) > 1:
                raise DuplicateField(f"`{name}` was sent more than once. Send it once.", param=name)


class RemoveObjectSerializer(TargetSerializer):
    """A picture, what to remove from it, and how the result is wanted."""

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

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        is_exact = attrs.get("grow", attrs.get("expand", NO_GROWTH)).is_nothing
        if attrs.get("feather") and is_exact and not any(name in attrs for name in _FOUND):
            raise InputRefused(InvalidFeather(param="feather"))
        return attrs

    def output_options(self) -> OutputOptions:
        sent = self.validated_data
        return OutputOptions(
            format=sent.get("output_format"),
            quality=sent.get("quality"),
            metadata_policy=sent["metadata_policy"],
            mode=sent["mode"],
            grow=self.growth(),
            feather=sent.get("feather"),
        )


class SegmentSerializer(TargetSerializer):
    """A picture and what to find in it. The mask is what would be removed; it is not enlarged unless asked for."""

    def growth(self) -> Grow:
        sent = self.validated_data
        found: Grow = sent.get("grow", sent.get("expand", NO_GROWTH))
        return found


def _clicks(points: Any, labels: Any, *, needs_object: bool) -> Any:
    try:
        return parse_points(points, labels, needs_object=needs_object)
    except TargetError as refusal:
        raise InputRefused(refusal) from None
