"""Splices into damaged JPEG files; a process of its own, because the libraries in it are C and the files hostile.

    python -m tests.inference.damaged_jpegs FIRST_SEED COUNT

Prints one JSON line for every file begun, with `wrong` where something is. The last line names the file that a crash came
from.
"""

from __future__ import annotations

import json
import logging
import sys

import numpy as np
from PIL import Image

from inference.codecs.decode import decode
from inference.codecs.encode import encode
from inference.errors import UnreadableImage
from tests import photos
from tests.mutations import mutated

_PICTURE = Image.fromarray(photos.with_object())
FILES = {
    "baseline": photos.sample_jpeg(),
    "progressive": photos.sample_jpeg(progressive=True),
    "grey": photos.saved(_PICTURE.convert("L"), "JPEG"),
    "full chroma": photos.sample_jpeg(subsampling=0),
    "4:2:2": photos.sample_jpeg(subsampling=1),
    "turned": photos.sample_jpeg(orientation=6),
    "RGB": photos.saved(_PICTURE, "JPEG", keep_rgb=True),
    "restarts": photos.sample_jpeg(restart_marker_blocks=3),
    "CMYK": photos.saved(photos.cmyk(), "JPEG"),
    "odd sides": photos.sample_jpeg(97, 61),
    "metadata": photos.sample_jpeg(
        exif=photos.exif_with_thumbnail(photos.sample_jpeg(16, 16)), icc_profile=photos.srgb_profile()
    ),
}
# Far enough from the hole that no block, and no chroma sample spread between blocks, is shared with it.
_FAR_PX = 33


def what_is_wrong(data: bytes) -> str | None:
    """Fill a hole in the file; None if the output is whole, or the file was refused."""
    try:
        photo = decode(data)
    except UnreadableImage:
        return None
    height, width = photo.rgb.shape[:2]
    hole = np.zeros((height, width), bool)
    hole[height // 3 : height // 3 + 9, width // 3 : width // 3 + 9] = True
    filled = photo.rgb.copy()
    filled[hole] = 128
    encoded = encode(photo, filled, hole)
    try:
        back = decode(encoded.data)
    except UnreadableImage:
        return "the output cannot be read"
    if back.size != photo.size:
        return f"the output shows {back.size} instead of {photo.size}"
    # Of a progressive file with missing scans readers smooth the blocks, and of the output, which has none missing, not.
    if encoded.mcus_total and not photo.compression.jpeg_is_progressive:
        far = np.ones((height, width), bool)
        top, left = max(height // 3 - _FAR_PX, 0), max(width // 3 - _FAR_PX, 0)
        far[top : height // 3 + 9 + _FAR_PX, left : width // 3 + 9 + _FAR_PX] = False
        if (back.rgb[far] != photo.rgb[far]).any():
            return "pixels far from the hole have changed"
    return None


def main(first: int, count: int) -> None:
    logging.disable()
    everything = tuple(FILES.values())
    for seed in range(first, first + count):
        for name, data in FILES.items():
            print(json.dumps({"file": name, "seed": seed}), flush=True)
            wrong = what_is_wrong(mutated(data, seed, others=everything))
            if wrong is not None:
                print(json.dumps({"file": name, "seed": seed, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
