"""Does a receipt tell the truth? Asked of the input, the output and the mask, without trusting the site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference import composite
from inference.codecs.decode import decode
from inference.codecs.photo import Photo
from inference.codecs.splice import CannotSplice, differing_mcus
from inference.engines.base import Mask
from inference.errors import EngineError
from inference.receipt import VERSION, hash_mask
from inference.targets.grow import grown
from inference.targets.raster import rasterise
from jobs.targets import TargetError, boxes_from_json


@dataclass(frozen=True)
class Check:
    """One statement of a receipt. `holds` is None where it could not be looked into."""

    name: str
    holds: bool | None
    detail: str = ""


def verify(receipt: Mapping[str, Any], *, image: bytes, output: bytes, mask_png: bytes | None) -> list[Check]:
    """Check a receipt against the files it speaks of.

    Without the mask that was sent, what depends on it stays open, unless only boxes were. Raises `EngineError` where a
    file is no picture, `KeyError` or `TypeError` where the receipt is none.
    """
    if receipt["version"] != VERSION:
        raise EngineError(f"This is a receipt of version {receipt['version']}; {VERSION} is known here.")
    before, after = decode(image), decode(output)
    checks = [
        _same("input_sha256", receipt["input_sha256"], hashlib.sha256(image).hexdigest()),
        _same("output_sha256", receipt["output_sha256"], hashlib.sha256(output).hexdigest()),
        _same("size", after.size, before.size),
    ]
    if not all(check.holds for check in checks):
        return checks
    checks += _blocks(receipt, image, output)
    mask = _effective_mask(receipt, before.size, mask_png)
    if mask is None:
        open_ones = ("mask_sha256", "mask_pixels", "boxes", "largest_difference_outside", "pixels_changed")
        return checks + [Check(name, None, "needs the mask") for name in open_ones]
    return checks + list(_pixels(receipt, before, after, mask))


def _same(name: str, stated: object, found: object) -> Check:
    return Check(name, stated == found, "" if stated == found else f"stated {stated}, found {found}")


def _effective_mask(receipt: Mapping[str, Any], size: tuple[int, int], mask_png: bytes | None) -> Mask | None:
    parameters = receipt["parameters"]
    if parameters["mask"] and mask_png is None:
        return None
    try:
        asked = rasterise(
            size=size,
            mask_png=mask_png if parameters["mask"] else None,
            boxes=boxes_from_json(parameters["boxes"]),
        )
    except TargetError as error:
        raise EngineError(f"The receipt's boxes cannot be read: {error}") from error
    return grown(asked, int(parameters["grow_px"])) if parameters["grow_px"] else asked


def _blocks(receipt: Mapping[str, Any], image: bytes, output: bytes) -> Iterator[Check]:
    """Of a JPEG, count the blocks whose coefficients differ."""
    if receipt["mcus_total"] is None:
        return
    try:
        differing = differing_mcus(image, output)
    except (CannotSplice, OSError, ValueError) as error:
        yield Check("mcus_total", False, f"the blocks cannot be compared: {error}")
        return
    yield _same("mcus_total", receipt["mcus_total"], differing.size)
    found, stated = int(differing.sum()), int(receipt["mcus_reencoded"])
    # Encoding a block anew may give what was there before.
    yield Check("mcus_reencoded", found <= stated, "" if found <= stated else f"stated {stated}, found {found}")


def _pixels(receipt: Mapping[str, Any], before: Photo, after: Photo, mask: Mask) -> Iterator[Check]:
    yield _same("mask_sha256", receipt["mask_sha256"], hash_mask(mask))
    yield _same("mask_pixels", receipt["mask_pixels"], int(mask.sum()))
    uncovered = mask.copy()
    for box in boxes_from_json(receipt["boxes"]):
        uncovered[box.y : box.y + box.height, box.x : box.x + box.width] = False
    yield Check("boxes", not uncovered.any(), "the mask reaches beyond them" if uncovered.any() else "")
    is_same_kind = receipt["lossless"] and before.layout == after.layout
    one, other = (before.native, after.native) if is_same_kind else (before.rgb, after.rgb)
    difference = composite.largest_difference_outside(one, other, mask)
    yield _same("largest_difference_outside", receipt["largest_difference_outside"], difference)
    if receipt["lossless"]:
        yield _same("lossless", 0, difference)
        changed = int(np.count_nonzero((before.rgb != after.rgb).any(axis=2)))
        yield _same("pixels_changed", receipt["pixels_changed"], changed)
