"""Bytes or a URL become a checked, stored image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

from jobs import images, storage
from jobs.images import ImageError, ImageFacts
from jobs.targets import Box, TargetError
from jobs.upload_handlers import FileTooLarge
from pixelsite.lib import fetch
from pixelsite.lib.errors import PixelsiteError


class InputRefused(PixelsiteError):
    """What was sent cannot be used."""

    def __init__(self, refusal: ImageError | TargetError) -> None:
        self.code = refusal.code
        self.status = refusal.status
        super().__init__(refusal.message, param=refusal.param)


@dataclass(frozen=True, kw_only=True)
class CheckedInput:
    """A picture and what is to be removed from it, checked but not stored yet."""

    image: bytes
    facts: ImageFacts
    mask_png: bytes | None
    boxes: tuple[Box, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where an image comes from: an uploaded file or a URL; exactly one is set."""

    file: BinaryIO | None = None
    url: str | None = None

    def read(self, *, param: str) -> bytes:
        """The bytes, at most `UPLOAD_BYTES_MAX` of them. Raises `FileTooLarge` or an error of `pixelsite.lib.fetch`."""
        if self.file is None:
            return fetch.fetch_bytes(self.url or "", bytes_max=settings.UPLOAD_BYTES_MAX, param=f"{param}_url")
        data = self.file.read(settings.UPLOAD_BYTES_MAX + 1)
        if len(data) > settings.UPLOAD_BYTES_MAX:
            raise FileTooLarge(param=param)
        return data


def check_input(*, image: Source, mask: Source | None, boxes: tuple[tuple[str, Box], ...]) -> CheckedInput:
    """Everything that can be known at submission. `boxes` come with the name of the parameter they were sent in.

    Raises `InputRefused` and what `Source.read` raises.
    """
    data = image.read(param="image")
    try:
        facts = images.inspect_image(data, megapixels_max=settings.IMAGE_MEGAPIXELS_MAX)
        for param, box in boxes:
            box.check_inside(facts.size, param=param)
        mask_png = None
        if mask is not None:
            mask_png = images.normalise_mask(
                mask.read(param="mask"), size=facts.size, megapixels_max=settings.IMAGE_MEGAPIXELS_MAX
            ).png
    except (ImageError, TargetError) as refusal:
        raise InputRefused(refusal) from None
    return CheckedInput(image=data, facts=facts, mask_png=mask_png, boxes=tuple(box for _, box in boxes))


def store_input(job_id: UUID, checked: CheckedInput) -> tuple[str, str]:
    """Store image and mask. Returns their names; the second is empty when there is no mask."""
    image_name = storage.input_name(job_id, checked.facts.extension)
    storage.write(image_name, checked.image)
    if checked.mask_png is None:
        return image_name, ""
    mask_name = storage.mask_name(job_id)
    storage.write(mask_name, checked.mask_png)
    return image_name, mask_name
