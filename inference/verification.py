"""Does a receipt tell the truth? Asked of the input, the output and the mask, without trusting the site."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from inference import composite
from inference.codecs.decode import PIXELS_MAX, decode
from inference.codecs.orientation import stored
from inference.codecs.photo import Photo
from inference.codecs.splice import CannotSplice, differing_mcus
from inference.engines.base import Mask
from inference.errors import EngineError
from inference.receipt import VERSION, hash_mask
from inference.targets.grow import feather_px, grown, growth_px
from inference.targets.raster import rasterise
from jobs.images import ImageError, normalise_mask
from jobs.targets import Grow, TargetError, boxes_from_json

_NEEDS_MASK = (
    "grow_px", "feather_px", "mask_sha256", "mask_pixels", "boxes", "largest_difference_outside", "pixels_changed",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One statement of a receipt. `holds` is None where it could not be looked into; `detail` then says why."""

    name: str
    holds: bool | None
    detail: str = ""


@dataclass(frozen=True, eq=False)
class _Marked:
    """What was sent to be removed, and that grown as the receipt says."""

    asked: Mask
    effective: Mask


def verify(
    receipt: Mapping[str, Any], *, image: bytes, output: bytes, mask: bytes | None, max_pixels: int = PIXELS_MAX
) -> list[Check]:
    """Check a receipt (version 1, as parsed JSON) against the files it speaks of.

    `mask` is the mask file as it was sent, in any format the site takes. Without it, what depends on it stays open,
    unless only boxes were sent. Raises `EngineError` where a file is no picture of at most `max_pixels` or the mask
    does not fit, `KeyError`, `TypeError` or `ValueError` where the receipt is none.
    """
    if receipt["version"] != VERSION:
        raise EngineError(f"This is a receipt of version {receipt['version']}; {VERSION} is known here.")
    before, after = (decode(data, max_pixels=max_pixels) for data in (image, output))
    checks = [
        _same("input_sha256", receipt["input_sha256"], hashlib.sha256(image).hexdigest()),
        _same("output_sha256", receipt["output_sha256"], hashlib.sha256(output).hexdigest()),
        _same("output_format", receipt["parameters"]["output_format"] or before.format, after.format),
        Check("size", before.size == after.size, f"input {_sides(before)}, output {_sides(after)}"),
    ]
    if before.size != after.size:
        return checks + [Check(name, None, "the pictures differ in size") for name in _NEEDS_MASK]
    marked = _marked(receipt, before.size, mask, max_pixels)
    checks += _blocks(receipt, before, image, output, marked)
    if marked is None:
        return checks + [Check(name, None, "needs the mask that was sent") for name in _NEEDS_MASK]
    return [*checks, *_mask(receipt, marked), *_pixels(receipt, before, after, marked.effective)]


def _same(name: str, stated: object, found: object) -> Check:
    return Check(name, stated == found, "" if stated == found else f"stated {stated}, found {found}")


def _sides(photo: Photo) -> str:
    return f"{photo.size[0]}×{photo.size[1]}"


def _marked(receipt: Mapping[str, Any], size: tuple[int, int], mask: bytes | None, max_pixels: int) -> _Marked | None:
    """None where a mask was sent to the site and is not at hand here."""
    parameters = receipt["parameters"]
    if parameters["mask"] and mask is None:
        return None
    mask_png = None
    try:
        if parameters["mask"] and mask is not None:
            mask_png = normalise_mask(mask, size=size, megapixels_max=-(-max_pixels // 1_000_000)).png
        boxes = boxes_from_json(parameters["boxes"])
    except ImageError as error:
        raise EngineError(f"The mask cannot be used: {error}") from error
    except TargetError as error:
        raise EngineError(f"The receipt's boxes cannot be read: {error}") from error
    asked = rasterise(size=size, mask_png=mask_png, boxes=boxes)
    radius = int(parameters["grow_px"])
    return _Marked(asked, grown(asked, radius) if radius > 0 else asked)


def _blocks(
    receipt: Mapping[str, Any], before: Photo, image: bytes, output: bytes, marked: _Marked | None
) -> Iterator[Check]:
    """Of a JPEG, compare the coefficients of every block."""
    if receipt["mcus_total"] is None:
        return
    try:
        differing = differing_mcus(image, output)
    except (CannotSplice, OSError, ValueError) as error:
        yield Check("mcus_total", False, f"the blocks cannot be compared: {error}")
        return
    yield _same("mcus_total", receipt["mcus_total"], differing.size)
    stated, found = int(receipt["mcus_reencoded"]), int(differing.sum())
    if marked is None:
        # Encoding a block anew may give what was there before: fewer may differ than were encoded.
        detail = f"{found} differ, {stated} stated" + ("; the exact number needs the mask" if found <= stated else "")
        yield Check("mcus_reencoded", None if found <= stated else False, detail)
        return
    touched = _touched(stored(marked.effective, before.orientation), _mcu_size(image))
    yield _same("mcus_reencoded", stated, int(touched.sum()))
    beyond = int((differing & ~touched).sum())
    yield Check("mcus_kept", not beyond, f"{beyond} differ that the mask does not touch" if beyond else "")


def _mcu_size(jpeg: bytes) -> tuple[int, int]:
    """Rows and columns of pixels of a JPEG's blocks."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as file:
        if not isinstance(file, JpegImagePlugin.JpegImageFile) or len(file.layer) == 1:
            return 8, 8
        return 8 * max(layer[2] for layer in file.layer), 8 * max(layer[1] for layer in file.layer)


def _touched(mask: Mask, block: tuple[int, int]) -> NDArray[np.bool_]:
    """Which blocks hold a masked pixel."""
    by_rows = np.logical_or.reduceat(mask, np.arange(0, mask.shape[0], block[0]), axis=0)
    return np.asarray(np.logical_or.reduceat(by_rows, np.arange(0, mask.shape[1], block[1]), axis=1))


def _mask(receipt: Mapping[str, Any], marked: _Marked) -> Iterator[Check]:
    parameters = receipt["parameters"]
    try:
        radius = growth_px(marked.asked, Grow.parse(parameters["grow"]))
    except TargetError:
        yield Check("grow_px", False, f"{parameters['grow']} is no growth")
    else:
        yield _same("grow_px", parameters["grow_px"], radius)
        yield _same("feather_px", parameters["feather_px"], feather_px(parameters["feather"], radius))
    yield _same("mask_sha256", receipt["mask_sha256"], hash_mask(marked.effective))
    yield _same("mask_pixels", receipt["mask_pixels"], int(marked.effective.sum()))
    uncovered = marked.effective.copy()
    try:
        boxes = boxes_from_json(receipt["boxes"])
    except TargetError as error:
        yield Check("boxes", False, str(error))
        return
    for box in boxes:
        uncovered[max(box.y, 0) : max(box.y + box.height, 0), max(box.x, 0) : max(box.x + box.width, 0)] = False
    yield Check("boxes", not uncovered.any(), "the mask reaches beyond them" if uncovered.any() else "")


def _pixels(receipt: Mapping[str, Any], before: Photo, after: Photo, mask: Mask) -> Iterator[Check]:
    is_same_kind = receipt["lossless"] and before.layout == after.layout
    one, other = (before.native, after.native) if is_same_kind else (before.rgb, after.rgb)
    difference = composite.largest_difference_outside(one, other, mask)
    yield _same("bits_per_sample", receipt["bits_per_sample"], one.itemsize * 8)
    yield _same("largest_difference_outside", receipt["largest_difference_outside"], difference)
    if receipt["lossless"]:
        yield _same("lossless", 0, difference)
        yield _same("pixels_changed", receipt["pixels_changed"], composite.count_changed(one, other))
        return
    # A stamp lies over the whole picture.
    is_stamped = receipt["parameters"].get("stamped", False)
    stated, most = int(receipt["pixels_changed"]), mask.size if is_stamped else int(receipt["mask_pixels"])
    # What the fill changed and what a lossy format changed can no longer be told apart.
    is_possible = 0 <= stated <= most
    yield Check(
        "pixels_changed",
        None if is_possible else False,
        f"{stated} of {most} that may change: not visible in a lossy file",
    )
