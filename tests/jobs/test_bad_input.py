"""What bad input gets: status, code and the parameter at fault; no job, no file, no credit spent, never a 500."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import encoded, mask, photo, upload

URL = "/v1/image/remove-object"

Case = tuple[Callable[[], dict[str, Any]], int, str, str | None]


def _with_image(data: bytes) -> Callable[[], dict[str, Any]]:
    return lambda: {"image": upload(data), "mask": upload(mask())}


def _with_mask(data: bytes) -> Callable[[], dict[str, Any]]:
    return lambda: {"image": upload(photo()), "mask": upload(data)}


def _with(**fields: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"image": upload(photo()), "mask": upload(mask()), **fields}


def _with_target(**fields: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"image": upload(photo()), **fields}


def _png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""
    data = bytearray(photo()[:33])
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data) + (1_000).to_bytes(4, "big") + b"IDAT"


def _frames(kind: str) -> bytes:
    one, two = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (64, 48), "blue")
    return encoded(one, kind, save_all=True, append_images=[two])


JPEG = photo("JPEG", size=(320, 240))
BROKEN_CRC = bytearray(photo())
BROKEN_CRC[-20] ^= 0xFF  # the last bytes of IDAT are its checksum

CASES: dict[str, Case] = {
    # the picture
    "no image": (lambda: {"mask": upload(mask())}, 400, "image_required", "image"),
    "image and image_url": (_with(image_url="https://example.com/a.png"), 400, "image_ambiguous", "image"),
    "image as text": (lambda: {"image": "hello", "mask": upload(mask())}, 422, "invalid_parameter", "image"),
    "empty file": (_with_image(b""), 400, "invalid_image", "image"),
    "random bytes": (_with_image(bytes(range(256)) * 10), 400, "invalid_image", "image"),
    "first bytes of a JPEG": (_with_image(JPEG[:20]), 400, "invalid_image", "image"),
    "JPEG cut in half": (_with_image(JPEG[: len(JPEG) // 2]), 400, "truncated_image", "image"),
    "PNG cut short": (_with_image(photo()[:200]), 400, "truncated_image", "image"),
    "WebP cut short": (_with_image(photo("WEBP")[:60]), 400, "truncated_image", "image"),
    "PNG with a broken checksum": (_with_image(bytes(BROKEN_CRC)), 400, "invalid_image", "image"),
    "PNG bomb": (_with_image(_png_header(65_500, 65_500)), 413, "image_too_large", "image"),
    "PNG half a bomb": (_with_image(_png_header(12_000, 12_000)), 413, "image_too_large", "image"),
    "over 50 megapixels": (_with_image(_png_header(9_400, 9_400)), 413, "image_too_large", "image"),
    "a single pixel": (_with_image(photo(size=(1, 1))), 422, "image_too_small", "image"),
    "a strip": (_with_image(photo(size=(60_000, 10))), 422, "image_too_small", "image"),
    "GIF": (_with_image(photo("GIF")), 400, "unsupported_format", "image"),
    "ICO": (_with_image(photo("ICO")), 400, "unsupported_format", "image"),
    "JPEG 2000": (_with_image(photo("JPEG2000")), 400, "unsupported_format", "image"),
    "EPS": (_with_image(b"%!PS-Adobe-3.0 EPSF-3.0\n"), 400, "unsupported_format", "image"),
    "SVG": (_with_image(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 400, "unsupported_format", "image"),
    "PDF": (_with_image(b"%PDF-1.7\n"), 400, "unsupported_format", "image"),
    "HTML": (_with_image(b"<!doctype html><p>x"), 400, "unsupported_format", "image"),
    "ZIP": (_with_image(b"PK\x03\x04" + b"\0" * 100), 400, "unsupported_format", "image"),
    "animated PNG": (_with_image(_frames("PNG")), 400, "animated_not_supported", "image"),
    "animated WebP": (_with_image(_frames("WEBP")), 400, "animated_not_supported", "image"),
    "TIFF of two pages": (_with_image(_frames("TIFF")), 400, "multi_page_not_supported", "image"),
    "over the size limit": (_with_image(b"\0" * (settings.UPLOAD_BYTES_MAX + 1)), 413, "file_too_large", "image"),
    # what to remove
    "no target": (_with_target(), 422, "target_required", "mask"),
    "mask of another size": (_with_mask(mask(size=(63, 48))), 422, "mask_size_mismatch", "mask"),
    "black mask": (_with_mask(mask(box=None)), 422, "mask_empty", "mask"),
    "white mask": (_with_mask(encoded(Image.new("L", (64, 48), 255))), 422, "mask_covers_image", "mask"),
    "mask that is no picture": (_with_mask(b"mask"), 400, "invalid_image", "mask"),
    "empty mask file": (_with_mask(b""), 400, "invalid_image", "mask"),
    "truncated mask": (_with_mask(photo(mode="L")[:200]), 400, "truncated_image", "mask"),
    "mask and mask_url": (_with(mask_url="https://example.com/m.png"), 400, "mask_ambiguous", "mask"),
    "box outside the image": (_with_target(bbox="60,40,10,10"), 422, "box_out_of_bounds", "bbox"),
    "box before the image": (_with_target(bbox="-1,0,10,10"), 422, "box_out_of_bounds", "bbox"),
    "box without width": (_with_target(bbox="1,1,0,5"), 422, "box_invalid", "bbox"),
    "box of NaN": (_with_target(bbox="[NaN,1,2,3]"), 422, "box_invalid", "bbox"),
    "box of infinity": (_with_target(bbox="[1e999,1,2,3]"), 422, "box_invalid", "bbox"),
    "box of words": (_with_target(bbox="left"), 422, "box_invalid", "bbox"),
    "empty box": (_with_target(bbox=""), 422, "target_required", "mask"),
    "rectangles that are not JSON": (_with_target(rectangles="1,2,3,4"), 400, "json_invalid", "rectangles"),
    "no rectangles at all": (_with_target(rectangles="[]"), 422, "box_invalid", "rectangles"),
    "51 rectangles": (
        _with_target(rectangles=json.dumps([{"x": 1, "y": 1, "width": 2, "height": 2}] * 51)),
        422,
        "too_many_rectangles",
        "rectangles",
    ),
    # options
    "unknown format": (_with(output_format="bmp"), 422, "invalid_parameter", "output_format"),
    "quality 0": (_with(quality="0"), 422, "invalid_parameter", "quality"),
    "quality 101": (_with(quality="101"), 422, "invalid_parameter", "quality"),
    "quality of words": (_with(quality="high"), 422, "invalid_parameter", "quality"),
    "quality and a half": (_with(quality="80.5"), 422, "invalid_parameter", "quality"),
    "grow of words": (_with(grow="a lot"), 422, "grow_invalid", "grow"),
    "grow without end": (_with(grow="99999"), 422, "grow_invalid", "grow"),
    "grow below nothing": (_with(grow="-3"), 422, "grow_invalid", "grow"),
    "grow by half a pixel": (_with(grow="1.5px"), 422, "grow_invalid", "grow"),
    "grow over a hundred percent": (_with(grow="101%"), 422, "grow_invalid", "grow"),
    "feather without grow": (_with(feather="3"), 422, "feather_invalid", "feather"),
    "feather below nothing": (_with(grow="5", feather="-1"), 422, "invalid_parameter", "feather"),
    "feather without end": (_with(grow="5", feather="501"), 422, "invalid_parameter", "feather"),
    "feather of words": (_with(grow="5", feather="soft"), 422, "invalid_parameter", "feather"),
    "unknown mode": (_with(mode="best"), 422, "invalid_parameter", "mode"),
    "unknown policy": (_with(metadata_policy="burn"), 422, "invalid_parameter", "metadata_policy"),
    "misspelt parameter": (_with(output_fromat="png"), 422, "unknown_parameter", "output_fromat"),
    "WebP too wide": (
        lambda: {"image": upload(photo(size=(16_400, 16))), "bbox": "1,1,5,5", "output_format": "webp"},
        422,
        "invalid_parameter",
        "output_format",
    ),
    # addresses
    "file address": (
        lambda: {"image_url": "file:///etc/passwd", "bbox": "1,1,5,5"},
        422,
        "url_scheme_not_allowed",
        "image_url",
    ),
    "loopback": (
        lambda: {"image_url": "http://127.0.0.1/x.png", "bbox": "1,1,5,5"},
        422,
        "url_not_allowed",
        "image_url",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_is_refused(case: Case, cast: Cast, alice_api: APIClient, images: Path) -> None:
    fields, status, code, param = case

    answer = alice_api.post(URL, fields())

    body = answer.json()
    assert (answer.status_code, body["code"], body["param"]) == (status, code, param), body["detail"]
    assert body["request_id"] == answer["X-Request-Id"]
    assert body["detail"]
    assert (Job.objects.count(), cast.credits(), images.exists()) == (0, (500, 0), False)


def test_a_misspelt_parameter_is_answered_with_the_nearest_name(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, _with(rectangels="[]")())

    assert "Did you mean `rectangles`?" in answer.json()["detail"]


def test_a_field_sent_twice_is_refused(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, {"image": upload(photo()), "bbox": ["1,1,5,5", "2,2,5,5"]})

    assert (answer.status_code, answer.json()["code"]) == (400, "duplicate_field")


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"bbox": NaN}', '{"a":1,"a":2}', "[" * 10_000, "\xff"])
def test_a_body_that_is_not_a_json_object_is_refused(alice_api: APIClient, body: str) -> None:
    answer = alice_api.post(URL, body.encode("latin-1"), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "json_invalid")


def test_a_wrong_content_type_is_refused(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, b"{}", content_type="text/plain")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_multipart_body_without_boundary_is_refused(alice_api: APIClient) -> None:
    answer = alice_api.post(URL, b"x", content_type="multipart/form-data")

    assert (answer.status_code, answer.json()["code"]) == (400, "multipart_invalid")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_another_method_is_refused(alice_api: APIClient, method: str) -> None:
    answer = getattr(alice_api, method)(URL)

    assert (answer.status_code, answer.json()["code"], "POST" in answer["Allow"]) == (405, "method_not_allowed", True)


ODD_BUT_FINE: dict[str, Callable[[], dict[str, Any]]] = {
    "JPEG": _with_image(photo("JPEG")),
    "WebP": _with_image(photo("WEBP")),
    "BMP": _with_image(photo("BMP")),
    "TIFF": _with_image(photo("TIFF")),
    "CMYK JPEG": _with_image(photo("JPEG", mode="CMYK")),
    "grey": _with_image(photo(mode="L")),
    "palette": _with_image(photo(mode="P")),
    "one bit": _with_image(photo(mode="1")),
    "grey with alpha": _with_image(photo(mode="LA")),
    "transparent": _with_image(photo(mode="RGBA")),
    "16-bit grey": _with_image(photo(mode="I;16")),
    "PNG called JPEG": lambda: {"image": SimpleUploadedFile("x.jpg", photo(), "image/jpeg"), "mask": upload(mask())},
    "odd file name": lambda: {"image": upload(photo(), "../../etc/passwd\u202e\n.png"), "mask": upload(mask())},
    "JPEG mask": _with_mask(encoded(Image.open(io.BytesIO(mask())), "JPEG")),
    "two-frame camera JPEG": _with_image(_frames("MPO")),
    "tail after the picture": _with_image(photo() + b"<script>alert(1)</script>"),
}


@pytest.mark.parametrize("fields", ODD_BUT_FINE.values(), ids=ODD_BUT_FINE.keys())
def test_is_odd_but_accepted(fields: Callable[[], dict[str, Any]], alice_api: APIClient) -> None:
    answer = alice_api.post(URL, fields())

    assert answer.status_code == 202, answer.content


def test_a_turned_photo_is_measured_as_it_is_displayed(alice_api: APIClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photo("JPEG", size=(48, 64), exif=exif)

    answer = alice_api.post(URL, {"image": upload(turned), "mask": upload(mask(size=(64, 48)))})

    assert (answer.status_code, Job.objects.get().width, Job.objects.get().height) == (202, 64, 48)
