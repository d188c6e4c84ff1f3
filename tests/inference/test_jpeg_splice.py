"""JPEG in, JPEG out: blocks without a changed pixel keep their coefficients bit for bit, and the file what was around it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import jpeglib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference.codecs.decode import decode
from inference.codecs.encode import Encoded, encode
from tests import photos

KINDS: dict[str, dict[str, Any]] = {
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "4:2:0": {"subsampling": 2},
    "progressive 4:2:0": {"subsampling": 2, "progressive": True},
    "restart markers": {"subsampling": 2, "restart_marker_rows": 1},
    "low quality": {"subsampling": 2, "quality": 20},
    "RGB components": {"keep_rgb": True},
}


def _mask(height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), bool)
    mask[height // 3 : height // 2, width // 3 : width // 2] = True
    return mask


def _removed(data: bytes, mask: NDArray[np.bool_], **options: object) -> Encoded:
    """The file with its hole painted in one colour."""
    photo = decode(data)
    filled = photo.rgb.copy()
    filled[mask] = (90, 140, 100)
    return encode(photo, filled, mask, **options)  # type: ignore[arg-type]


def _coefficients(data: bytes, folder: Path) -> list[NDArray[np.int16]]:
    path = folder / "read.jpg"
    path.write_bytes(data)
    jpeglib.version.set("turbo210")
    file = jpeglib.read_dct(str(path))
    return [component for component in (file.Y, file.Cb, file.Cr) if component is not None]


def _kept_outside(before: list[NDArray[np.int16]], after: list[NDArray[np.int16]], mask: NDArray[np.bool_]) -> bool:
    """Compare every block whose MCU the mask does not touch."""
    rows, columns = (before[0].shape[axis] / before[-1].shape[axis] for axis in (0, 1))
    mcu = 8 * round(rows), 8 * round(columns)
    for one, other in zip(before, after, strict=True):
        step = [round(big / own) for big, own in zip(before[0].shape[:2], one.shape[:2], strict=True)]
        for row, column in np.argwhere((one != other).any(axis=(2, 3))):
            top, left = row * 8 * step[0] // mcu[0] * mcu[0], column * 8 * step[1] // mcu[1] * mcu[1]
            if not mask[top : top + mcu[0], left : left + mcu[1]].any():
                return False
    return True


@pytest.mark.parametrize("size", [(96, 64), (83, 61), (17, 130)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_without_a_changed_pixel_keep_their_coefficients(
    kind: str, size: tuple[int, int], tmp_path: Path
) -> None:
    width, height = size
    data = photos.saved(Image.fromarray(photos.textured(width, height)), "JPEG", **{"quality": 88, **KINDS[kind]})
    mask = _mask(height, width)

    result = _removed(data, mask)

    assert _kept_outside(_coefficients(data, tmp_path), _coefficients(result.data, tmp_path), mask)
    assert result.mcus_total is not None
    assert result.mcus_reencoded is not None
    assert 0 < result.mcus_reencoded < result.mcus_total


def test_grey_pictures_are_spliced_too(tmp_path: Path) -> None:
    data = photos.saved(Image.fromarray(photos.textured(83, 61)).convert("L"), "JPEG", quality=85)
    mask = _mask(61, 83)

    result = _removed(data, mask)

    assert photos.opened(result.data).mode == "L"
    assert _kept_outside(_coefficients(data, tmp_path), _coefficients(result.data, tmp_path), mask)


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(9, 120),
    height=st.integers(9, 120),
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 999),
)
def test_any_mask_in_any_size_keeps_the_blocks_it_does_not_touch(
    width: int, height: int, kind: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = photos.saved(Image.fromarray(photos.textured(width, height)), "JPEG", **{"quality": 88, **KINDS[kind]})
    mask = np.random.default_rng(seed).random((height, width)) < 0.01
    mask[height // 2, width // 2] = True
    folder = tmp_path_factory.mktemp("splice")

    result = _removed(data, mask)

    assert _kept_outside(_coefficients(data, folder), _coefficients(result.data, folder), mask)


@pytest.mark.parametrize("kind", KINDS)
def test_the_hole_shows_the_fill(kind: str) -> None:
    data = photos.saved(Image.fromarray(photos.textured(200, 160)), "JPEG", **{"quality": 95, **KINDS[kind]})
    mask = np.zeros((160, 200), bool)
    mask[48:112, 64:144] = True

    picture = np.asarray(photos.opened(_removed(data, mask).data).convert("RGB")).astype(int)

    tolerance = 30 if kind == "low quality" else 8
    assert np.abs(picture[52:108, 68:140] - (90, 140, 100)).max() <= tolerance


@pytest.mark.parametrize("kind", ["4:2:0", "progressive 4:2:0"])
def test_tables_sampling_and_progression_are_the_inputs(kind: str) -> None:
    data = photos.sample_jpeg(**{"quality": 77, **KINDS[kind]})

    before, after = photos.opened(data), photos.opened(_removed(data, photos.object_mask()).data)

    assert after.quantization == before.quantization  # type: ignore[attr-defined]
    assert after.layer == before.layer  # type: ignore[attr-defined]
    assert after.info.get("progressive") == before.info.get("progressive")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_changed_where_it_was_marked(orientation: int) -> None:
    data = photos.sample_jpeg(orientation=orientation, subsampling=0, quality=95)
    result = _removed(data, photos.object_mask())

    shown = np.asarray(ImageOps.exif_transpose(photos.opened(result.data))).astype(int)

    assert photos.opened(result.data).getexif()[photos.ORIENTATION_TAG] == orientation
    assert np.abs(shown[photos.HEIGHT // 2, photos.WIDTH // 2] - (90, 140, 100)).max() < 12
    assert result.mcus_reencoded is not None


def test_what_cannot_be_spliced_is_encoded_again_and_says_so() -> None:
    data = photos.saved(photos.cmyk(), "JPEG")

    result = _removed(data, photos.object_mask())

    assert photos.opened(result.data).mode == "CMYK"
    assert result.mcus_total is None
    assert any("encoded again" in note for note in result.notes)


def test_the_profile_the_comment_and_the_maker_are_kept_byte_for_byte() -> None:
    data = photos.sample_jpeg(icc_profile=photos.srgb_profile(), exif=photos.exif(gps=True), comment=b"by Alice")

    before, after = photos.opened(data), photos.opened(_removed(data, photos.object_mask()).data)

    assert {name: after.info[name] for name in ("icc_profile", "exif", "comment")} == {
        name: before.info[name] for name in ("icc_profile", "exif", "comment")
    }


def test_the_thumbnail_that_shows_the_object_is_gone() -> None:
    thumbnail = photos.saved(Image.fromarray(photos.with_object(32, 24)), "JPEG")
    data = photos.saved(Image.fromarray(photos.with_object()), "JPEG", exif=photos.exif_with_thumbnail(thumbnail))

    result = _removed(data, photos.object_mask(photos.HEIGHT, photos.WIDTH)).data

    assert thumbnail in data
    assert thumbnail[20:] not in result
    assert photos.opened(result).getexif()[photos.ORIENTATION_TAG] == 6


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'exif:GPSLatitude="52,31.2N" dc:source="Alice"><exif:GPSLongitude>13,24E</exif:GPSLongitude>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("wanted", [None, "png", "webp"])
def test_the_place_is_left_out_when_asked_and_nothing_else(wanted: str | None) -> None:
    data = photos.sample_jpeg(exif=photos.exif(gps=True), xmp=XMP, icc_profile=photos.srgb_profile())

    result = _removed(data, photos.object_mask(), output_format=wanted, metadata_policy="strip_gps")

    picture = photos.opened(result.data)
    assert photos.opened(data).getexif().get_ifd(0x8825)
    assert not picture.getexif().get_ifd(0x8825)
    assert picture.getexif()[0x010F] == "Pixelsite"
    assert picture.info["icc_profile"] == photos.srgb_profile()
    assert b"GPS" not in result.data
    assert b"Alice" in result.data


@pytest.mark.parametrize("wanted", [None, "png", "webp"])
def test_everything_but_the_colours_is_stripped_when_asked(wanted: str | None) -> None:
    data = photos.sample_jpeg(
        exif=photos.exif(gps=True), xmp=XMP, icc_profile=photos.srgb_profile(), comment=b"by Alice"
    )

    result = _removed(data, photos.object_mask(), output_format=wanted, metadata_policy="strip")

    picture = photos.opened(result.data)
    assert not dict(picture.getexif())
    assert picture.info["icc_profile"] == photos.srgb_profile()
    assert b"Alice" not in result.data
    assert b"Pixelsite" not in result.data


def test_a_stripped_photo_is_still_displayed_upright() -> None:
    data = photos.sample_jpeg(orientation=6)

    result = photos.opened(_removed(data, photos.object_mask(), metadata_policy="strip").data)

    assert dict(result.getexif()) == {photos.ORIENTATION_TAG: 6}
    assert ImageOps.exif_transpose(result).size == (photos.WIDTH, photos.HEIGHT)


_MUTATE = """
import random, sys
import numpy as np
from inference.codecs.decode import decode
from inference.codecs.encode import encode
from inference.errors import UnreadableImage
data, seen = open(sys.argv[1], "rb").read(), 0
for seed in range(150):
    chance = random.Random(seed)
    broken = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        broken[chance.randrange(2, len(broken))] = chance.randrange(256)
    try:
        photo = decode(bytes(broken))
    except UnreadableImage:
        continue
    mask = np.zeros(photo.rgb.shape[:2], bool)
    mask[:20, :20] = True
    decode(encode(photo, np.where(mask[..., None], 9, photo.rgb).astype(np.uint8), mask).data)
    seen += 1
print(seen)
"""


@pytest.mark.parametrize("kind", ["4:2:0", "progressive 4:2:0"])
def test_broken_files_never_end_the_process(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "whole.jpg"
    path.write_bytes(photos.sample_jpeg(160, 120, **{"quality": 80, **KINDS[kind]}))

    done = subprocess.run([sys.executable, "-c", _MUTATE, str(path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30  # files that are broken, and yet a picture


def test_an_arithmetic_coded_file_keeps_its_coefficients(tmp_path: Path) -> None:
    plain = tmp_path / "plain.jpg"
    plain.write_bytes(photos.sample_jpeg(subsampling=2))
    jpeglib.version.set("turbo210")
    jpeglib.read_dct(str(plain)).write_dct(str(tmp_path / "arithmetic.jpg"), flags=["+ARITH_CODE"])
    data = (tmp_path / "arithmetic.jpg").read_bytes()
    assert b"\xff\xc9" in data  # sequential, arithmetic

    result = _removed(data, photos.object_mask())

    assert _kept_outside(_coefficients(data, tmp_path), _coefficients(result.data, tmp_path), photos.object_mask())


def test_a_file_with_two_pictures_is_encoded_anew() -> None:
    buffer = io.BytesIO()
    frames = [Image.fromarray(photos.with_object()), Image.fromarray(photos.textured())]
    frames[0].save(buffer, "MPO", save_all=True, append_images=frames[1:])

    result = _removed(buffer.getvalue(), photos.object_mask())

    assert photos.opened(result.data).format == "JPEG"
    assert result.mcus_total is None
