"""Damaged files of every kind: what comes out is a picture or a refusal, in a few seconds, and nothing else."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.codecs import exif, metadata, png, segments
from inference.codecs.decode import decode
from inference.codecs.photo import Photo
from inference.errors import UnreadableImage
from tests import photos
from tests.fuzz import examples
from tests.mutations import mutated

MAKERS: dict[str, Callable[[], bytes]] = {
    **photos.LOSSLESS,
    **photos.LOSSY,
    "JPEG with metadata": lambda: photos.sample_jpeg(
        exif=photos.exif_with_thumbnail(photos.sample_jpeg(16, 16)), icc_profile=photos.srgb_profile()
    ),
    "PNG with metadata": lambda: photos.saved(
        photos.with_alpha(), "PNG", exif=photos.exif(gps=True), icc_profile=photos.srgb_profile(), dpi=(72, 72)
    ),
}
FILES = {name: make() for name, make in MAKERS.items()}
# Pillow warns of oddities that it then gets over.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SEEDS = st.integers(0, 2**32)

# These files are small: more means that something grows without bound.
_SECONDS_MAX = 5


def _outcome(data: bytes) -> str:
    begin = time.monotonic()
    try:
        outcome = "a photo" if isinstance(decode(data), Photo) else "something else"
    except UnreadableImage:
        outcome = "refused"
    return outcome if time.monotonic() - begin < _SECONDS_MAX else "too late"


@examples(400)
@given(seed=SEEDS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WebP", "AVIF"])
def test_a_damaged_file_is_a_photo_or_refused(kind: str, seed: int) -> None:
    alike = sorted(name for name in FILES if kind in name.split())
    name = alike[seed % len(alike)]

    outcome = _outcome(mutated(FILES[name], seed, others=tuple(FILES.values())))

    assert outcome in ("a photo", "refused"), (name, seed)


def _with_png_length(data: bytes, chunk: bytes, length: int) -> bytes:
    at = data.index(chunk) - 4
    return data[:at] + struct.pack(">I", length) + data[at + 4 :]


def test_an_avif_without_a_picture_is_refused() -> None:
    assert _outcome(FILES["AVIF"].replace(b"pitm", b"none")) == "refused"


def test_a_png_whose_chunk_claims_4_gb_is_not_given_to_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    # Found by fuzzing: it took the 4 GB, and half a minute, for a file of 12 kB.
    given: list[object] = []
    monkeypatch.setattr("inference.codecs.decode.cv2.imdecode", lambda *arguments: given.append(arguments))

    _outcome(_with_png_length(photos.deep_png(1), b"IDAT", 0xFFFFFFFF))

    assert given == []


@examples(200)
@given(data=st.binary(max_size=200))
@pytest.mark.parametrize(
    "start", [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*", b"BM", b"RIFF"]
)
def test_bytes_that_are_no_file_are_refused(start: bytes, data: bytes) -> None:
    assert _outcome(start + data) == "refused"


_EXIF = photos.exif_with_thumbnail(photos.sample_jpeg(16, 16))
_GPS = photos.exif(gps=True, orientation=6)
_XMP = b"<x:xmpmeta><rdf:Description tiff:Orientation='6' exif:GPSLatitude='52,31N'><xmp:Thumbnails>x</xmp:Thumbnails>"


@examples(150)
@given(seed=SEEDS)
@pytest.mark.parametrize("change", [exif.upright, exif.without_thumbnail, exif.without_gps])
@pytest.mark.parametrize("block", [_EXIF, _GPS], ids=["thumbnail", "gps"])
def test_damaged_exif_is_rewritten_in_place_or_left_out(block: bytes, change, seed: int) -> None:
    damaged = mutated(block, seed)

    written = change(damaged)

    assert written is None or len(written) <= len(damaged)


@examples(150)
@given(seed=SEEDS)
def test_damaged_exif_never_gets_a_place_out_under_strip_gps(seed: int) -> None:
    written = exif.without_gps(mutated(_GPS, seed))

    assert written is None or 0x8825 not in _tags(written)


def test_whole_exif_is_kept_under_strip_gps_but_for_the_place() -> None:
    written = exif.without_gps(_GPS)

    assert written is not None
    assert {0x8825} == _tags(_GPS) - _tags(written)


def _tags(block: bytes) -> set[int]:
    """What Pillow reads in the first directory."""
    read = Image.Exif()
    with contextlib.suppress(OSError, SyntaxError, ValueError, struct.error):
        read.load(block)
    return set(read)


@examples(150)
@given(data=st.binary(max_size=300) | SEEDS.map(lambda seed: mutated(_XMP * 3, seed)))
def test_damaged_xmp_loses_its_place_and_thumbnails_once_and_for_all(data: bytes) -> None:
    bare = metadata.xmp_without_gps(metadata.xmp_without_thumbnails(data))

    assert metadata.xmp_without_gps(bare) == bare


@examples(150)
@given(seed=SEEDS)
def test_chunks_kept_of_a_damaged_png_lie_in_the_file(seed: int) -> None:
    data = mutated(FILES["PNG with metadata"], seed)

    assert all(body in data for _, body in png.kept_chunks(data))


@examples(150)
@given(seed=SEEDS, policy=st.sampled_from(["keep", "strip", "strip_gps"]))
def test_segments_of_a_damaged_jpeg_never_hide_its_picture(seed: int, policy: metadata.MetadataPolicy) -> None:
    whole = photos.sample_jpeg()
    damaged = mutated(FILES["JPEG with metadata"], seed)
    try:
        written = segments.with_metadata_of(damaged, whole, policy=policy, orientation=1)
    except ValueError:  # `encode` then writes the picture anew
        return

    assert photos.opened(written).size == photos.opened(whole).size


MEGABYTES_OF_XMP = {
    "spaces": b" " * 2_000_000,
    "tags that never close": b"<exif:GPSLatitude>" * 100_000,
    "tags that are never opened in full": b"<exif:GPSLatitude " * 100_000,
    "thumbnails that never close": b"<xmp:Thumbnails>" * 100_000,
    "tags of many names": b"".join(b"<exif:GPS%d>" % number for number in range(100_000)),
    "attributes without values": b" exif:GPSLatitude " * 100_000,
    "one name without end": b" exif:GPS" + b"a" * 2_000_000,
    "orientations without numbers": b"tiff:Orientation> " * 100_000,
}


@pytest.mark.parametrize("packet", MEGABYTES_OF_XMP.values(), ids=MEGABYTES_OF_XMP.keys())
def test_megabytes_of_odd_xmp_take_no_time(packet: bytes) -> None:
    # Found by looking: a hundred kilobytes of spaces took 16 seconds, twice as many four times as long.
    begin = time.monotonic()

    metadata.xmp_without_gps(metadata._upright_xmp(packet))

    assert time.monotonic() - begin < _SECONDS_MAX


def test_exif_with_thousands_of_places_on_top_of_each_other_takes_no_time() -> None:
    size = 20_000_000
    first = struct.pack("<HHHIII", 1, 0x8825, 4, 1, 26, 0)
    gps = struct.pack("<H", 65_535) + b"".join(
        struct.pack("<HHII", tag, 1, size - 900_000, 900_000) for tag in range(65_535)
    )
    block = b"II*\x00" + struct.pack("<I", 8) + first + gps
    begin = time.monotonic()

    written = exif.without_gps(block + bytes(size - len(block)))

    assert written is None
    assert time.monotonic() - begin < _SECONDS_MAX
