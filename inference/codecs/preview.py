"""Small pictures for pages that list results."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.codecs import colours
from inference.codecs.photo import Photo

SIDE_PX_MAX = 480
_WEBP_QUALITY = 80


def make_preview(rgb: NDArray[np.uint8], photo: Photo) -> bytes:
    """Shrink a picture (H×W×3 uint8, of `photo`'s size and colours) to a WebP of at most 480 pixels a side, in sRGB.

    Transparency is shown as it was in `photo`.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, SIDE_PX_MAX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    if photo.layout in _COLOUR_LAYOUTS:
        image = colours.to_srgb(image, photo.metadata.icc)
    if photo.alpha is not None:
        small = np.asarray(cv2.resize(photo.alpha, size, interpolation=cv2.INTER_AREA), photo.alpha.dtype)
        image.putalpha(Image.fromarray(colours.to_8_bit(small)))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=2)
    return buffer.getvalue()


_COLOUR_LAYOUTS = ("P", "RGB", "RGB16", "RGBA", "RGBA16")  # CMYK is sRGB by now; a grey profile is for grey samples
