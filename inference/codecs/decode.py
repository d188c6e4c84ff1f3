"""Bytes become a `Photo`: upright, with every sample kept that the output must return untouched."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, features

from inference.codecs import colours, metadata, png
from inference.codecs import orientation as orientations
from inference.codecs.photo import Compression, Layout, Metadata, Photo, Samples
from inference.errors import UnreadableImage

PIXELS_MAX = 50_000_000  # the API's limit; the web process refused larger ones already

# Pillow knows over forty formats; only these parsers are ever given an upload. JPEG's also answers with MPO.
_FORMATS = ["JPEG", "PNG", "WEBP", "BMP", "TIFF", *(["AVIF"] if features.check("avif") else [])]
_NAMES = {"MPO": "jpeg"}  # a camera's two-frame JPEG: its first frame is the photo
_LOSSLESS = ("png", "bmp", "tiff")

# What Pillow's and OpenCV's parsers were seen to raise on broken files.
_READER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
    ZeroDivisionError, RuntimeError, AssertionError, struct.error, zlib.error, cv2.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip

_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
_WHITE_IS_ZERO = 0
_PNG_GREY_WITH_ALPHA = 4


def decode(data: bytes, *, max_pixels: int = PIXELS_MAX) -> Photo:
    """Read one picture in the orientation in which it is displayed.

    Raises `UnreadableImage` for anything that is no single, whole picture of at most `max_pixels` in an accepted
    format and kind of samples.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Pillow warns of oddities that it then gets over
            return _decode(data, max_pixels)
    except _READER_ERRORS as error:
        raise UnreadableImage from error


def _decode(data: bytes, max_pixels: int) -> Photo:
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    format_name = _NAMES.get(image.format or "", (image.format or "").lower())
    if image.width * image.height > max_pixels:
        raise UnreadableImage(f"The picture has more than {max_pixels / 1e6:g} megapixels.")
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise UnreadableImage("The file holds several pictures. Send a single one.")
    orientation = metadata.read_orientation(image)
    compression = _compression(image, data, format_name, orientation)
    native, layout, palette = _samples(image, data)
    if format_name != "tiff":  # Pillow and OpenCV turn TIFF themselves
        native = np.ascontiguousarray(orientations.displayed(native, orientation))
    found = metadata.read_metadata(image, data, layout)
    photo = _photo(native, layout, palette, found, format_name, compression)
    return replace(photo, jpeg=data, orientation=orientation) if image.format == "JPEG" else photo


def _photo(
    native: Samples,
    layout: Layout,
    palette: NDArray[np.uint8] | None,
    found: Metadata,
    format_name: str,
    compression: Compression,
) -> Photo:
    try:
        rgb, alpha = colours.displayed(native, layout, palette, found.icc)
    except colours.PROFILE_ERRORS:  # a profile that opens but cannot convert is junk as well
        found = replace(found, icc=None)
        rgb, alpha = colours.displayed(native, layout, palette, None)
    return Photo(
        rgb=rgb,
        alpha=alpha,
        native=native,
        layout=layout,
        palette=palette,
        format=format_name,
        metadata=found,
        compression=compression,
    )


def _samples(image: Image.Image, data: bytes) -> tuple[Samples, Layout, NDArray[np.uint8] | None]:
    """Decode. Pillow hands over 16-bit colour as 8 bits without a word: OpenCV reads that."""
    image.load()  # also for OpenCV's sake, which fills what is missing of a cut file with black
    if _bits_per_sample(image, data) == 16 and image.mode != "CMYK":
        return *_sixteen_bit(image, data), None
    if image.mode == "P":
        return _palette_samples(image)
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        image = image.convert("LA" if image.mode == "L" else "RGBA")
    if image.mode == "1":
        return np.array(image.convert("L")), "1", None
    if image.mode in ("PA", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode in ("RGBX", "YCbCr"):
        image = image.convert("RGB")
    layouts: dict[str, Layout] = {"L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "CMYK": "CMYK"}
    if image.mode not in layouts or _bits_per_sample(image, data) > 8:
        raise UnreadableImage("This kind of samples is not supported. Send 8 or 16 bits of grey, RGB or 8-bit CMYK.")
    return np.array(image), layouts[image.mode], None


def _bits_per_sample(image: Image.Image, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]  # the header is the first chunk, or Pillow would not have opened it
    if image.format == "TIFF":
        bits = image.getexif().get(_BITS_PER_SAMPLE, (1,))
        return int(max(bits) if isinstance(bits, tuple) else bits)
    return 8


def _sixteen_bit(image: Image.Image, data: bytes) -> tuple[Samples, Layout]:
    if image.format == "PNG" and not png.is_whole(data):
        raise UnreadableImage  # OpenCV takes the 4 GB that a chunk may claim to have before it looks for them
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16:
        raise UnreadableImage
    native: Samples = np.asarray(found, np.uint16)
    if image.format == "TIFF" and image.getexif().get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        native = 65535 - native
    if native.ndim == 3:
        # OpenCV spreads grey with alpha over four channels, and Pillow calls that RGBA.
        is_grey = image.format == "PNG" and data[25] == _PNG_GREY_WITH_ALPHA
        orders = {(3, False): [2, 1, 0], (4, False): [2, 1, 0, 3], (4, True): [0, 3]}
        native = native[..., orders[native.shape[2], is_grey]]
    if "transparency" in image.info and (native.ndim == 2 or native.shape[2] == 3):
        native = _with_colour_key(native, image.info["transparency"])
    kinds: dict[int, Layout] = {1: "L16", 2: "LA16", 3: "RGB16", 4: "RGBA16"}
    return np.ascontiguousarray(native), kinds[1 if native.ndim == 2 else native.shape[2]]


def _with_colour_key(native: Samples, key: int | tuple[int, ...]) -> Samples:
    """Turn a PNG's "this one colour is transparent" into an alpha channel."""
    same = native == np.array(key, native.dtype)
    alpha = np.where(same if native.ndim == 2 else same.all(axis=2), 0, 65535).astype(native.dtype)
    return np.dstack((native, alpha))


def _palette_samples(image: Image.Image) -> tuple[Samples, Layout, NDArray[np.uint8] | None]:
    image.apply_transparency()
    native = np.array(image)
    listed = np.array(image.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    palette = np.zeros((max(len(listed), int(native.max()) + 1), 4), np.uint8)
    palette[:, 3] = 255  # an index beyond the palette shows black
    palette[: len(listed)] = listed
    return native, "P", palette


def _compression(image: Image.Image, data: bytes, format_name: str, orientation: int) -> Compression:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        turned = orientation >= 5
        sampling = JpegImagePlugin.get_sampling(image)
        return Compression(
            is_lossless=False,
            jpeg_tables=tuple(_turned_table(table, turned) for table in _component_tables(image)),
            # 4:2:2 turned by 90° is 4:4:0, which the encoder cannot write; nor the exotic ones (-1): keep all chroma.
            jpeg_sampling=0 if sampling < 0 or (turned and sampling == 1) else sampling,
            jpeg_is_progressive=bool(image.info.get("progressive")),
        )
    if format_name == "webp":
        return Compression(is_lossless=_has_lossless_webp(data))
    scheme = image.info.get("compression") if format_name == "tiff" else None
    return Compression(is_lossless=format_name in _LOSSLESS, tiff_scheme=scheme)


def _component_tables(image: JpegImagePlugin.JpegImageFile) -> list[list[int]]:
    """One table per component, in the components' order, without repeating the last ones."""
    try:
        tables = [image.quantization[layer[3]] for layer in image.layer]
    except KeyError:  # a table that is missing shows at decoding
        return []
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables.pop()
    return tables


def _turned_table(table: list[int], turned: bool) -> list[int]:
    values = np.array(table).reshape(8, 8)
    return [int(value) for value in (values.T if turned else values).ravel()]


def _has_lossless_webp(data: bytes) -> bool:
    """Walk the RIFF chunks: `VP8L` holds lossless pixels, `VP8 ` lossy ones."""
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        if name in (b"VP8L", b"VP8 "):
            return name == b"VP8L"
        (length,) = struct.unpack_from("<I", data, position + 4)
        position += 8 + length + length % 2
    return False
