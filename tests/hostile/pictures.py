"""Picture files that no camera writes, made byte by byte. Sizes are (width, height)."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.jobs.conftest import SIZE, encoded, photo
from tests.photos import exif, png_chunk

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = png_chunk(b"IEND", b"")
BOMB_BYTES = 50_000_000


def header(width: int = 64, height: int = 64, *, interlaced: bool = False) -> bytes:
    """IHDR of an 8-bit grey PNG."""
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, int(interlaced)))


def pixels(raw: bytes = b"\0" * 65 * 64) -> bytes:
    """IDAT; by default of 64×64 black pixels."""
    return png_chunk(b"IDAT", zlib.compress(raw))


def png_of(*chunks: bytes) -> bytes:
    return SIGNATURE + b"".join(chunks)


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size and breaks off where its pixels should begin."""
    return png_of(header(width, height)) + (1_000).to_bytes(4, "big") + b"IDAT"


def png_with_text_bomb() -> bytes:
    return png_of(header(), png_chunk(b"zTXt", b"Comment\0\0" + _bomb()), pixels(), END)


def png_with_late_text_bomb() -> bytes:
    return png_of(header(), pixels(), png_chunk(b"zTXt", b"Comment\0\0" + _bomb()), END)


def png_of_a_million_chunks() -> bytes:
    return png_of(header(), png_chunk(b"teXt", b"") * 1_000_000, pixels(), END)


def png_with_profile_bomb() -> bytes:
    return png_of(header(), png_chunk(b"iCCP", b"icc\0\0" + _bomb()), pixels(), END)


def png_with_endless_pixels() -> bytes:
    """64×64 pixels, and 300 MB of zeros packed in 291 kB to fill them."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(300)) + packer.flush()
    return png_of(header(), png_chunk(b"IDAT", packed), END)


def png_interlaced(side: int) -> bytes:
    # A few bytes more than needed: each of the seven passes has filter bytes of its own.
    return png_of(header(side, side, interlaced=True), pixels(b"\0" * (side * side + 16 * side)), END)


def png_with_wrong_checksum() -> bytes:
    data = bytearray(photo())
    data[-20] ^= 0xFF  # the last bytes of IDAT are its checksum
    return bytes(data)


def animated_png() -> bytes:
    return _frames("PNG", 5)


def animated_webp() -> bytes:
    return _frames("WEBP", 4)


def two_frame_jpeg() -> bytes:
    return _frames("MPO", 2)


def two_page_tiff() -> bytes:
    return _frames("TIFF", 2)


def _frames(kind: str, count: int) -> bytes:
    first, *others = (Image.new("RGB", SIZE, (40 * index, 90, 120)) for index in range(count))
    return encoded(first, kind, save_all=True, append_images=others)


def tiff_whose_directory_follows_itself() -> bytes:
    """A grey page of 64×64 whose directory names itself as the next one."""
    entries = ((256, 64), (257, 64), (258, 8), (259, 1), (262, 1), (273, 200), (277, 1), (278, 64), (279, 4096))
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return (b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 8)).ljust(200, b"\0") + bytes(4096)


def jpeg(width: int = 320, height: int = 240) -> bytes:
    return photo("JPEG", size=(width, height))


def jpeg_that_claims(width: int, height: int) -> bytes:
    data = bytearray(jpeg())
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def cmyk_jpeg(*, inverted: bool) -> bytes:
    """A light grey in four inks: Adobe's programs store inks inverted and say so in a marker, as Pillow does."""
    data = encoded(Image.new("CMYK", SIZE, (30, 20, 20, 10)), "JPEG", quality=95)
    if inverted:
        return data
    marker = data.find(b"\xff\xee")
    length = int.from_bytes(data[marker + 2 : marker + 4], "big")
    plain = encoded(Image.new("CMYK", SIZE, (225, 235, 235, 245)), "JPEG", quality=95)
    return plain[:marker] + plain[marker + 2 + length :]


def jpeg_turned(orientation: int) -> bytes:
    return photo("JPEG", exif=exif(orientation=orientation))


def jpeg_with_broken_exif() -> bytes:
    return photo("JPEG", exif=b"Exif\0\0" + b"junk" * 30)


def zip_bomb_like() -> bytes:
    """The first entry of an archive that unpacks to much more than it is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(bytes(5_000_000)) + packer.flush()
    name = b"lib 0.zip"
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(packed), 5_000_000, len(name), 0)
    return b"PK\x03\x04" + facts + name + packed


def high_definition_image_container() -> bytes:
    """The beginning of a HEIC file, for which no decoder is installed."""
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def flat(mode: str, colour: int | tuple[int, ...], size: tuple[int, int] = SIZE) -> bytes:
    return encoded(Image.new(mode, size, colour))


def fully_transparent() -> bytes:
    picture = Image.open(io.BytesIO(photo())).convert("RGB")
    picture.putalpha(0)
    return encoded(picture)


def _bomb() -> bytes:
    return zlib.compress(bytes(BOMB_BYTES), 9)


SVG_THAT_FETCHES = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "http://127.0.0.1/x">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
)

# Starts of files whose parsers have had holes (PSD: CVE-2026-25990, FITS: CVE-2026-40192, DDS, JPEG 2000, …). Pillow
# knows all of these; none of them may reach its parser.
DANGEROUS: dict[str, bytes] = {
    "ICO": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0" + bytes(64),
    "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 64, 64, 8, 3) + b"\xff" * 64,
    "FITS": b"SIMPLE  =                    T".ljust(80) + b"NAXIS   =           2147483647".ljust(80) + b" " * 2720,
    "DDS": b"DDS " + struct.pack("<I", 124) + b"\xff" * 120,
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64),
    "J2K stream": b"\xff\x4f\xff\x51" + b"\xff" * 64,
    "QOI": b"qoif" + struct.pack(">IIBB", 64, 64, 4, 0) + b"\xfe" * 64,
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n(%pipe%id) (w) file\n",
    "GIF": b"GIF89a" + bytes(32),
    "PDF": b"%PDF-1.7\n",
}
