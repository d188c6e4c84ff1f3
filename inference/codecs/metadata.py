"""What travels with the pixels: ICC profile, EXIF, XMP, resolution. Read once, set upright, freed of thumbnails.

A thumbnail inside EXIF or XMP would still show what was removed from the photo: it never reaches the output.
"""

from __future__ import annotations

import io
import re
import struct
from typing import Any

from PIL import Image, ImageCms

from inference.codecs import png
from inference.codecs.photo import Layout, Metadata

_ORIENTATION = 0x0112
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_EXIF_PREFIX = b"Exif\x00\x00"

# TIFF keeps its EXIF among the tags that describe the file's own layout; these are the ones about the photo:
# description, maker, model, software, date, artist, copyright, and the EXIF and GPS directories.
_TIFF_PHOTO_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825)

_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))\s*[0-9]+")
_XMP_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails\b.*?</\1:Thumbnails>", re.DOTALL)

_ICC_SPACES = {"GRAY": ("1", "L", "L16", "LA", "LA16"), "CMYK": ("CMYK",)}
_RGB_LAYOUTS = ("P", "RGB", "RGB16", "RGBA", "RGBA16")

# What broken EXIF makes Pillow raise; such EXIF is ignored, as browsers do.
_BROKEN_EXIF = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error)


def read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1…8 of an opened image; 1 where it is missing, broken or unheard of."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except _BROKEN_EXIF:
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def read_metadata(image: Image.Image, data: bytes, layout: Layout) -> Metadata:
    """Collect the metadata of a loaded image whose file is `data`. Junk is left out, never an error."""
    xmp = image.info.get("xmp")
    return Metadata(
        icc=usable_icc(image.info.get("icc_profile"), layout),
        exif=_upright_exif(_raw_exif(image)),
        xmp=_upright_xmp(xmp) if isinstance(xmp, bytes) else None,
        dpi=_resolution(image.info.get("dpi")),
        png_chunks=png.kept_chunks(data) if image.format == "PNG" else (),
    )


def usable_icc(profile: bytes | None, layout: Layout) -> bytes | None:
    """Return the profile if it can be read and speaks of this layout's colour space, else None."""
    if not profile:
        return None
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip()
    except (OSError, ImageCms.PyCMSError):
        return None
    layouts = _RGB_LAYOUTS if space == "RGB" else _ICC_SPACES.get(space, ())
    return profile if layout in layouts else None


def _resolution(dpi: Any) -> tuple[float, float] | None:
    try:
        across, down = dpi
        found = float(across), float(down)
    except (TypeError, ValueError, ZeroDivisionError):  # TIFF's rationals may be 0/0
        return None
    return found if all(0 < value < 1e6 for value in found) else None


def _raw_exif(image: Image.Image) -> bytes | None:
    try:
        if image.format == "TIFF":
            tags = image.getexif()
            kept = Image.Exif()
            for tag in _TIFF_PHOTO_TAGS:
                if tag in tags:
                    kept[tag] = tags.get_ifd(tag) if tag in (0x8769, 0x8825) else tags[tag]
            return kept.tobytes() if len(kept) else None
        if "exif" in image.info:
            return bytes(image.info["exif"])
        # Some programs hide EXIF in a PNG's text; Pillow finds it there.
        exif = image.getexif()
        return exif.tobytes() if len(exif) else None
    except _BROKEN_EXIF:
        return None


def _upright_exif(exif: bytes | None) -> bytes | None:
    """Set the orientation to 1 and wipe the thumbnail in place: nothing else moves, so maker notes stay readable.

    The layout of the block is TIFF's: byte order, offset of the first directory, directories of 12-byte entries.
    """
    if not exif:
        return None
    block = bytearray(exif.removeprefix(_EXIF_PREFIX))
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(bytes(block[:4]))
    if order is None:
        return None
    try:
        (first,) = struct.unpack_from(order + "I", block, 4)
        entries = _entries(block, first, order)
        if _ORIENTATION in entries:
            struct.pack_into(order + "H", block, entries[_ORIENTATION] + 8, 1)
        _wipe_thumbnail(block, first, order)
    except struct.error:
        return None
    return bytes(block)


def _entries(block: bytearray, directory: int, order: str) -> dict[int, int]:
    """Map each tag of a directory to the position of its entry."""
    (count,) = struct.unpack_from(order + "H", block, directory)
    positions = [directory + 2 + 12 * index for index in range(count)]
    return {struct.unpack_from(order + "H", block, position)[0]: position for position in positions}


def _wipe_thumbnail(block: bytearray, first: int, order: str) -> None:
    (count,) = struct.unpack_from(order + "H", block, first)
    link = first + 2 + 12 * count
    if link + 4 > len(block):
        return  # some writers leave the link out: there is no second directory
    (second,) = struct.unpack_from(order + "I", block, link)
    struct.pack_into(order + "I", block, link, 0)
    if not 0 < second < len(block) - 2:
        return
    entries = _entries(block, second, order)
    if _THUMBNAIL_OFFSET in entries and _THUMBNAIL_LENGTH in entries:
        (start,) = struct.unpack_from(order + "I", block, entries[_THUMBNAIL_OFFSET] + 8)
        (length,) = struct.unpack_from(order + "I", block, entries[_THUMBNAIL_LENGTH] + 8)
        end = min(start + length, len(block))
        block[start:end] = bytes(max(end - start, 0))


def _upright_xmp(xmp: bytes) -> bytes:
    return _XMP_ORIENTATION.sub(rb"\g<1>1", _XMP_THUMBNAILS.sub(b"", xmp))
