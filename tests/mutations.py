"""Files that were damaged: by chance, by a bad line, or by somebody who knows the format."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

from tests.photos import png_chunk

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Values at which lengths, counts and offsets go wrong.
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated(data: bytes, seed: int, *, others: tuple[bytes, ...] = ()) -> bytes:
    """Return the file with one to four things wrong, always the same for a seed. `others` are files to splice with."""
    choose = random.Random(seed)
    ways = [_flip_bits, _cut, _drop, _repeat, _overwrite_number, _overwrite_bytes]
    if others:
        ways.append(lambda data, choose: _splice(data, choose.choice(others), choose))
    if data.startswith(_PNG_SIGNATURE):
        ways += [_change_png_chunks] * 4
    if data.startswith(b"\xff\xd8"):
        ways += [_change_jpeg_segments] * 4
    if data.startswith(b"RIFF"):
        ways += [_change_riff_chunks] * 4
    for _ in range(choose.randint(1, 4)):
        if data:
            data = choose.choice(ways)(data, choose)
    return data


def _flip_bits(data: bytes, choose: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(choose.choice((1, 1, 3, 20))):
        changed[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    return bytes(changed)


def _cut(data: bytes, choose: random.Random) -> bytes:
    return data[: choose.randrange(len(data))]


def _drop(data: bytes, choose: random.Random) -> bytes:
    start = choose.randrange(len(data))
    return data[:start] + data[start + choose.randint(1, 64) :]


def _repeat(data: bytes, choose: random.Random) -> bytes:
    start = choose.randrange(len(data))
    end = start + choose.randint(1, 200)
    return data[:end] + data[start:end] * choose.randint(1, 3) + data[end:]


def _overwrite_number(data: bytes, choose: random.Random) -> bytes:
    """In the first kilobyte, where headers are, more often than elsewhere."""
    kind = choose.choice(("<H", ">H", "<I", ">I"))
    within = min(len(data), 1024) if choose.random() < 0.7 else len(data)
    value = choose.choice(_EDGES) % (1 << 8 * struct.calcsize(kind))
    return _put(data, choose.randrange(within), struct.pack(kind, value))


def _overwrite_bytes(data: bytes, choose: random.Random) -> bytes:
    return _put(data, choose.randrange(len(data)), choose.randbytes(choose.randint(1, 32)))


def _splice(data: bytes, other: bytes, choose: random.Random) -> bytes:
    return data[: choose.randrange(len(data))] + other[choose.randrange(len(other)) :]


def _put(data: bytes, position: int, value: bytes) -> bytes:
    return data[:position] + value + data[position + len(value) :]


def _change_list(items: list[bytes], change: Callable[[bytes], bytes], choose: random.Random) -> bytes:
    """Drop, repeat, move or change one of the parts of a file."""
    if not items:
        return b""
    index = choose.randrange(len(items))
    how = choose.randrange(4)
    if how == 0:
        del items[index]
    elif how == 1:
        items.insert(choose.randrange(len(items) + 1), items[index])
    elif how == 2:
        items.insert(choose.randrange(len(items)), items.pop(index))
    else:
        items[index] = change(items[index])
    return b"".join(items)


def _change_png_chunks(data: bytes, choose: random.Random) -> bytes:
    """Chunks with right checksums, so that the decoder gets to see what is in them."""
    chunks, position = [], len(_PNG_SIGNATURE)
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunks.append(data[position : position + 12 + length])
        position += 12 + length

    def change(chunk: bytes) -> bytes:
        name, body = chunk[4:8], chunk[8:-4]
        if name == b"IDAT" and choose.random() < 0.5:
            raw = bytearray(zlib.decompressobj().decompress(body, 1 << 20) or b"\0")
            raw[choose.randrange(len(raw))] ^= 0xFF
            return png_chunk(name, zlib.compress(bytes(raw)))
        if choose.random() < 0.2:
            name = choose.choice((b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"zTXt", b"iTXt", b"acTL", b"pHYs"))
        return png_chunk(name, _flip_bits(body, choose) if body else choose.randbytes(13))

    try:
        return _PNG_SIGNATURE + _change_list(chunks, change, choose)
    except zlib.error:
        return _flip_bits(data, choose)


def _change_jpeg_segments(data: bytes, choose: random.Random) -> bytes:
    """Segments with right lengths: tables, frame and scan headers that say something else."""
    segments, position = [], 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, position + 2)
        segments.append(data[position : position + 2 + length])
        position += 2 + length

    def change(segment: bytes) -> bytes:
        if len(segment) <= 4:
            return segment
        at = choose.randrange(4, len(segment))
        return _put(segment, at, bytes([choose.choice((0, 1, 2, 3, 4, 17, 33, 34, 68, 127, 128, 255))]))[: len(segment)]

    return b"\xff\xd8" + _change_list(segments, change, choose) + data[position:]


def _change_riff_chunks(data: bytes, choose: random.Random) -> bytes:
    """Chunks of a WebP, and a length in front that is right again."""
    chunks, position = [], 12
    while position + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, position + 4)
        end = position + 8 + length + length % 2
        chunks.append(data[position:end])
        position = end

    body = b"WEBP" + _change_list(chunks, lambda chunk: chunk[:8] + _flip_bits(chunk[8:] or b"\0", choose), choose)
    return b"RIFF" + struct.pack("<I", len(body)) + body
