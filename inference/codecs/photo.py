"""A decoded photo: what the engines see, and everything needed to write the rest of it back untouched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inference.codecs.origin import SourceType

Layout = Literal["1", "L", "L16", "LA", "LA16", "P", "RGB", "RGB16", "RGBA", "RGBA16", "CMYK"]
"""How native samples are laid out. `1` is stored as 0 and 255; `P` holds palette indices; `16` means 16 bits."""

Samples = NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What travels with the pixels. All of it describes the picture as displayed, without thumbnails."""

    icc: bytes | None = None
    exif: bytes | None = None
    """A TIFF-structured block, without the "Exif" prefix that JPEG puts before it."""
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()
    """Colour and text chunks of a PNG as (identifier, data), kept byte for byte."""
    source_type: SourceType | None = None
    """What the output's XMP is to say of how it came about; None adds nothing to it."""


@dataclass(frozen=True, kw_only=True)
class Compression:
    """How the file was packed, so that the output can be packed the same way."""

    is_lossless: bool
    jpeg_tables: tuple[list[int], ...] = ()
    """Quantisation tables of the components in reading order (the last one serves the rest), turned with the photo
    where EXIF turned it."""
    jpeg_sampling: int = 0
    """Pillow's code of the chroma sampling: 0 = 4:4:4, 1 = 4:2:2, 2 = 4:2:0."""
    jpeg_is_progressive: bool = False
    tiff_scheme: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """One decoded picture. Every array has the displayed orientation."""

    rgb: NDArray[np.uint8]
    """H×W×3 uint8: what the engines work on. CMYK is converted to sRGB, everything else keeps its colour space."""
    alpha: Samples | None
    """H×W uint8 or uint16, None for an opaque picture."""
    native: Samples
    """H×W or H×W×channels in the file's own samples. For layout `RGB` it is `rgb` itself."""
    layout: Layout
    palette: NDArray[np.uint8] | None = None
    """N×4 uint8 RGBA for layout `P`."""
    format: str
    metadata: Metadata = field(default_factory=Metadata)
    compression: Compression
    jpeg: bytes | None = None
    """The file, if it is a JPEG: what does not change is taken from it."""
    orientation: int = 1
    """How the file stores the picture, by EXIF."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.rgb.shape[1], self.rgb.shape[0]
