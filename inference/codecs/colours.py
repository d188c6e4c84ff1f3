"""From a file's own samples to working RGB, and back for the filled pixels alone."""

from __future__ import annotations

import io
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from inference.codecs.photo import Layout, Photo, Samples

# A fill keeps the palette if no channel of any pixel is further than this from its nearest colour: about what
# a palette of 256 colours does to a photo in the first place.
_PALETTE_ERROR_MAX = 12
PROFILE_ERRORS = (OSError, ImageCms.PyCMSError)  # what a profile that cannot convert raises
_PALETTE_STEP = 4096  # unique colours compared at a time: 4096 × 256 × 4 values are 17 MB


def displayed(
    native: Samples, layout: Layout, palette: NDArray[np.uint8] | None, icc: bytes | None
) -> tuple[NDArray[np.uint8], Samples | None]:
    """Return what a viewer shows: H×W×3 uint8, and alpha (H×W, its own bit depth) or None if the layout has none."""
    if layout == "RGB":
        return cast("NDArray[np.uint8]", native), None  # itself: it is sent to other processes once
    if layout == "CMYK":
        return _cmyk_to_rgb(native.view(np.uint8), icc), None
    if layout == "P":
        assert palette is not None  # noqa: S101  # decode never builds a P photo without one
        shown = palette[native]
        opacity = np.ascontiguousarray(shown[..., 3]) if (palette[:, 3] != 255).any() else None
        return np.ascontiguousarray(shown[..., :3]), opacity
    colour, alpha = _split_alpha(native, layout)
    colour8 = to_8_bit(colour)
    if colour8.ndim == 2:
        colour8 = np.repeat(colour8[:, :, None], 3, axis=2)
    return np.ascontiguousarray(colour8), alpha


def written_back(
    photo: Photo, filled_rgb: NDArray[np.uint8], changed: NDArray[np.bool_]
) -> tuple[Samples, Layout, NDArray[np.uint8] | None]:
    """Return (native samples, layout, palette) with the changed pixels filled; every other sample is the photo's own.

    A palette that cannot hold the fill is widened to RGB or RGBA: other samples, the same colours.
    """
    if photo.layout == "RGB":
        return filled_rgb, "RGB", None
    values = filled_rgb[changed]
    alphas = _filled_alpha(photo.alpha, changed) if photo.alpha is not None else None
    if photo.layout == "P":
        return _into_palette(photo, values, alphas, changed)
    native = photo.native.copy()
    native[changed] = _native_values(photo, values, alphas)
    return native, photo.layout, None


def to_8_bit(samples: Samples) -> NDArray[np.uint8]:
    """Scale 16-bit samples to 8; 8-bit ones are returned as they are."""
    if samples.dtype == np.uint8:
        return samples.view(np.uint8)
    # Rounds v / 257 for every 16-bit v.
    return np.asarray((samples.astype(np.uint32) * 255 + 32895) >> 16, np.uint8)


def _split_alpha(native: Samples, layout: Layout) -> tuple[Samples, Samples | None]:
    if not layout.startswith(("LA", "RGBA")):
        return native, None
    alpha = np.ascontiguousarray(native[..., -1])
    return (native[..., 0] if layout.startswith("LA") else native[..., :3]), alpha


def _native_values(photo: Photo, values: NDArray[np.uint8], alphas: Samples | None) -> Samples:
    """N×3 uint8 RGB (and N alphas) as N native samples."""
    layout = photo.layout
    if layout == "CMYK":
        return _rgb_to_cmyk(values, photo.metadata.icc)
    colour: Samples = values if layout.startswith("RGB") else _grey(values)
    if layout == "1":
        return np.where(colour >= 128, np.uint8(255), np.uint8(0))
    if photo.native.dtype == np.uint16:
        colour = colour.astype(np.uint16) * np.uint16(257)
    if alphas is None:
        return colour
    return np.column_stack((colour, alphas))


def _grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # ITU-R BT.601 luma; exact for colours that are grey already.
    weights = np.array([19595, 38470, 7471], np.uint32)  # of 65536
    return np.asarray((values.astype(np.uint32) @ weights + 32768) >> 16, np.uint8)


def _filled_alpha(alpha: Samples, changed: NDArray[np.bool_]) -> Samples:
    """N alpha values for the changed pixels: each that of the nearest unchanged pixel.

    Without this a removed object would live on as a silhouette in the transparency.
    """
    inside, outside = alpha[changed], ~changed
    if inside.size == 0 or not outside.any() or alpha.min() == alpha.max():
        return inside
    top, bottom, left, right = _around(changed)
    known = outside[top:bottom, left:right]
    labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    by_label = np.zeros(int(labels.max()) + 1, alpha.dtype)
    by_label[labels[known]] = alpha[top:bottom, left:right][known]
    nearest: Samples = by_label[labels[~known]]
    return nearest


def _around(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of the mask's bounding box, one pixel wider where the picture allows."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return max(rows[0] - 1, 0), min(rows[-1] + 2, height), max(columns[0] - 1, 0), min(columns[-1] + 2, width)


def _into_palette(
    photo: Photo, values: NDArray[np.uint8], alphas: Samples | None, changed: NDArray[np.bool_]
) -> tuple[Samples, Layout, NDArray[np.uint8] | None]:
    assert photo.palette is not None  # noqa: S101  # as above
    wanted = np.column_stack((values, np.full(len(values), 255, np.uint8) if alphas is None else alphas))
    colours, which = np.unique(wanted, axis=0, return_inverse=True)
    indices, error = _nearest(colours.astype(np.int16), photo.palette.astype(np.int16))
    if error <= _PALETTE_ERROR_MAX:
        native = photo.native.copy()
        native[changed] = indices[which.ravel()]
        return native, "P", photo.palette
    shown = photo.palette[photo.native]
    shown[changed] = wanted
    if alphas is None:
        return np.ascontiguousarray(shown[..., :3]), "RGB", None
    return shown, "RGBA", None


def _nearest(colours: NDArray[np.int16], palette: NDArray[np.int16]) -> tuple[NDArray[np.uint8], int]:
    """Nearest palette index of each colour, and the largest channel error of them all."""
    indices = np.zeros(len(colours), np.uint8)
    error = 0
    for start in range(0, len(colours), _PALETTE_STEP):
        away = np.abs(colours[start : start + _PALETTE_STEP, None] - palette[None]).max(axis=2)
        indices[start : start + _PALETTE_STEP] = away.argmin(axis=1)
        error = max(error, int(away.min(axis=1).max()))
        if error > _PALETTE_ERROR_MAX:
            break
    return indices, error


def _cmyk_to_rgb(cmyk: NDArray[np.uint8], icc: bytes | None) -> NDArray[np.uint8]:
    image = Image.frombytes("CMYK", (cmyk.shape[1], cmyk.shape[0]), cmyk.tobytes())
    return np.array(image.convert("RGB") if icc is None else _through(image, icc, _srgb(), "RGB"))


def _rgb_to_cmyk(values: NDArray[np.uint8], icc: bytes | None) -> NDArray[np.uint8]:
    if len(values) == 0:
        return np.zeros((0, 4), np.uint8)
    image = Image.fromarray(values[None])
    inks = np.array(image.convert("CMYK") if icc is None else _through(image, _srgb(), icc, "CMYK"), np.uint8)
    return inks.reshape(-1, 4)


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert a small RGB picture to sRGB, for previews. Without a usable profile it is returned as it is."""
    if icc is None:
        return image
    return _through(image, icc, _srgb(), "RGB")


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _through(image: Image.Image, source: bytes, target: bytes, mode: str) -> Image.Image:
    turned = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(source)),
        ImageCms.ImageCmsProfile(io.BytesIO(target)),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode=mode,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert turned is not None  # noqa: S101  # None is for in-place conversion, which was not asked for
    return turned
