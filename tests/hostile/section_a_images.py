"""A. The source image file."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.test.client import encode_multipart

from tests.hostile import pictures
from tests.hostile.cases import SUBMIT, Case, Send, Stage, accepted, form, refused, with_image, with_mask
from tests.jobs.conftest import SIZE, mask, photo, upload
from tests.photos import deep_png, exif, srgb_profile

_JPEG = partial(photo, "JPEG")


def _bad(title: str, data: bytes, status: int, code: str) -> Case:
    return refused(title, with_image(lambda: data), status, code, "image")


def _of_upload_limit() -> bytes:
    """A JPEG of exactly the size that is allowed: what follows a picture's end belongs to no picture."""
    return photo("JPEG").ljust(settings.UPLOAD_BYTES_MAX, b"\0")


def _two_image_parts(stage: Stage) -> object:
    body = encode_multipart("x", {"image": [upload(photo()), upload(photo())], "bbox": "2,2,9,9"})
    return stage.api.post(SUBMIT, body, content_type="multipart/form-data; boundary=x")


def _turned(orientation: int) -> Send:
    width, height = SIZE
    displayed = (height, width) if orientation >= 5 else (width, height)
    return with_mask(
        lambda: mask(size=displayed, box=(4, 4, 20, 20)), picture=lambda: pictures.jpeg_turned(orientation)
    )


_UNREADABLE = [
    _bad("A03 0 bytes", b"", 400, "invalid_image"),
    _bad("A04 2,560 random bytes", bytes(range(256)) * 10, 400, "invalid_image"),
    _bad("A05 first 20 bytes of a JPEG", pictures.jpeg()[:20], 400, "invalid_image"),
    _bad("A06 JPEG cut in half", pictures.jpeg()[: len(pictures.jpeg()) // 2], 400, "truncated_image"),
    _bad("A07 PNG cut at 200 bytes", photo()[:200], 400, "truncated_image"),
    _bad("A08 WebP cut at 60 bytes", photo("WEBP")[:60], 400, "truncated_image"),
    _bad("A16 compressed text that unpacks to 50 MB", pictures.png_with_text_bomb(), 400, "invalid_image"),
    _bad("A16 the same behind the pixels", pictures.png_with_late_text_bomb(), 400, "invalid_image"),
    _bad("A17 profile that unpacks to 50 MB", pictures.png_with_profile_bomb(), 400, "invalid_image"),
    _bad("A18 PNG without width", pictures.png_of(pictures.header(0, 64), pictures.END), 400, "invalid_image"),
    _bad("A55 wrong checksum of the pixels", pictures.png_with_wrong_checksum(), 400, "invalid_image"),
    _bad(
        "A56 two headers",
        pictures.png_of(pictures.header(), pictures.header(32, 32), pictures.pixels(), pictures.END),
        400,
        "invalid_image",
    ),
    _bad(
        "A56 the end first",
        pictures.png_of(pictures.END, pictures.header(), pictures.pixels(), pictures.END),
        400,
        "invalid_image",
    ),
    _bad("A25 TIFF of two pages", pictures.two_page_tiff(), 400, "multi_page_not_supported"),
    _bad("A25 TIFF that goes in circles", pictures.tiff_whose_directory_follows_itself(), 400, "invalid_image"),
    _bad("A36 animated PNG", pictures.animated_png(), 400, "animated_not_supported"),
    _bad("A37 animated WebP", pictures.animated_webp(), 400, "animated_not_supported"),
]

_SIZES = [
    _bad("A15 a million empty chunks", pictures.png_of_a_million_chunks(), 422, "image_too_complex"),
    _bad("A09 PNG header of 65500×65500", pictures.png_header_only(65_500, 65_500), 413, "image_too_large"),
    _bad("A10 PNG header of 12000×12000", pictures.png_header_only(12_000, 12_000), 413, "image_too_large"),
    _bad("A11 PNG header of 9400×9400", pictures.png_header_only(9_400, 9_400), 413, "image_too_large"),
    _bad("A12 JPEG header of 65535×65535", pictures.jpeg_that_claims(65_535, 65_535), 413, "image_too_large"),
    _bad("A13 a strip of 60000×10", photo(size=(60_000, 10)), 422, "image_too_small"),
    _bad("A19 a single pixel", photo(size=(1, 1)), 422, "image_too_small"),
    _bad("A20 15×4000", photo(size=(15, 4_000)), 422, "image_too_small"),
    accepted("A14 4096×4096 of zeros", with_image(lambda: pictures.flat("RGB", 0, (4096, 4096)))),
    accepted("A15 64×64 with 300 MB of pixels behind them", with_image(pictures.png_with_endless_pixels)),
    accepted("A21 exactly the upload limit", with_image(_of_upload_limit)),
    refused(
        "A22 the upload limit and a byte",
        with_image(lambda: bytes(settings.UPLOAD_BYTES_MAX + 1)),
        413,
        "file_too_large",
        "image",
    ),
]

_FORMATS = [
    _bad("A23 GIF", photo("GIF"), 400, "unsupported_format"),
    *(
        _bad(f"A26 {name}", pictures.DANGEROUS[name], 400, "unsupported_format")
        for name in ("ICO", "PSD", "FITS", "DDS", "JPEG 2000", "J2K stream", "QOI")
    ),
    _bad("A26 a whole JPEG 2000", photo("JPEG2000"), 400, "unsupported_format"),
    _bad("A26 a whole ICO", photo("ICO"), 400, "unsupported_format"),
    _bad("A27 HEIC", pictures.high_definition_image_container(), 400, "unsupported_format"),
    _bad("A28 EPS", pictures.DANGEROUS["EPS"], 400, "unsupported_format"),
    _bad("A29 SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "unsupported_format"),
    _bad("A29 SVG with an external entity", pictures.SVG_THAT_FETCHES, 400, "unsupported_format"),
    _bad("A30 PDF", pictures.DANGEROUS["PDF"], 400, "unsupported_format"),
    _bad("A31 HTML named x.png", b"<!doctype html><p>x", 400, "unsupported_format"),
    _bad("A32 ZIP", b"PK\x03\x04" + bytes(100), 400, "unsupported_format"),
    _bad("A32 ZIP that unpacks to 5 MB", pictures.zip_bomb_like(), 400, "unsupported_format"),
    *(
        _bad(f"A59 {name} whose parser has had holes", data, 400, "unsupported_format")
        for name, data in pictures.DANGEROUS.items()
    ),
]

_NAMES = {
    "path": "../../etc/passwd",
    "NUL": "a\0b.png",
    "4,000 characters": "x" * 4_000 + ".png",
    "right to left": "a\u202egnp.exe",
    "emoji": "🦆.png",
    "line break": "a\r\nX-Evil: 1.png",
    "none": "photo",
}

_ODD_BUT_FINE = [
    accepted("A24 TIFF of one page", with_image(lambda: photo("TIFF"))),
    accepted("A24 BMP", with_image(lambda: photo("BMP"))),
    accepted("A24 WebP", with_image(lambda: photo("WEBP"))),
    accepted("A24 JPEG", with_image(_JPEG)),
    accepted("A27 AVIF", with_image(lambda: photo("AVIF"))),
    accepted("A33 PNG that is called JPEG", with_image(photo, name="x.jpg", kind="image/jpeg")),
    accepted("A34 JPEG without a type", with_image(_JPEG, name="x", kind="application/octet-stream")),
    accepted("A35 two-frame camera JPEG", with_image(pictures.two_frame_jpeg)),
    accepted("A38 CMYK JPEG", with_image(lambda: pictures.cmyk_jpeg(inverted=False))),
    accepted("A39 CMYK JPEG with inverted inks", with_image(lambda: pictures.cmyk_jpeg(inverted=True))),
    accepted("A40 16-bit grey PNG", with_image(lambda: deep_png(1))),
    accepted("A41 16-bit RGB PNG", with_image(lambda: deep_png(3))),
    accepted("A42 palette PNG", with_image(lambda: photo(mode="P"))),
    accepted("A43 palette PNG with transparency", with_image(lambda: photo(mode="P", transparency=0))),
    accepted("A44 grey with alpha", with_image(lambda: photo(mode="LA"))),
    accepted("A44 one bit", with_image(lambda: photo(mode="1"))),
    accepted("A44 grey JPEG", with_image(lambda: photo("JPEG", mode="L"))),
    accepted("A45 fully transparent", with_image(pictures.fully_transparent)),
    *(
        accepted(f"A46 EXIF orientation {orientation}, mask as displayed", _turned(orientation))
        for orientation in range(2, 9)
    ),
    accepted("A47 EXIF orientation 99", with_image(lambda: pictures.jpeg_turned(99))),
    accepted("A47 broken EXIF", with_image(pictures.jpeg_with_broken_exif)),
    accepted("A48 EXIF with a place", with_image(lambda: photo("JPEG", exif=exif(gps=True)))),
    accepted(
        "A48 EXIF with a place that is to go",
        with_image(lambda: photo("JPEG", exif=exif(gps=True)), metadata_policy="strip_gps"),
    ),
    accepted("A49 colour profile", with_image(lambda: photo("JPEG", icc_profile=srgb_profile()))),
    accepted("A50 junk as colour profile of a JPEG", with_image(lambda: photo("JPEG", icc_profile=b"junk" * 50))),
    accepted("A50 junk as colour profile of a PNG", with_image(lambda: photo(icc_profile=b"junk" * 50))),
    accepted("A51 JPEG with a ZIP behind it", with_image(lambda: photo("JPEG") + pictures.zip_bomb_like())),
    accepted("A52 PNG with a script behind it", with_image(lambda: photo() + b"<script>alert(1)</script>")),
    accepted("A54 interlaced PNG of 4096×4096", with_image(lambda: pictures.png_interlaced(4096))),
    *(accepted(f"A57 file name: {title}", with_image(photo, name=name)) for title, name in _NAMES.items()),
]

CASES = [
    refused("A01 no image", form(mask=lambda: upload(mask())), 400, "image_required", "image"),
    refused("A01 text instead of a file", form(image="hello", bbox="1,1,5,5"), 422, "invalid_parameter", "image"),
    refused(
        "A02 image and image_url",
        with_image(photo, image_url="https://example.com/a.png"),
        400,
        "image_ambiguous",
        "image",
    ),
    *_UNREADABLE,
    *_SIZES,
    *_FORMATS,
    *_ODD_BUT_FINE,
    refused("A58 two image parts", _two_image_parts, 400, "duplicate_field", "image"),
]
