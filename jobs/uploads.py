"""Bytes or a URL become a checked, stored image."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from django.conf import settings

from jobs import guard, images, storage
from jobs.images import ImageError, ImageFacts, ImageTooComplex, InvalidImage, NormalisedMask
from jobs.targets import Box, Click, Prompt, Segmentation, TargetError
from jobs.upload_handlers import FileTooLarge
from pixelsite.lib import fetch
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

R = TypeVar("R")

# A mask over more than this is accepted, but most often meant the other way round.
_LARGE_MASK_SHARE = 0.5

# Whole pictures are decoded to be sure that they are whole: in children, so that a file made to break a decoder, or to
# take all memory, meets no other request.
_decoders = guard.Guards(
    guard.Limits(memory_bytes=1 << 30, seconds=10),
    children_max=2,
    wait_s=10,
    imports=("jobs.images", *images.PLUGINS),
    answers=(ImageFacts, NormalisedMask, *images.REFUSALS),
)


class DecodersBusy(PixelsiteError):
    """The site is looking at as many pictures as it can. Nothing was charged; submit again in a moment."""

    code = "decoders_busy"
    status = 503
    retry_after_s = 5


class InputRefused(PixelsiteError):
    """What was sent cannot be used."""

    def __init__(self, refusal: ImageError | TargetError) -> None:
        self.code = refusal.code
        self.status = refusal.status
        super().__init__(refusal.message, param=refusal.param)


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """Targets that are more than a mask or boxes: what they mean is found out by the worker."""

    clicks: tuple[Click, ...] = ()
    object_box: Box | None = None
    """Around an object that is to be found in it."""
    segmentation: Segmentation | None = None
    prompt: Prompt | None = None

    def check_inside(self, size: tuple[int, int]) -> None:
        """Raise a `TargetError` unless all of it fits a photo of displayed size (width, height)."""
        for click in self.clicks:
            click.check_inside(size)
        if self.object_box is not None:
            self.object_box.check_inside(size, param="box")
        if self.segmentation is not None:
            self.segmentation.check_inside(size)


NOTHING_POINTED = Pointed()


@dataclass(frozen=True, kw_only=True)
class CheckedInput:
    """A picture and what is to be removed from it, checked but not stored yet."""

    image: bytes
    facts: ImageFacts
    mask_png: bytes | None
    boxes: tuple[Box, ...]
    pointed: Pointed = NOTHING_POINTED
    warnings: tuple[str, ...] = ()
    """What is allowed but hardly meant, in sentences for the caller."""
    mask_has_grey: bool = False
    """Whether the mask had other values than black and white, and was thresholded."""


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


def check_input(
    *,
    image: Source,
    mask: Source | None,
    boxes: tuple[tuple[str, Box], ...],
    pointed: Pointed = NOTHING_POINTED,
    allow: Callable[[bytes, ImageFacts], None] | None = None,
) -> CheckedInput:
    """Everything that can be known at submission. `boxes` come with the name of the parameter they were sent in.

    `allow` may raise what else stands against the picture, before anything is compared with it. Raises `InputRefused`, `DecodersBusy` and what `Source.read` raises.
    """
    data = image.read(param="image")
    try:
        facts = _guarded(images.inspect_image, data, param="image", megapixels_max=settings.IMAGE_MEGAPIXELS_MAX)
        if allow is not None:
            allow(data, facts)
        for param, box in boxes:
            box.check_inside(facts.size, param=param)
        pointed.check_inside(facts.size)
        drawn = None
        if mask is not None:
            drawn = _guarded(
                images.normalise_mask,
                mask.read(param="mask"),
                param="mask",
                size=facts.size,
                megapixels_max=settings.IMAGE_MEGAPIXELS_MAX,
            )
    except (ImageError, TargetError) as refusal:
        raise InputRefused(refusal) from None
    return CheckedInput(
        image=data,
        facts=facts,
        mask_png=drawn.png if drawn is not None else None,
        boxes=tuple(box for _, box in boxes),
        pointed=pointed,
        warnings=() if drawn is None else warnings_of(drawn.area_share),
        mask_has_grey=drawn is not None and drawn.has_grey,
    )


def warnings_of(area_share: float) -> tuple[str, ...]:
    """What to tell a caller whose mask covers so much of the picture."""
    if area_share <= _LARGE_MASK_SHARE:
        return ()
    return (
        f"The mask covers {area_share:.0%} of the picture. White is what is removed: if that is the wrong way "
        "round, invert it.",
    )


def _guarded(function: Callable[..., R], data: bytes, *, param: str, **options: Any) -> R:
    """Call a function of `jobs.images` in a child. Raises what it raises, or `DecodersBusy`."""
    try:
        return _decoders.call(function, data, param=param, **options)
    except (guard.TookTooLong, guard.OutOfMemory):
        raise ImageTooComplex(param=param) from None
    except guard.Crashed as error:
        logger.warning("a picture broke its decoder: %s", error)
        raise InvalidImage(param=param) from None
    except guard.AllBusy:
        raise DecodersBusy from None


def store_input(job_id: UUID, checked: CheckedInput) -> tuple[str, str]:
    """Store image and mask. Returns their names; the second is empty when there is no mask."""
    image_name = storage.input_name(job_id, checked.facts.extension)
    storage.write(image_name, checked.image)
    if checked.mask_png is None:
        return image_name, ""
    mask_name = storage.mask_name(job_id)
    storage.write(mask_name, checked.mask_png)
    return image_name, mask_name
