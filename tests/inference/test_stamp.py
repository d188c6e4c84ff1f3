"""Results of test keys: TEST all over the picture, in every format, and receipts that say so and hold."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.engines.exemplar import ExemplarEngine
from inference.pipeline import RemovalRequest, RemovalResult, run
from inference.safety import NoFilter
from inference.stamp import stamp
from inference.verification import verify
from tests import photos

KINDS = ["JPEG", "PNG", "WEBP", "TIFF", "BMP"]


@functools.cache
def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photos.with_object()).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@functools.cache
def removed(image: bytes, **options: object) -> RemovalResult:
    request = RemovalRequest(image=image, mask_png=photos.sample_mask(), **options)  # type: ignore[arg-type]
    return run(request, engines=[ExemplarEngine()], safety=NoFilter(), on_progress=lambda *_: None)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


@pytest.mark.parametrize("ground", [0, 90, 128, 200, 255])
def test_the_word_stands_out_from_any_ground(ground: int) -> None:
    image = np.full((200, 300, 3), ground, np.uint8)

    stamp(image)

    assert np.abs(image.astype(int) - ground).max() > 70
    assert 0.05 < (image != ground).any(axis=2).mean() < 0.5


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_picture_of_any_size_is_stamped_in_its_middle(height: int, width: int) -> None:
    image = np.full((height, width, 3), 90, np.uint8)

    stamp(image)

    middle = image[height // 3 : -(-2 * height // 3), width // 3 : -(-2 * width // 3)]
    assert (middle != 90).any()


def test_no_part_of_a_picture_large_enough_to_use_is_without_the_word() -> None:
    image = np.full((900, 1600, 3), 90, np.uint8)

    stamp(image)

    marked = (image != 90).any(axis=2)
    tiles = [marked[y : y + 300, x : x + 400] for y in range(0, 900, 300) for x in range(0, 1600, 400)]
    assert all(tile.any() for tile in tiles)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stamped_result_differs_far_from_the_hole(kind: str) -> None:
    image = encoded(kind)
    result = removed(image, is_stamped=True)

    plain = removed(image)
    difference = np.abs(pixels(result.data) - pixels(plain.data))
    assert difference.max() > 60
    assert (difference.max(axis=2) > 20).any(axis=1).mean() > 0.5  # rows that show it


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "CMYK"])
def test_every_kind_of_picture_is_stamped(mode: str) -> None:
    image = encoded("TIFF" if mode == "CMYK" else "PNG", mode)

    result = removed(image, is_stamped=True)

    assert np.abs(pixels(result.data) - pixels(removed(image).data)).max() > 60


@pytest.mark.parametrize("kind", KINDS)
def test_the_receipt_of_a_stamped_result_holds(kind: str) -> None:
    image = encoded(kind)
    result = removed(image, is_stamped=True)

    checks = verify(result.receipt, image=image, output=result.data, mask=photos.sample_mask())

    assert [check for check in checks if check.holds is False] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_receipt_promises_nothing_of_what_the_stamp_covers(kind: str) -> None:
    receipt = removed(encoded(kind), is_stamped=True).receipt

    assert receipt["parameters"]["stamped"] is True
    assert receipt["lossless"] is False
    assert receipt["mcus_total"] is None
    assert receipt["largest_difference_outside"] > 60
    assert receipt["pixels_changed"] > receipt["mask_pixels"]
    assert any("test key" in note for note in receipt["notes"])


def test_a_receipt_that_hides_the_stamp_does_not_hold() -> None:
    image = encoded("PNG")
    result = removed(image, is_stamped=True)
    told = {**result.receipt, "parameters": {**result.receipt["parameters"], "stamped": False}}

    checks = verify(told, image=image, output=result.data, mask=photos.sample_mask())

    assert [check.name for check in checks if check.holds is False] == ["pixels_changed"]


def test_the_small_picture_of_a_stamped_result_is_stamped_too() -> None:
    stamped, plain = removed(encoded("JPEG"), is_stamped=True), removed(encoded("JPEG"))

    assert np.abs(pixels(stamped.output_preview) - pixels(plain.output_preview)).max() > 60
    assert stamped.input_preview == plain.input_preview


def test_a_result_that_is_not_stamped_says_nothing_of_it() -> None:
    assert "stamped" not in removed(encoded("JPEG")).receipt["parameters"]
