"""A filled photo becomes a file: in its own format unless asked otherwise, every sample outside the hole its own."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from inference.codecs import colours, metadata, orientation, png
from inference.codecs.metadata import MetadataPolicy
from inference.codecs.photo import Layout, Metadata, Photo, Samples
from inference.codecs.segments import with_metadata_of
from inference.codecs.splice import CannotSplice, splice

logger = logging.getLogger(__name__)

# Where the source has no tables to keep. 90 is where differences stop being seen side by side; from there on chroma
# is kept in full, because the larger file is what was asked for.
_QUALITY_DEFAULT = 90
_FULL_CHROMA_QUALITY = 90
_JPEG_SEGMENT_MAX = 65_500  # a segment's 65,533 bytes less its prefix
_LOSSLESS_FORMATS = ("png", "bmp", "tiff")

# Schemes that libtiff writes without loss; others (JPEG inside TIFF) become the first.
_TIFF_SCHEMES = ("tiff_adobe_deflate", "raw", "tiff_lzw", "packbits", "tiff_deflate", "zstd", "lzma")
_TIFF_FAX_SCHEMES = ("group3", "group4")  # for one-bit pictures only
_TIFF_XMP_TAG = 700
_TIFF_SOFTWARE_TAG = 305
_TIFF_TEXT_TAGS = (270, 271, 272, 306, 315, 33432)  # description, maker, model, date, artist, copyright


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """An output file."""

    data: bytes
    content_type: str
    format: str
    is_lossless: bool
    """Every sample outside the hole is the input's own (where a palette was widened: every colour)."""
    notes: tuple[str, ...] = ()
    """What had to change besides the hole, in sentences for the receipt."""
    mcus_total: int | None = None
    """Blocks of the JPEG that the output was spliced from; None where everything was encoded anew."""
    mcus_reencoded: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """What is about to be written."""

    samples: Samples
    layout: Layout
    palette: NDArray[np.uint8] | None
    metadata: Metadata
    source: Photo
    quality: int | None

    @property
    def is_lossless_webp(self) -> bool:
        return self.quality is None and self.source.compression.is_lossless


def encode(
    photo: Photo,
    filled_rgb: NDArray[np.uint8],
    changed: NDArray[np.bool_],
    *,
    output_format: str | None = None,
    quality: int | None = None,
    metadata_policy: MetadataPolicy = "keep",
) -> Encoded:
    """Write `photo` with the pixels under `changed` (H×W bool) taken from `filled_rgb` (H×W×3 uint8).

    Without `output_format` (a key of the formats below) the output is the input's own format with its own tables and
    losslessness, and of a JPEG only the blocks with changed pixels are encoded, unless all of them are. `quality` (1 to 100) is for JPEG, AVIF
    and WebP, and makes WebP lossy.
    """
    target = output_format or photo.format
    samples, layout, palette = colours.written_back(photo, filled_rgb, changed)
    notes: list[str] = []
    # Where everything changed there is no block to keep.
    if target == photo.format == "jpeg" and quality is None and not changed.all():
        try:
            return _spliced(photo, samples, changed, metadata_policy)
        except (CannotSplice, OSError, ValueError) as error:
            logger.info("JPEG encoded anew: %s", error)
            notes.append("The blocks of this kind of JPEG cannot be kept: the whole picture was encoded again.")
    picture = _Picture(
        samples=samples,
        layout=layout,
        palette=palette,
        metadata=metadata.under_policy(photo.metadata, metadata_policy),
        source=photo,
        quality=quality,
    )
    if photo.layout == "P" and layout != "P":
        notes.append(f"The palette could not hold the filled colours: the output is {layout}.")
    # Few programs show CMYK; who converts a print file to a screen format wants RGB.
    is_kept = layout in _LAYOUTS[target] and not (layout == "CMYK" and target != photo.format)
    if not is_kept:
        picture, sentences = _reduced(picture, target)
        notes += sentences
    packs_losslessly = target in _LOSSLESS_FORMATS or (target == "webp" and picture.is_lossless_webp)
    return Encoded(
        data=_WRITERS[target](picture),
        content_type=f"image/{target}",
        format=target,
        is_lossless=packs_losslessly and (is_kept or not _loses_samples(photo)),
        notes=tuple(notes),
    )


def _spliced(photo: Photo, samples: Samples, changed: NDArray[np.bool_], metadata_policy: MetadataPolicy) -> Encoded:
    """Raises `CannotSplice`, or what reading an odd file raises."""
    if photo.jpeg is None:
        raise CannotSplice("several pictures in one file")
    before, after, mask = (orientation.stored(array, photo.orientation) for array in (photo.native, samples, changed))
    spliced = splice(photo.jpeg, before, after, mask, is_progressive=photo.compression.jpeg_is_progressive)
    data = with_metadata_of(
        photo.jpeg,
        spliced.data,
        policy=metadata_policy,
        orientation=photo.orientation,
        has_icc=photo.metadata.icc is not None,
        source_type=photo.metadata.source_type,
    )
    return Encoded(
        data=data,
        content_type="image/jpeg",
        format="jpeg",
        is_lossless=False,
        mcus_total=spliced.mcus_total,
        mcus_reencoded=spliced.mcus_reencoded,
    )


def _loses_samples(photo: Photo) -> bool:
    return photo.layout == "CMYK" or photo.native.dtype == np.uint16


def _reduced(picture: _Picture, target: str) -> tuple[_Picture, list[str]]:
    """Bring the picture into a layout the format knows: 8 bits, grey or RGB, alpha where there is room for it."""
    notes = []
    if picture.layout == "CMYK":
        notes.append("CMYK was converted to sRGB.")
    if picture.samples.dtype == np.uint16:
        notes.append(f"{target.upper()} holds 8 bits per channel: 16 were reduced.")
    rgb, alpha = colours.displayed(picture.samples, picture.layout, picture.palette, picture.metadata.icc)
    layout: Layout = "RGB"
    samples = rgb
    if alpha is not None and target == "jpeg":
        samples = _on_white(rgb, colours.to_8_bit(alpha))
        notes.append("JPEG has no transparency: the picture was put on white.")
    elif alpha is not None:
        layout, samples = "RGBA", np.dstack((rgb, colours.to_8_bit(alpha)))
    if target == "jpeg" and picture.layout in ("1", "L16", "LA", "LA16"):
        layout, samples = "L", np.ascontiguousarray(samples[..., 0])
    icc = metadata.usable_icc(picture.metadata.icc, layout)
    reduced = replace(
        picture, samples=samples, layout=layout, palette=None, metadata=replace(picture.metadata, icc=icc)
    )
    return reduced, notes


def _on_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flat = np.empty_like(rgb)
    for channel in range(3):  # one channel at a time keeps the 16-bit intermediates small
        over = rgb[..., channel].astype(np.uint16) * alpha + 255 * (255 - alpha.astype(np.uint16))
        flat[..., channel] = (over + 127) // 255
    return flat


def _write_jpeg(picture: _Picture) -> bytes:
    found, packing = picture.metadata, picture.source.compression
    options: dict[str, Any] = {"icc_profile": found.icc, "dpi": found.dpi or (0, 0)}
    if found.exif and len(found.exif) < _JPEG_SEGMENT_MAX:
        options["exif"] = b"Exif\x00\x00" + found.exif
    if found.xmp and len(found.xmp) < _JPEG_SEGMENT_MAX:
        options["xmp"] = found.xmp
    if picture.quality is None and packing.jpeg_tables:
        options["qtables"] = list(packing.jpeg_tables)
        options["subsampling"] = packing.jpeg_sampling
        options["progressive"] = packing.jpeg_is_progressive
    else:
        options["quality"] = picture.quality or _QUALITY_DEFAULT
        options["subsampling"] = 0 if options["quality"] >= _FULL_CHROMA_QUALITY else 2
    return _saved(_as_image(picture), "JPEG", options)


def _write_png(picture: _Picture) -> bytes:
    found = picture.metadata
    chunks = list(found.png_chunks)
    if found.icc:
        chunks.append(png.icc_chunk(found.icc))
    if found.xmp:
        chunks.append(png.xmp_chunk(found.xmp))
    if found.exif:
        chunks.append((b"eXIf", found.exif))
    if found.dpi and not any(name == b"pHYs" for name, _ in chunks):
        chunks.append(png.resolution_chunk(found.dpi))
    return png.write_png(picture.samples, picture.layout, palette=picture.palette, chunks=chunks)


def _write_webp(picture: _Picture) -> bytes:
    # `exact` keeps the colours under full transparency. In lossless mode quality means effort.
    options: dict[str, Any] = {"exact": True, **_profiles(picture.metadata)}
    if picture.is_lossless_webp:
        options |= {"lossless": True, "quality": 20, "method": 1}
    else:
        options |= {"quality": picture.quality or _QUALITY_DEFAULT, "method": 3}
    return _saved(_as_image(picture), "WEBP", options)


def _write_avif(picture: _Picture) -> bytes:
    quality = picture.quality or _QUALITY_DEFAULT
    chroma = "4:4:4" if quality >= _FULL_CHROMA_QUALITY else "4:2:0"
    options = {"quality": quality, "subsampling": chroma, "speed": 8, **_profiles(picture.metadata)}
    return _saved(_as_image(picture), "AVIF", options)


def _write_bmp(picture: _Picture) -> bytes:
    if picture.layout == "RGBA":
        # Pillow writes the fourth channel without saying that it is alpha.
        return bytes(cv2.imencode(".bmp", picture.samples[..., [2, 1, 0, 3]])[1])
    return _saved(_as_image(picture), "BMP", {"dpi": picture.metadata.dpi} if picture.metadata.dpi else {})


def _write_tiff(picture: _Picture) -> bytes:
    if picture.samples.dtype == np.uint16:
        return _write_tiff_16(picture)
    found = picture.metadata
    scheme = picture.source.compression.tiff_scheme
    possible = _TIFF_SCHEMES + (_TIFF_FAX_SCHEMES if picture.layout == "1" else ())
    options: dict[str, Any] = {"compression": scheme if scheme in possible else _TIFF_SCHEMES[0]}
    if found.dpi:
        options["dpi"] = found.dpi
    if found.icc:
        options["icc_profile"] = found.icc
    if found.exif:
        options["exif"] = found.exif
    if found.xmp:
        options["tiffinfo"] = {_TIFF_XMP_TAG: found.xmp}
    return _saved(_as_image(picture), "TIFF", options)


def _write_tiff_16(picture: _Picture) -> bytes:
    """Pillow writes no 16-bit colour. Of the EXIF only the plain text tags survive here."""
    found = picture.metadata
    is_grey = picture.layout == "L16"
    extra: list[tuple[Any, ...]] = []
    software = ""
    if found.xmp:
        extra.append((_TIFF_XMP_TAG, 1, len(found.xmp), found.xmp, True))
    if found.exif:
        tags = Image.Exif()
        tags.load(found.exif)
        software = str(tags.get(_TIFF_SOFTWARE_TAG, ""))
        extra += [(tag, 2, None, tags[tag], True) for tag in _TIFF_TEXT_TAGS if isinstance(tags.get(tag), str)]
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        picture.samples,
        photometric="minisblack" if is_grey else "rgb",
        extrasamples=["unassalpha"] if picture.layout == "RGBA16" else None,
        compression=None if picture.source.compression.tiff_scheme == "raw" else "zlib",
        iccprofile=found.icc,
        resolution=found.dpi,
        resolutionunit="INCH" if found.dpi else None,
        extratags=extra,
        software=software,
        metadata=None,
    )
    return buffer.getvalue()


def _profiles(found: Metadata) -> dict[str, bytes]:
    named = {"icc_profile": found.icc, "exif": found.exif, "xmp": found.xmp}
    return {name: value for name, value in named.items() if value}


def _as_image(picture: _Picture) -> Image.Image:
    if picture.layout == "CMYK":
        height, width = picture.samples.shape[:2]
        return Image.frombytes("CMYK", (width, height), picture.samples.tobytes())
    image = Image.fromarray(picture.samples)
    if picture.layout == "1":
        return image.convert("1", dither=Image.Dither.NONE)
    if picture.palette is not None:
        image.putpalette(picture.palette[:, :3].tobytes(), "RGB")
    return image


def _saved(image: Image.Image, format_name: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[_Picture], bytes]] = {
    "png": _write_png,
    "jpeg": _write_jpeg,
    "webp": _write_webp,
    "avif": _write_avif,
    "bmp": _write_bmp,
    "tiff": _write_tiff,
}
_LAYOUTS: dict[str, frozenset[str]] = {
    "png": png.LAYOUTS,
    "jpeg": frozenset({"L", "RGB", "CMYK"}),
    "webp": frozenset({"RGB", "RGBA"}),
    "avif": frozenset({"RGB", "RGBA"}),
    "bmp": frozenset({"1", "L", "P", "RGB", "RGBA"}),
    "tiff": frozenset({"1", "L", "L16", "LA", "P", "RGB", "RGB16", "RGBA", "RGBA16", "CMYK"}),
}
