"""Damaged JPEG files through the splice: a whole output, the whole picture encoded anew, or a refusal. Never a crash."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys

import pytest
from django.conf import settings

from inference.codecs import exif
from inference.codecs.decode import decode
from inference.codecs.segments import with_metadata_of
from tests import photos

_ASKED = os.environ.get("FUZZ_EXAMPLES")
_COUNT = int(_ASKED or 120)
# The same files every time, unless more were asked for.
_FIRST = random.SystemRandom().randrange(10**9) if _ASKED else 1


def test_a_damaged_jpeg_is_spliced_encoded_anew_or_refused() -> None:
    program = [sys.executable, "-m", "tests.inference.damaged_jpegs", str(_FIRST), str(_COUNT)]

    done = subprocess.run(program, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)

    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"exit status {done.returncode} at {lines[-1:]}\n{done.stderr[-2000:]}"
    assert [line for line in lines if "wrong" in json.loads(line)] == []


def _with_thumbnail_at(position: int, length: int) -> bytes:
    """EXIF whose thumbnail is said to lie there."""
    block = bytearray(photos.exif_with_thumbnail(b"\xff\xd8\xff\xd9").removeprefix(exif.PREFIX))
    second = struct.unpack_from("<I", block, 22)[0]
    struct.pack_into("<I", block, second + 2 + 8, position)
    struct.pack_into("<I", block, second + 2 + 12 + 8, length)
    return exif.PREFIX + bytes(block)


@pytest.mark.parametrize("position", [1, 8, 10, 18])
def test_a_thumbnail_said_to_lie_in_the_header_does_not_turn_the_picture(position: int) -> None:
    # Found by fuzzing: the wiped thumbnail took the orientation with it.
    data = photos.saved(photos.opened(photos.sample_jpeg()), "JPEG", exif=_with_thumbnail_at(position, 780))

    written = with_metadata_of(data, photos.sample_jpeg(), policy="keep", orientation=6)

    assert decode(written).orientation == 6


def test_exif_that_cannot_be_edited_does_not_turn_the_picture() -> None:
    broken = exif.PREFIX + b"II*\x00" + struct.pack("<IHHHIHH", 8, 900, 0x0112, 3, 1, 6, 0)
    data = photos.saved(photos.opened(photos.sample_jpeg()), "JPEG", exif=broken)

    written = with_metadata_of(data, photos.sample_jpeg(), policy="strip_gps", orientation=6)

    assert decode(written).orientation == 6
