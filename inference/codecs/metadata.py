"""What travels with the pixels: ICC profile, EXIF, XMP, resolution. Read once, set upright, freed of thumbnails.

A thumbnail inside EXIF or XMP would still show what was removed from the photo: it never reaches the output.
"""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_right
from dataclasses import replace
from typing import Any, Literal

from PIL import Image, ImageCms

from inference.codecs import exif, png
from inference.codecs.origin import with_source_type
from inference.codecs.photo import Layout, Metadata

_ORIENTATION = 0x0112

# TIFF keeps its EXIF among the tags that describe the file's own layout; these are the ones about the photo:
# description, maker, model, software, date, artist, copyright, and the EXIF and GPS directories.
_TIFF_PHOTO_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825)

_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))\s*[0-9]+")
# Every pattern passes over a packet once, whatever is in it: packets of megabytes come from whoever sends a file.
_XMP_GPS_ATTRIBUTE = re.compile(rb"(?<!\s)\s++exif:GPS\w++\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_XMP_TAGS = {
    "gps": (re.compile(rb"<(exif:GPS\w++)[^<>]*+>"), re.compile(rb"</(exif:GPS\w++)\s*+>")),
    "thumbnails": (
        re.compile(rb"<((?:xmp|xap):Thumbnails)\b[^<>]*+>"),
        re.compile(rb"</((?:xmp|xap):Thumbnails)\s*+>"),
    ),
}

_ICC_SPACES = {"GRAY": ("1", "L", "L16", "LA", "LA16"), "CMYK": ("CMYK",)}
_RGB_LAYOUTS = ("P", "RGB", "RGB16", "RGBA", "RGBA16")

MetadataPolicy = Literal["keep", "strip", "strip_gps"]
"""`keep` everything; `strip` all but colours and orientation; `strip_gps` only where the photo was taken."""

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
        exif=exif.upright(_raw_exif(image)),
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
        found = image.getexif()
        return found.tobytes() if len(found) else None
    except _BROKEN_EXIF:
        return None


def under_policy(found: Metadata, policy: MetadataPolicy) -> Metadata:
    """Return what of the metadata may go out, and what is to be said anew.

    Colours are never stripped: without them the picture looks different.
    """
    allowed = _allowed(found, policy)
    if found.source_type is None:
        return allowed
    return replace(allowed, xmp=with_source_type(allowed.xmp, found.source_type))


def _allowed(found: Metadata, policy: MetadataPolicy) -> Metadata:
    if policy == "keep":
        return found
    if policy == "strip":
        return Metadata(icc=found.icc, png_chunks=tuple(chunk for chunk in found.png_chunks if chunk[0] in png.COLOUR))
    return replace(
        found,
        exif=exif.without_gps(found.exif) if found.exif else None,
        xmp=xmp_without_gps(found.xmp) if found.xmp else None,
    )


def _upright_xmp(xmp: bytes) -> bytes:
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp_without_thumbnails(xmp))


def xmp_without_thumbnails(xmp: bytes) -> bytes:
    """Return an XMP packet without its small pictures."""
    return _without_elements(xmp, *_XMP_TAGS["thumbnails"])


def xmp_without_gps(xmp: bytes) -> bytes:
    """Return an XMP packet without the properties that say where the photo was taken."""
    return _without_elements(_XMP_GPS_ATTRIBUTE.sub(b"", xmp), *_XMP_TAGS["gps"])


def _without_elements(xmp: bytes, opening: re.Pattern[bytes], closing: re.Pattern[bytes]) -> bytes:
    """Cut out what lies between an opening tag and the next closing tag of its name; also tags that close themselves."""
    ends: dict[bytes, list[int]] = {}
    for tag in closing.finditer(xmp):
        ends.setdefault(tag[1], []).append(tag.end())
    kept, position = [], 0
    for tag in opening.finditer(xmp):
        if tag.start() < position:
            continue
        end = tag.end()
        if not tag[0].endswith(b"/>"):
            its_ends = ends.get(tag[1], [])
            following = bisect_right(its_ends, end)
            if following == len(its_ends):
                continue
            end = its_ends[following]
        kept.append(xmp[position : tag.start()])
        position = end
    return b"".join((*kept, xmp[position:]))
