"""Pictures drawn by code: small, the same every time, one for each kind of file a customer may send."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 96, 64
ORIENTATION_TAG = 0x0112


def gradient(width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """A sky: smooth, another colour in each corner. H×W×3."""
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    channels = (60 + 120 * y + 0 * x, 110 + 90 * y * (1 - x), 200 - 80 * x * y)
    return np.stack(channels, axis=2).astype(np.uint8)


def textured(width: int = WIDTH, height: int = HEIGHT, *, seed: int = 1) -> Pixels:
    """A wall: the gradient with grain and waves. H×W×3."""
    noise = np.random.default_rng(seed).normal(0, 9, (height, width, 1))
    y, x = np.mgrid[:height, :width]
    waves = 14 * np.sin(x / 3.1 + 2 * np.sin(y / 7))[..., None]
    return np.asarray(np.clip(gradient(width, height) + noise + waves, 0, 255), np.uint8)


def with_object(width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """The wall with something red in the middle that is to go: `sample_mask` covers it."""
    picture = textured(width, height)
    picture[object_mask(width, height)] = (200, 20, 30)
    return picture


def object_mask(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.bool_]:
    """H×W bool: an ellipse over the middle third."""
    y, x = np.mgrid[:height, :width]
    return np.asarray(((x - width / 2) / (width / 6)) ** 2 + ((y - height / 2) / (height / 5)) ** 2 <= 1)


def sample_mask(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A mask file, grey PNG, 255 over the object of `with_object`."""
    return saved(Image.fromarray(np.where(object_mask(width, height), np.uint8(255), np.uint8(0))), "PNG")


def sample_jpeg(width: int = WIDTH, height: int = HEIGHT, *, orientation: int | None = None, **options: Any) -> bytes:
    """A JPEG file of `with_object`, displayed at that size: stored turned, if an EXIF orientation is wanted.

    `options` are Pillow's: `icc_profile`, `progressive`, `subsampling`, `quality`, …
    """
    picture = with_object(width, height)
    if orientation is not None:
        picture = stored_as(picture, orientation)
        options["exif"] = exif(orientation=orientation)
    return saved(Image.fromarray(picture), "JPEG", **{"quality": 90, **options})


def stored_as(displayed: Pixels, orientation: int) -> Pixels:
    """How a camera must store a picture for it to be displayed as given. The inverse of Pillow's `exif_transpose`."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation not in undo:
        return displayed
    return np.array(Image.fromarray(displayed).transpose(undo[orientation]))


def exif(*, orientation: int | None = None, maker: str = "Pixelsite", gps: bool = False) -> bytes:
    """An EXIF block with a maker, and with what is asked for."""
    tags = Image.Exif()
    tags[0x010F] = maker
    if orientation is not None:
        tags[ORIENTATION_TAG] = orientation
    if gps:
        tags[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return tags.tobytes()


def exif_with_thumbnail(thumbnail: bytes) -> bytes:
    """An EXIF block as cameras write it: orientation 6, and a second directory that holds a small JPEG."""
    first = struct.pack("<H", 1) + struct.pack("<HHIHH", ORIENTATION_TAG, 3, 1, 6, 0)
    second_at = 8 + len(first) + 4
    start = second_at + 2 + 24 + 4
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, start)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + struct.pack("<I", 0)
    return b"Exif\x00\x00II*\x00" + struct.pack("<I", 8) + first + struct.pack("<I", second_at) + second + thumbnail


def srgb_profile() -> bytes:
    """An ICC profile of RGB colours."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image: Image.Image, format_name: str, **options: Any) -> bytes:
    """Any picture as any file."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An array, grey or in colour, as a PNG file."""
    return saved(Image.fromarray(pixels), "PNG")


def opened(data: bytes) -> Image.Image:
    """A file as Pillow sees it, loaded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def cmyk() -> Image.Image:
    """The wall in four inks."""
    inks = Image.fromarray(with_object()).convert("CMYK")
    black = inks.getchannel("K").point(lambda _: 40)
    return Image.merge("CMYK", [*inks.split()[:3], black])


def deep(channels: int) -> NDArray[np.uint16]:
    """The wall in 16 bits: 1 = grey, 2 = grey and alpha, 3 = RGB, 4 = RGBA. The low bytes matter."""
    colour = with_object().astype(np.uint16) * 257
    colour ^= np.random.default_rng(3).integers(0, 256, colour.shape, dtype=np.uint16)
    alpha = np.broadcast_to(np.linspace(0, 65535, WIDTH).astype(np.uint16), (HEIGHT, WIDTH))
    bands = {1: [colour[..., 0]], 2: [colour[..., 0], alpha], 3: [*colour.transpose(2, 0, 1)]}
    bands[4] = [*bands[3], alpha]
    return np.stack(bands[channels], axis=2) if channels > 1 else colour[..., 0].copy()


def deep_png(channels: int) -> bytes:
    """`deep` as a PNG file, packed here by hand: no reader or writer of the product has a part in it."""
    samples = deep(channels)
    rows = samples.astype(">u2").tobytes()
    stride = len(rows) // HEIGHT
    packed = b"".join(b"\x00" + rows[start : start + stride] for start in range(0, len(rows), stride))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(packed)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def deep_tiff(channels: int, **options: Any) -> bytes:
    """`deep` as a TIFF file."""
    buffer = io.BytesIO()
    kind: dict[str, Any] = {"photometric": "minisblack" if channels == 1 else "rgb"}
    if channels == 4:
        kind["extrasamples"] = ["unassalpha"]
    tifffile.imwrite(buffer, deep(channels), **kind, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_alpha() -> Image.Image:
    """The wall, more and more transparent to the right; the object is opaque."""
    alpha = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, WIDTH)).copy()
    alpha[object_mask()] = 255
    return Image.fromarray(np.dstack((with_object(), alpha)))


def palette(*, transparent: bool = False) -> Image.Image:
    """The wall in 64 colours; the first of them see-through, if wanted."""
    image = Image.fromarray(with_object()).quantize(64, dither=Image.Dither.NONE)
    if transparent:
        image.info["transparency"] = 0
    return image


def _rgb() -> Image.Image:
    return Image.fromarray(with_object())


def _bmp_with_alpha() -> bytes:
    pixels = np.array(with_alpha())[..., [2, 1, 0, 3]]
    return cv2.imencode(".bmp", pixels)[1].tobytes()


# Every kind of file whose samples must come back untouched.
LOSSLESS: dict[str, Callable[[], bytes]] = {
    "1-bit PNG": lambda: saved(_rgb().convert("1"), "PNG"),
    "grey PNG": lambda: saved(_rgb().convert("L"), "PNG"),
    "grey PNG with alpha": lambda: saved(with_alpha().convert("LA"), "PNG"),
    "palette PNG": lambda: saved(palette(), "PNG"),
    "palette PNG with transparency": lambda: saved(palette(transparent=True), "PNG", transparency=0),
    "RGB PNG": lambda: saved(_rgb(), "PNG"),
    "RGB PNG with a transparent colour": lambda: saved(_rgb(), "PNG", transparency=(200, 20, 30)),
    "RGBA PNG": lambda: saved(with_alpha(), "PNG"),
    "16-bit grey PNG": lambda: deep_png(1),
    "16-bit grey PNG with alpha": lambda: deep_png(2),
    "16-bit RGB PNG": lambda: deep_png(3),
    "16-bit RGBA PNG": lambda: deep_png(4),
    "lossless WebP": lambda: saved(_rgb(), "WEBP", lossless=True),
    "lossless WebP with alpha": lambda: saved(with_alpha(), "WEBP", lossless=True, exact=True),
    "1-bit BMP": lambda: saved(_rgb().convert("1"), "BMP"),
    "grey BMP": lambda: saved(_rgb().convert("L"), "BMP"),
    "palette BMP": lambda: saved(palette(), "BMP"),
    "RGB BMP": lambda: saved(_rgb(), "BMP"),
    "BMP with alpha": _bmp_with_alpha,
    "1-bit fax TIFF": lambda: saved(_rgb().convert("1"), "TIFF", compression="group4"),
    "grey TIFF": lambda: saved(_rgb().convert("L"), "TIFF"),
    "palette TIFF": lambda: saved(palette(), "TIFF"),
    "LZW TIFF": lambda: saved(_rgb(), "TIFF", compression="tiff_lzw"),
    "TIFF with alpha": lambda: saved(with_alpha(), "TIFF"),
    "CMYK TIFF": lambda: saved(cmyk(), "TIFF"),
    "16-bit grey TIFF": lambda: deep_tiff(1),
    "16-bit RGB TIFF": lambda: deep_tiff(3, compression="zlib"),
    "16-bit RGBA TIFF": lambda: deep_tiff(4),
}

# Kinds that forget a little each time they are packed.
LOSSY: dict[str, Callable[[], bytes]] = {
    "JPEG": sample_jpeg,
    "progressive JPEG": lambda: sample_jpeg(progressive=True),
    "grey JPEG": lambda: saved(_rgb().convert("L"), "JPEG"),
    "CMYK JPEG": lambda: saved(cmyk(), "JPEG", quality=95),
    "MPO": lambda: saved(_rgb(), "MPO", save_all=True, append_images=[_rgb().resize((32, 32))]),
    "WebP": lambda: saved(_rgb(), "WEBP", quality=90),
    "AVIF": lambda: saved(_rgb(), "AVIF", quality=90),
    "JPEG inside TIFF": lambda: saved(_rgb(), "TIFF", compression="jpeg"),
}
