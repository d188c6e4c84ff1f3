"""The segments of a JPEG file around its picture: what cameras and programs wrote there goes on to the output.

Small pictures inside them would still show what was removed; they are left out. Sources: ITU-T T.81, annex B; Exif 2.32;
Adobe's XMP specification part 3 and Photoshop's file format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from inference.codecs import exif, metadata
from inference.codecs.metadata import MetadataPolicy
from inference.codecs.origin import SourceType, with_source_type

_SCAN, _COMMENT = 0xDA, 0xFE
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)  # baseline, extended, progressive; the last two arithmetic-coded
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC = b"ICC_PROFILE\x00"
_JFIF = b"JFIF\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"
_PHOTOSHOP_THUMBNAILS = (0x0409, 0x040C)
# A second frame's directory, a small picture, the rest of an XMP packet (where depth and originals are kept).
_DROPPED = ((_APP2, b"MPF\x00"), (_APP0, b"JFXX\x00"), (_APP1, b"http://ns.adobe.com/xmp/extension/\x00"))
_SEGMENT_MAX = 65_533

Segment = tuple[int, bytes]


def with_metadata_of(
    original: bytes,
    picture: bytes,
    *,
    policy: MetadataPolicy,
    orientation: int,
    has_icc: bool = True,
    source_type: SourceType | None = None,
) -> bytes:
    """Return the JPEG file `picture` with the metadata of `original`, as far as the policy lets it go on.

    Without `has_icc` what stands there for a colour profile is none, and is left out. `source_type` is added to the XMP.
    """
    kept = [segment for each in _header(original)[0] for segment in _allowed(each, policy)]
    if not has_icc:
        kept = [segment for segment in kept if not (segment[0] == _APP2 and segment[1].startswith(_ICC))]
    if _orientation_in(kept) != orientation:
        # What said so is stripped or broken, and the picture would be shown turned.
        kept = [segment for segment in kept if not _is_exif(segment)]
        kept.append((_APP1, exif.PREFIX + exif.only_orientation(orientation)))
    if source_type is not None:
        kept = _saying(source_type, kept)
    tables, rest = _header(picture)
    own = [segment for segment in tables if not _is_metadata(segment[0])]
    return b"".join((b"\xff\xd8", *map(_written, kept + own), rest))


def with_component_ids_of(original: bytes, picture: bytes) -> bytes:
    """Return the single-scan JPEG file `picture` with its components named as in `original`.

    Where no other segment says so, readers tell RGB from YCbCr by these names.
    """
    frame = next(body for marker, body, _ in _segments(original) if marker in _FRAMES)
    ids = frame[6 : 6 + 3 * frame[5] : 3]
    renamed = bytearray(picture)
    for marker, _, position in _segments(picture):
        # A frame lists number, sampling and table of each component from its 7th byte, a scan number and tables.
        start, step = (position + 10, 3) if marker in _FRAMES else (position + 5, 2)
        if marker in _FRAMES or marker == _SCAN:
            renamed[start : start + step * len(ids) : step] = ids
        if marker == _SCAN:
            break
    return bytes(renamed)


def _header(data: bytes) -> tuple[list[Segment], bytes]:
    """Return the segments before the first scan, and everything from it on."""
    segments: list[Segment] = []
    for marker, body, position in _segments(data):
        if marker == _SCAN:
            return segments, data[position:]
        segments.append((marker, body))
    raise ValueError("a JPEG file without a scan")


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise ValueError("a JPEG file with something between its segments")
        if data[position + 1] == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        yield data[position + 1], data[position + 4 : position + 2 + length], position
        position += 2 + length


def _is_metadata(marker: int) -> bool:
    return 0xE0 <= marker <= 0xEF or marker == _COMMENT


def _is_exif(segment: Segment) -> bool:
    return segment[0] == _APP1 and segment[1].startswith(exif.PREFIX)


def _orientation_in(segments: list[Segment]) -> int:
    """As readers take it: 1 where it is missing or unheard of."""
    said = next((exif.orientation_in(segment[1]) for segment in segments if _is_exif(segment)), None)
    return said if said is not None and 1 <= said <= 8 else 1


def _saying(source_type: SourceType, segments: list[Segment]) -> list[Segment]:
    """A packet that would be too long for its segment stays as it is."""
    is_xmp = [marker == _APP1 and body.startswith(_XMP) for marker, body in segments]
    at = is_xmp.index(True) if any(is_xmp) else len(segments)
    before = segments[at][1].removeprefix(_XMP) if any(is_xmp) else None
    body = _XMP + with_source_type(before, source_type)
    return [*segments[:at], (_APP1, body), *segments[at + 1 :]] if len(body) <= _SEGMENT_MAX else segments


def _allowed(segment: Segment, policy: MetadataPolicy) -> list[Segment]:
    marker, body = segment
    if not _is_metadata(marker) or any(marker == app and body.startswith(name) for app, name in _DROPPED):
        return []
    if policy == "strip":
        needed = ((_APP0, _JFIF), (_APP2, _ICC), (_APP14, b"Adobe"))
        is_needed = any(marker == app and body.startswith(name) for app, name in needed)
        return [(marker, _without_jfif_thumbnail(body) if marker == _APP0 else body)] if is_needed else []
    if marker == _APP0 and body.startswith(_JFIF):
        body = _without_jfif_thumbnail(body)
    elif marker == _APP1 and body.startswith(exif.PREFIX):
        block = exif.without_thumbnail(body)
        if block is not None and policy == "strip_gps":
            block = exif.without_gps(block)
        if block is None:
            return []
        body = exif.PREFIX + block
    elif marker == _APP1 and body.startswith(_XMP):
        packet = metadata.xmp_without_thumbnails(body.removeprefix(_XMP))
        body = _XMP + (metadata.xmp_without_gps(packet) if policy == "strip_gps" else packet)
    elif marker == _APP13 and body.startswith(_PHOTOSHOP):
        body = _PHOTOSHOP + _without_thumbnail_resources(body.removeprefix(_PHOTOSHOP))
    return [(marker, body)]


def _without_jfif_thumbnail(body: bytes) -> bytes:
    """Keep version, unit and density; the last two bytes give the size of a thumbnail that may follow."""
    return body[:12] + b"\x00\x00" if len(body) >= 14 else body


def _without_thumbnail_resources(resources: bytes) -> bytes:
    """Walk Photoshop's resources: signature, number, padded name, length, padded data."""
    kept, position = [], 0
    while resources[position : position + 4] == b"8BIM" and position + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, position + 4)
        name = 1 + resources[position + 6]
        start = position + 6 + name + name % 2
        if start + 4 > len(resources):
            break
        (length,) = struct.unpack_from(">I", resources, start)
        end = start + 4 + length + length % 2
        if number not in _PHOTOSHOP_THUMBNAILS:
            kept.append(resources[position:end])
        position = end
    return b"".join(kept)


def _written(segment: Segment) -> bytes:
    marker, body = segment
    return struct.pack(">BBH", 0xFF, marker, len(body[:_SEGMENT_MAX]) + 2) + body[:_SEGMENT_MAX]
