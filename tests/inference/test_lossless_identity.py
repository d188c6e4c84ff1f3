"""Lossless in: every sample outside the mask comes back as it was, in every mode and depth; what travels along is kept."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from inference.codecs.decode import decode
from inference.codecs.encode import encode
from inference.codecs.photo import Photo
from inference.engines.base import Image as Pixels
from inference.engines.base import Mask
from inference.errors import UnreadableImage
from tests import photos


def _wall(mode: str) -> Image.Image:
    return Image.fromarray(photos.with_object()).convert(mode)


FILES: dict[str, Callable[[], bytes]] = {
    "grey": lambda: photos.saved(_wall("L"), "PNG"),
    "one bit": lambda: photos.saved(_wall("1"), "PNG"),
    "grey with alpha": lambda: photos.saved(_wall("LA"), "PNG"),
    "palette": lambda: photos.saved(photos.palette(), "PNG"),
    "see-through palette": lambda: photos.saved(photos.palette(transparent=True), "PNG"),
    "RGB": lambda: photos.saved(_wall("RGB"), "PNG"),
    "RGBA": lambda: photos.saved(photos.with_alpha(), "PNG"),
    "16-bit grey": lambda: photos.deep_png(1),
    "16-bit grey with alpha": lambda: photos.deep_png(2),
    "16-bit RGB": lambda: photos.deep_png(3),
    "16-bit RGBA": lambda: photos.deep_png(4),
    "BMP": lambda: photos.saved(_wall("RGB"), "BMP"),
    "TIFF": lambda: photos.saved(_wall("RGB"), "TIFF", compression="tiff_adobe_deflate"),
    "CMYK TIFF": lambda: photos.saved(photos.cmyk(), "TIFF"),
    "16-bit TIFF": lambda: photos.deep_tiff(3),
    "lossless WebP": lambda: photos.saved(_wall("RGB"), "WEBP", lossless=True),
    "lossless WebP with alpha": lambda: photos.saved(photos.with_alpha(), "WEBP", lossless=True, exact=True),
    "turned PNG": lambda: photos.saved(_wall("RGB"), "PNG", exif=photos.exif(orientation=6)),
    "PNG with a profile": lambda: photos.saved(_wall("RGB"), "PNG", icc_profile=photos.srgb_profile()),
}


def _independent(data: bytes) -> np.ndarray:
    """The samples as another reader than the product's sees them."""
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return np.asarray(tifffile.imread(io.BytesIO(data)))
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if deep is not None and deep.dtype == np.uint16:
        return deep
    picture = photos.opened(data)
    return np.asarray(picture.convert("RGBA") if picture.mode == "P" else picture)


def _filled(photo: Photo, mask: Mask) -> Pixels:
    filled = photo.rgb.copy()
    filled[mask] = np.random.default_rng(2).integers(0, 256, (int(mask.sum()), 3))
    return filled


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_every_sample_outside_the_mask_is_identical(make: Callable[[], bytes]) -> None:
    data = make()
    photo = decode(data)
    mask = np.zeros(photo.rgb.shape[:2], bool)
    mask[20:40, 30:50] = True

    result = encode(photo, _filled(photo, mask), mask)

    again = decode(result.data)
    assert (result.is_lossless, result.format, again.size) == (True, photo.format, photo.size)
    if again.layout == photo.layout:
        assert np.array_equal(again.native[~mask], photo.native[~mask])
    assert np.array_equal(again.rgb[~mask], photo.rgb[~mask])
    if photo.alpha is not None:
        assert again.alpha is not None
        assert np.array_equal(again.alpha[~mask], photo.alpha[~mask])


@pytest.mark.parametrize("name", [name for name in FILES if name != "turned PNG"])
def test_another_reader_sees_the_same(name: str) -> None:
    data = FILES[name]()
    photo = decode(data)
    mask = photos.object_mask()

    before, after = _independent(data), _independent(encode(photo, _filled(photo, mask), mask).data)

    if before.shape == after.shape:  # a palette may have been widened, which the receipt says
        assert np.array_equal(before[~mask], after[~mask])
    else:
        assert name.endswith("palette")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_mask_in_any_mode_leaves_the_rest_alone(data: st.DataObject) -> None:
    photo = decode(FILES[data.draw(st.sampled_from(sorted(FILES)))]())
    random = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    mask = random.random(photo.rgb.shape[:2]) < data.draw(st.sampled_from([0.001, 0.1, 0.6]))
    mask[0, 0] = True

    again = decode(encode(photo, _filled(photo, mask), mask).data)

    assert np.array_equal(again.rgb[~mask], photo.rgb[~mask])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_back_as_it_is_displayed(orientation: int) -> None:
    photo = decode(photos.sample_jpeg(orientation=orientation))
    nothing = np.zeros(photo.rgb.shape[:2], bool)

    result = ImageOps.exif_transpose(photos.opened(encode(photo, photo.rgb, nothing).data))

    assert result.size == (photos.WIDTH, photos.HEIGHT)
    difference = np.asarray(result.convert("RGB")).astype(int) - photos.with_object()
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_upright_in_another_format(orientation: int) -> None:
    photo = decode(photos.sample_jpeg(orientation=orientation))
    nothing = np.zeros(photo.rgb.shape[:2], bool)

    result = photos.opened(encode(photo, photo.rgb, nothing, output_format="png").data)

    assert result.size == (photos.WIDTH, photos.HEIGHT)
    assert result.getexif().get(photos.ORIENTATION_TAG, 1) == 1
    difference = np.asarray(result.convert("RGB")).astype(int) - photos.with_object()
    assert np.abs(difference).mean() < 6


def test_a_jpeg_keeps_its_tables_sampling_profile_and_exif() -> None:
    data = photos.sample_jpeg(
        quality=77, subsampling=1, progressive=True, icc_profile=photos.srgb_profile(), exif=photos.exif(gps=True)
    )
    photo = decode(data)

    before, after = photos.opened(data), photos.opened(encode(photo, photo.rgb, photos.object_mask()).data)

    assert after.quantization == before.quantization  # type: ignore[attr-defined]
    assert [layer[1:3] for layer in after.layer] == [layer[1:3] for layer in before.layer]  # type: ignore[attr-defined]
    assert after.info["icc_profile"] == before.info["icc_profile"]
    assert after.getexif()[0x010F] == "Pixelsite"
    assert after.info.get("progressive") == before.info.get("progressive")


def test_png_text_is_kept() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "Alice")
    photo = decode(photos.saved(_wall("RGB"), "PNG", pnginfo=notes))

    assert photos.opened(encode(photo, photo.rgb, photos.object_mask()).data).info["Author"] == "Alice"


def test_a_removed_object_does_not_live_on_as_a_silhouette_in_the_alpha() -> None:
    photo = decode(photos.saved(photos.with_alpha(), "PNG"))
    mask = photos.object_mask()

    alpha = np.asarray(photos.opened(encode(photo, _filled(photo, mask), mask).data))[..., 3]

    assert photo.alpha is not None
    assert photo.alpha[mask].min() == 255
    assert alpha[mask].mean() < 180  # as see-through as around it


@pytest.mark.parametrize(("wanted", "kind"), [("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
@pytest.mark.parametrize("name", ["RGB", "RGBA", "16-bit RGB", "CMYK TIFF", "palette", "one bit"])
def test_any_input_can_be_had_in_any_output_format(name: str, wanted: str, kind: str) -> None:
    photo = decode(FILES[name]())

    result = encode(photo, photo.rgb, photos.object_mask(), output_format=wanted)

    picture = photos.opened(result.data)
    assert (picture.format, picture.size, result.content_type) == (kind, photo.size, f"image/{wanted}")


@pytest.mark.parametrize(
    "data", [b"", b"x" * 500, photos.sample_jpeg()[:60], photos.saved(_wall("RGB"), "GIF")], ids=str
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        decode(data)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnreadableImage):
        decode(photos.saved(_wall("L"), "PNG"), max_pixels=100)
