"""What can be known of an uploaded picture before it is worked on, and why it is refused.

Plain Python over Pillow, read by the web process and the worker alike. Sizes here are (width, height) as displayed:
EXIF orientation applied.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections import Counter
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageOps, TiffImagePlugin, UnidentifiedImageError, features

SIDE_PX_MIN = 16
WEBP_SIDE_PX_MAX = 16_383  # the format's own limit
MASK_THRESHOLD = 128
_ORIENTATION_TAG = 0x0112
_TURNED = {5, 6, 7, 8}

# Pillow knows over forty formats; only these parsers are ever given an upload. JPEG's also answers with MPO.
_FORMATS = ["JPEG", "PNG", "WEBP", "BMP", "TIFF", *(["AVIF"] if features.check("avif") else [])]
# What a process that decodes loads when it starts, instead of at its first picture.
PLUGINS = tuple(f"PIL.{name}ImagePlugin" for name in ("Jpeg", "Png", "WebP", "Bmp", "Tiff"))
_NAMES = {"MPO": "jpeg"}  # a camera's two-frame JPEG: its first frame is the photo
EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "bmp": "bmp", "tiff": "tif", "avif": "avif"}
CONTENT_TYPES = {name: f"image/{name}" for name in EXTENSIONS}
_ACCEPTED_TEXT = "JPEG, PNG, WebP, BMP, TIFF" + (" or AVIF" if "AVIF" in _FORMATS else "")

_PNG_CHUNKS_MAX = 20_000  # pixels of the largest upload in chunks of 8 kB, as libpng writes them, make 4,000
# Cameras and programs write about ten. Each costs a pass over the whole picture and may be a dozen bytes long.
_JPEG_SCAN, _JPEG_SCANS_MAX = b"\xff\xda", 100

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# A picture we could name but do not take: the answer says so instead of calling it broken.
_KNOWN_OTHERS = (
    b"GIF8", b"\x00\x00\x01\x00", b"\x00\x00\x02\x00", b"8BPS", b"SIMPLE", b"DDS ", b"\x00\x00\x00\x0cjP",
    b"\xff\x4f\xff\x51", b"qoif", b"%PDF", b"%!PS", b"<svg", b"<?xml", b"PK\x03\x04", b"II*\x00\x10\x00\x00\x00CR",
)  # fmt: skip

# A warning would be printed and forgotten: the size is a refusal.
warnings.simplefilter("error", Image.DecompressionBombWarning)


class ImageError(Exception):
    """The image cannot be used as it was sent."""

    code = "invalid_image"
    status = 400

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.param = param
        super().__init__(self.message)


class InvalidImage(ImageError):
    """The file is not a readable image. Send it again as JPEG, PNG or WebP."""


class TruncatedImage(ImageError):
    """The image file is cut short. Upload it again in full."""

    code = "truncated_image"


class UnsupportedFormat(ImageError):
    """This file format is not supported. Send JPEG, PNG, WebP, BMP or TIFF."""

    code = "unsupported_format"


class AnimatedNotSupported(ImageError):
    """Animated images are not supported. Send a single frame."""

    code = "animated_not_supported"


class MultiPageNotSupported(ImageError):
    """Files with several pages are not supported. Send a single page."""

    code = "multi_page_not_supported"


class ImageTooLarge(ImageError):
    """The picture has too many pixels."""

    code = "image_too_large"
    status = 413


class ImageTooSmall(ImageError):
    """Each side of the picture must be at least 16 pixels."""

    code = "image_too_small"
    status = 422


class ImageTooComplex(ImageError):
    """The picture takes too long or too much memory to decode. Save it anew with another program and send it again."""

    code = "image_too_complex"
    status = 422


class MaskSizeMismatch(ImageError):
    """The mask must have the same size as the image."""

    code = "mask_size_mismatch"
    status = 422


class MaskEmpty(ImageError):
    """The mask is empty: paint what is to be removed white."""

    code = "mask_empty"
    status = 422


class MaskCoversImage(ImageError):
    """The mask covers the whole image: nothing would be left to fill from. Leave some of the picture black."""

    code = "mask_covers_image"
    status = 422


REFUSALS: tuple[type[ImageError], ...] = (ImageError, *ImageError.__subclasses__())


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What the header says."""

    format: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        return EXTENSIONS[self.format]

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


@dataclass(frozen=True, kw_only=True)
class NormalisedMask:
    """A mask as it is stored: grey PNG of the image's displayed size, 255 = remove, 0 = keep."""

    png: bytes
    area_share: float
    has_grey: bool = False
    """Whether it had to be thresholded."""


def inspect_image(data: bytes, *, megapixels_max: int, param: str = "image") -> ImageFacts:
    """Read the header, then decode once to be sure the whole picture is there.

    Raises a subclass of `ImageError` that names `param`.
    """
    with _opened(data, megapixels_max=megapixels_max, param=param) as image:
        format_name = _NAMES.get(image.format or "", (image.format or "").lower())
        width, height = _displayed_size(image)
        if min(width, height) < SIDE_PX_MIN:
            raise ImageTooSmall(
                f"The image is {width}×{height} pixels; each side must be at least {SIDE_PX_MIN}.", param=param
            )
        _decode(image, data, param=param)
    return ImageFacts(format=format_name, width=width, height=height)


def normalise_mask(data: bytes, *, size: tuple[int, int], megapixels_max: int, param: str = "mask") -> NormalisedMask:
    """Read a mask in any of the accepted formats: grey is thresholded at 128, an alpha channel alone may carry it.

    `size` is the image's displayed (width, height). Raises a subclass of `ImageError` that names `param`.
    """
    with _opened(data, megapixels_max=megapixels_max, param=param) as image:
        if (found := _displayed_size(image)) != size:
            raise MaskSizeMismatch(
                f"The mask is {found[0]}×{found[1]} pixels but the image is {size[0]}×{size[1]}. "
                "Send a mask of the image's size.",
                param=param,
            )
        _decode(image, data, param=param, draft=False)
        drawn = _drawing(ImageOps.exif_transpose(image))
    has_grey = any(drawn.histogram()[1:255])
    mask = drawn.point([255 if value >= MASK_THRESHOLD else 0 for value in range(256)])
    kept, removed = mask.histogram()[0], mask.histogram()[255]
    if removed == 0:
        raise MaskEmpty(param=param)
    if kept == 0:
        raise MaskCoversImage(param=param)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG", compress_level=1)
    return NormalisedMask(png=buffer.getvalue(), area_share=removed / (removed + kept), has_grey=has_grey)


def _opened(data: bytes, *, megapixels_max: int, param: str) -> Image.Image:
    """Open without decoding; refuse by format, frames and size."""
    if data.startswith(_PNG_SIGNATURE):
        _check_png_chunks(data, param=param)
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge(f"The picture has more than {megapixels_max} megapixels.", param=param) from None
    except Exception as error:  # noqa: BLE001  # Pillow's parsers raise ValueError, SyntaxError, struct.error and more
        if _is_cut_short(data):
            raise TruncatedImage(param=param) from None
        if isinstance(error, UnidentifiedImageError) and _is_known_other(data):
            raise UnsupportedFormat(f"This file format is not supported. Send {_ACCEPTED_TEXT}.", param=param) from None
        raise InvalidImage(param=param) from None
    _refuse_frames(image, param=param)
    if image.width * image.height > megapixels_max * 1_000_000:
        raise ImageTooLarge(
            f"The picture has {image.width * image.height / 1e6:.1f} megapixels; {megapixels_max} are allowed.",
            param=param,
        )
    return image


def _refuse_frames(image: Image.Image, *, param: str) -> None:
    if image.format == "MPO":
        return
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception:  # noqa: BLE001  # a directory that loops or points outside the file
        raise InvalidImage(param=param) from None
    if frames == 1 and isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.next:
        raise InvalidImage(param=param)  # a single page whose directory points back to itself
    if frames > 1:
        raise MultiPageNotSupported(param=param) if image.format == "TIFF" else AnimatedNotSupported(param=param)


def _decode(image: Image.Image, data: bytes, *, param: str, draft: bool = True) -> None:
    if image.format in ("JPEG", "MPO") and data.count(_JPEG_SCAN) > _JPEG_SCANS_MAX:
        raise ImageTooComplex(param=param)
    if draft and image.format in ("JPEG", "MPO"):
        # An eighth of the size is enough to read the stream to its end.
        image.draft(image.mode, (image.width // 8, image.height // 8))
    try:
        if image.format == "PNG":
            # Decoding alone passes over wrong checksums.
            Image.open(io.BytesIO(data), formats=["PNG"]).verify()
        image.load()
        getattr(image, "text", None)  # texts behind a PNG's pixels are unpacked when they are asked for
    except Exception as error:  # noqa: BLE001  # as above: whatever the decoder raises, the file is at fault
        if "truncated" in str(error) or _is_cut_short(data):
            raise TruncatedImage(param=param) from None
        raise InvalidImage(param=param) from None


def _displayed_size(image: Image.Image) -> tuple[int, int]:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # noqa: BLE001  # broken EXIF is ignored, as browsers do
        orientation = None
    return (image.height, image.width) if orientation in _TURNED else (image.width, image.height)


def _drawing(image: Image.Image) -> Image.Image:
    """The mask's brightness as 8-bit grey, with transparency taken into account."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("L")
    rgba = image.convert("RGBA")
    grey, alpha = rgba.convert("L"), rgba.getchannel("A")
    low, high = grey.getextrema()
    if low == high and alpha.getextrema()[0] != alpha.getextrema()[1]:
        return alpha
    return ImageChops.multiply(grey, alpha)


def _is_known_other(data: bytes) -> bool:
    start = data[:256].lstrip()
    if data[4:8] == b"ftyp":  # HEIC, AVIF and videos share this box
        return True
    return data.startswith(_KNOWN_OTHERS) or start.lower().startswith((b"<svg", b"<?xml", b"<!doctype", b"<html"))


def _check_png_chunks(data: bytes, *, param: str) -> None:
    """Refuse what Pillow passes over, or takes long to pass over: a second header, chunks without number."""
    names: Counter[bytes] = Counter()
    position = len(_PNG_SIGNATURE)
    while len(head := data[position : position + 8]) == 8 and head[4:] != b"IEND":
        names[head[4:]] += 1
        if names.total() > _PNG_CHUNKS_MAX:
            raise ImageTooComplex(param=param)
        position += 12 + int.from_bytes(head[:4], "big")  # length, name and checksum take twelve bytes
    if names[b"IHDR"] > 1:
        raise InvalidImage(param=param)


def _is_cut_short(data: bytes) -> bool:
    """Whether a PNG lacks its end, or a WebP is shorter than it says."""
    if data.startswith(_PNG_SIGNATURE):
        return b"IEND" not in data
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        (declared,) = struct.unpack("<I", data[4:8])
        return bool(declared + 8 > len(data))
    return False
