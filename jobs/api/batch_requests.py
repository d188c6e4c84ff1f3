"""A form with many pictures: the fields of a single submission hold for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, ClassVar

from rest_framework import serializers

from jobs.api.requests import RemoveObjectSerializer
from jobs.batches import PICTURES_MAX, CountsDiffer, Pair
from jobs.uploads import CheckedInput, Source
from pixelsite.lib.errors import PixelsiteError


class ImagesRequired(PixelsiteError):
    """Send the pictures as multipart files named `images`, up to 50 of them."""

    code = "image_required"


class BatchFormSerializer(RemoveObjectSerializer):
    """Pictures, what to remove from each, and how the results are wanted."""

    _repeatable: ClassVar[frozenset[str]] = frozenset({"images", "masks"})
    _too_many: ClassVar[dict[str, Any]] = {
        "max_length": "A batch has up to {max_length} pictures: send the rest in another one."
    }

    image = None  # type: ignore[assignment]  # DRF's way of leaving out a field of the base
    image_url = None  # type: ignore[assignment]
    mask = None  # type: ignore[assignment]
    mask_url = None  # type: ignore[assignment]
    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        required=False,
        max_length=PICTURES_MAX,
        error_messages=_too_many,
        help_text="The pictures: JPEG, PNG, WebP, BMP, TIFF or AVIF. Repeat the field for each.",
    )
    masks = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        required=False,
        max_length=PICTURES_MAX,
        error_messages=_too_many,
        help_text="A mask for each picture, in the same order; or one for all, if they are of its size.",
    )

    def pairs(self) -> Iterator[Pair]:
        """Each picture with its target, not looked at yet."""
        images, masks = self.validated_data["images"], self.validated_data.get("masks", [])
        for index, image in enumerate(images):
            mask = masks[index % len(masks)] if masks else None
            yield Pair(filename=image.name or "", check=partial(self._checked_pair, image, mask))

    def sent_fields(self) -> dict[str, Any]:
        return {name: value for name, value in self.initial_data.items() if name not in self._repeatable}

    def sent_files(self) -> dict[str, BinaryIO]:
        return {
            f"{name}[{index}]": file
            for name in self._repeatable
            for index, file in enumerate(self.validated_data.get(name, ()))
        }

    def _validate_pictures(self, attrs: dict[str, Any]) -> None:
        images, masks = attrs.get("images", []), attrs.get("masks", [])
        if not images:
            raise ImagesRequired(param="images")
        if masks and len(masks) not in (1, len(images)):
            raise CountsDiffer(
                f"There are {len(images)} images, but {len(masks)} masks: send as many masks as images, in the same "
                "order, or one mask for all of them.",
                param="masks",
            )

    def _checked_pair(self, image: BinaryIO, mask: BinaryIO | None) -> CheckedInput:
        for file in (image, mask):
            if file is not None:
                file.seek(0)  # one mask is read for every picture
        return self.checked(image=Source(file=image), mask=None if mask is None else Source(file=mask))
