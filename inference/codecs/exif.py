"""EXIF blocks, changed in place: nothing else moves, so maker notes, which hold absolute positions, stay readable.

The layout is TIFF's (TIFF 6.0, section 2): byte order, position of the first directory, directories of 12-byte entries.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

PREFIX = b"Exif\x00\x00"
_ORIENTATION, _GPS = 0x0112, 0x8825
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_ENTRY = 12
_HEADER = 8  # byte order and the first directory's position
_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
_INTEGERS = {3: "H", 4: "I"}  # types of an orientation
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes of a value, by type


def upright(exif: bytes | None) -> bytes | None:
    """Return the block with orientation 1 and without thumbnail; None where it cannot be read."""
    return _edited(exif, _set_upright, _wipe_thumbnail) if exif else None


def without_thumbnail(exif: bytes) -> bytes | None:
    """Return the block without its small picture; None where it cannot be read."""
    return _edited(exif, _wipe_thumbnail)


def without_gps(exif: bytes) -> bytes | None:
    """Return the block without the directory that says where the photo was taken; None where it cannot be read."""
    return _edited(exif, _wipe_gps)


def only_orientation(orientation: int) -> bytes:
    """Return a block that says how the picture is to be turned, and nothing else."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)


def orientation_in(exif: bytes) -> int | None:
    """Return the orientation that the block says, None where it says none that can be read."""
    data = exif.removeprefix(PREFIX)
    order = _ORDERS.get(data[:4])
    if order is None:
        return None
    try:
        block = _Block(bytearray(data), order)
        entry = block.entries(block.first).get(_ORIENTATION)
        kind = None if entry is None else _INTEGERS.get(block.number("H", entry + 2))
        return None if entry is None or kind is None else block.number(kind, entry + 8)
    except struct.error:
        return None


class _Block:
    """A block under change."""

    def __init__(self, data: bytearray, order: str) -> None:
        self.data, self.order = data, order
        self.first = self.number("I", 4)

    def number(self, kind: str, position: int) -> int:
        return int(struct.unpack_from(self.order + kind, self.data, position)[0])

    def put(self, kind: str, position: int, value: int) -> None:
        struct.pack_into(self.order + kind, self.data, position, value)

    def entries(self, directory: int) -> dict[int, int]:
        """Map each tag of a directory to the position of its entry."""
        count = self.number("H", directory)
        positions = [directory + 2 + _ENTRY * index for index in range(count)]
        return {self.number("H", position): position for position in positions}

    def wipe(self, start: int, length: int) -> None:
        """Raises `struct.error` for a range that holds what the block itself is read by."""
        end = min(start + length, len(self.data))
        directory_end = self.first + 2 + _ENTRY * self.number("H", self.first)
        if start < _HEADER or (start < directory_end and end > self.first):
            raise struct.error("points into the first directory")
        self.data[start:end] = bytes(max(end - start, 0))


def _edited(exif: bytes, *changes: Callable[[_Block], None]) -> bytes | None:
    data = bytearray(exif.removeprefix(PREFIX))
    order = _ORDERS.get(bytes(data[:4]))
    if order is None:
        return None
    try:
        block = _Block(data, order)
        for change in changes:
            change(block)
    except struct.error:
        return None
    return bytes(block.data)


def _set_upright(block: _Block) -> None:
    entries = block.entries(block.first)
    if _ORIENTATION in entries:
        block.put("H", entries[_ORIENTATION] + 8, 1)


def _wipe_thumbnail(block: _Block) -> None:
    link = block.first + 2 + _ENTRY * block.number("H", block.first)
    if link + 4 > len(block.data):
        return  # some writers leave the link out: there is no second directory
    second = block.number("I", link)
    block.put("I", link, 0)
    if not 0 < second < len(block.data) - 2:
        return
    entries = block.entries(second)
    if _THUMBNAIL_OFFSET in entries and _THUMBNAIL_LENGTH in entries:
        start, length = (block.number("I", entries[tag] + 8) for tag in (_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH))
        block.wipe(start, length)


def _wipe_gps(block: _Block) -> None:
    entries = block.entries(block.first)
    if _GPS not in entries:
        return
    entry = entries[_GPS]
    directory = block.number("I", entry + 8)
    if 0 < directory < len(block.data) - 2:
        values = block.entries(directory).values()
        lengths = [_SIZES.get(block.number("H", value + 2), 1) * block.number("I", value + 4) for value in values]
        if sum(lengths) > len(block.data):  # thousands of values on top of each other would be wiped for minutes
            raise struct.error("values that do not fit into the block")
        for value, length in zip(values, lengths, strict=True):
            if length > 4:
                block.wipe(block.number("I", value + 8), length)
        block.wipe(directory, 2 + _ENTRY * block.number("H", directory))
    count = block.number("H", block.first)
    end = block.first + 2 + _ENTRY * count + 4  # with the link to the next directory
    block.data[entry : end - _ENTRY] = block.data[entry + _ENTRY : end]
    block.put("H", block.first, count - 1)
