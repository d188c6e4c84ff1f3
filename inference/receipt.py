"""What was changed and what was not: the part of a result that a customer can check."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.crops import CropBox
from inference.engines.base import EngineSpec, Mask

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What the pixels show."""

    mask: Mask
    crops: Iterable[CropBox]
    pixels_changed: int
    largest_difference_outside: int
    bits_per_sample: int
    """The unit of the difference: 8 or 16."""
    mcus_total: int | None
    """Blocks of a JPEG that only its changed blocks were encoded of; None for any other output."""
    mcus_reencoded: int | None


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """How it came about."""

    engine: EngineSpec
    parameters: Mapping[str, Any]
    safety_filter: str
    notes: tuple[str, ...]
    seconds: Mapping[str, float]


def write_receipt(
    *, image: bytes, output: bytes, is_lossless: bool, changes: Changes, how: Circumstances
) -> dict[str, Any]:
    """Return the receipt of one result as a dictionary fit for JSON. Boxes are in pixels of the displayed photo."""
    return {
        "version": VERSION,
        "input_sha256": hashlib.sha256(image).hexdigest(),
        "mask_sha256": hash_mask(changes.mask),
        "output_sha256": hashlib.sha256(output).hexdigest(),
        "boxes": [
            {"x": crop.left, "y": crop.top, "width": crop.right - crop.left, "height": crop.bottom - crop.top}
            for crop in changes.crops
        ],
        "mask_pixels": int(changes.mask.sum()),
        "pixels_changed": changes.pixels_changed,
        "largest_difference_outside": changes.largest_difference_outside,
        "bits_per_sample": changes.bits_per_sample,
        "lossless": is_lossless,
        "mcus_total": changes.mcus_total,
        "mcus_reencoded": changes.mcus_reencoded,
        "engine": how.engine.name,
        "device": how.engine.device,
        "precision": how.engine.precision,
        "weights_sha256": how.engine.weights_sha256,
        "safety_filter": how.safety_filter,
        "parameters": dict(how.parameters),
        "notes": list(how.notes),
        "seconds": {stage: round(seconds, 4) for stage, seconds in how.seconds.items()},
    }


def hash_mask(mask: Mask) -> str:
    """SHA-256 of an H×W bool mask: of `"WIDTHxHEIGHT\\n"` and its rows, each packed to bits, first pixel highest.

    The same pixels have the same hash, however the mask was sent.
    """
    digest = hashlib.sha256(f"{mask.shape[1]}x{mask.shape[0]}\n".encode())
    digest.update(np.packbits(mask, axis=1).tobytes())
    return digest.hexdigest()
