"""Odd pictures that are accepted: what comes out keeps what was promised."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from inference import pipeline
from inference.engines.exemplar import ExemplarEngine
from inference.pipeline import RemovalRequest, RemovalResult
from inference.safety import NoFilter
from jobs.targets import Box
from tests import photos
from tests.hostile import pictures

BOX = Box(40, 24, 12, 10)


def _removed(data: bytes, box: Box = BOX, **options: str) -> RemovalResult:
    return _run(RemovalRequest(image=data, boxes=(box,), **options))  # type: ignore[arg-type]


def _run(request: RemovalRequest) -> RemovalResult:
    return pipeline.run(
        request, engines=(ExemplarEngine(),), safety=NoFilter(), on_progress=lambda stage, percent: None
    )


def _outside(picture: Image.Image, box: Box = BOX) -> np.ndarray:
    """Every sample that is not in the box."""
    samples = np.array(picture)
    samples[box.y : box.y + box.height, box.x : box.x + box.width] = 0
    return samples


def test_a_two_frame_jpeg_gives_its_first_frame_as_a_jpeg() -> None:
    result = photos.opened(_removed(photos.LOSSY["MPO"]()).data)

    assert (result.format, getattr(result, "n_frames", 1), result.size) == ("JPEG", 1, (96, 64))
    difference = np.asarray(result.convert("RGB")).astype(int) - photos.with_object()
    assert np.abs(_outside(Image.fromarray(np.abs(difference).astype(np.uint8)))).mean() < 10


def test_a_cmyk_jpeg_with_inverted_inks_is_no_negative() -> None:
    result = _removed(pictures.cmyk_jpeg(inverted=True))

    assert np.asarray(photos.opened(result.data).convert("RGB")).mean() > 150


@pytest.mark.parametrize("inverted", [False, True])
def test_a_cmyk_jpeg_comes_back_as_it_looked(inverted: bool) -> None:
    data = pictures.cmyk_jpeg(inverted=inverted)

    before, after = (np.asarray(photos.opened(jpeg).convert("RGB")).astype(int) for jpeg in (data, _removed(data).data))

    assert np.abs(before - after).mean() < 12


def test_a_cmyk_jpeg_stays_in_four_inks_or_the_receipt_says_otherwise() -> None:
    result = _removed(photos.LOSSY["CMYK JPEG"]())

    assert photos.opened(result.data).mode == "CMYK" or "RGB" in str(result.receipt)


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_stay_16_bits(channels: int) -> None:
    data = photos.deep_png(channels)
    result = _removed(data)

    before, after = (cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) for png in (data, result.data))
    assert after is not None
    assert (after.dtype, after.shape) == (np.uint16, before.shape)  # type: ignore[union-attr]
    assert np.array_equal(_outside_of(before), _outside_of(after))


def _outside_of(samples: np.ndarray | None) -> np.ndarray:
    assert samples is not None
    kept = samples.copy()
    kept[BOX.y : BOX.y + BOX.height, BOX.x : BOX.x + BOX.width] = 0
    return kept


@pytest.mark.parametrize(
    "kind",
    [
        "palette PNG",
        "palette PNG with transparency",
        "grey PNG with alpha",
        "1-bit PNG",
        "RGBA PNG",
        "RGB PNG with a transparent colour",
    ],
)
def test_colours_and_alpha_outside_the_mask_are_the_same(kind: str) -> None:
    data = photos.LOSSLESS[kind]()

    before, after = (photos.opened(png).convert("RGBA") for png in (data, _removed(data).data))

    assert np.array_equal(_outside(before), _outside(after))


def test_a_grey_jpeg_stays_grey() -> None:
    assert photos.opened(_removed(photos.LOSSY["grey JPEG"]()).data).mode == "L"


def test_the_alpha_of_a_fully_transparent_picture_is_returned_unchanged() -> None:
    picture = Image.fromarray(photos.with_object())
    picture.putalpha(0)

    after = photos.opened(_removed(photos.saved(picture, "PNG")).data)

    assert after.mode == "RGBA"
    assert not np.asarray(after)[..., 3].any()


@pytest.mark.parametrize("orientation", [*range(2, 9), 99])
def test_a_turned_photo_is_worked_on_as_it_is_displayed(orientation: int) -> None:
    request = RemovalRequest(image=photos.sample_jpeg(orientation=orientation), mask_png=photos.sample_mask())
    result = _run(request)

    shown = np.asarray(ImageOps.exif_transpose(photos.opened(result.data)).convert("RGB")).astype(int)
    assert shown.shape == (64, 96, 3)
    assert (shown[..., 0] - shown[..., 1]).max() < 130  # nothing of the red object is left


def test_broken_exif_is_ignored() -> None:
    result = _removed(photos.sample_jpeg(exif=b"Exif\0\0" + b"junk" * 30))

    assert photos.opened(result.data).size == (96, 64)


@pytest.mark.parametrize(("policy", "is_kept"), [("keep", True), ("strip_gps", False)])
def test_the_place_stays_or_goes_as_asked(policy: str, is_kept: bool) -> None:
    result = _removed(photos.sample_jpeg(exif=photos.exif(gps=True)), metadata_policy=policy)

    tags = photos.opened(result.data).getexif()
    assert (bool(tags.get_ifd(0x8825)), tags[0x010F]) == (is_kept, "Pixelsite")


def test_a_colour_profile_is_kept() -> None:
    profile = photos.srgb_profile()

    assert photos.opened(_removed(photos.sample_jpeg(icc_profile=profile)).data).info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_junk_for_a_profile_is_dropped(kind: str) -> None:
    data = photos.saved(Image.fromarray(photos.with_object()), kind, icc_profile=b"junk" * 50)

    assert "icc_profile" not in photos.opened(_removed(data).data).info


@pytest.mark.parametrize(
    ("make", "tail"),
    [
        (photos.sample_jpeg, pictures.zip_bomb_like()),
        (lambda: photos.LOSSLESS["RGB PNG"](), b"<script>alert(1)</script>"),
        (lambda: photos.LOSSLESS["lossless WebP"](), b"<script>alert(1)</script>"),
    ],
    ids=["JPEG and ZIP", "PNG and script", "WebP and script"],
)
def test_what_hung_behind_the_picture_is_gone(make: Callable[[], bytes], tail: bytes) -> None:
    result = _removed(make() + tail)

    assert tail[:20] not in result.data
    assert result.content_type in ("image/jpeg", "image/png", "image/webp")
