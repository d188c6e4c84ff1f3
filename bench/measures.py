"""How near a fill is to the truth. No measure tells all: a blur wins PSNR, a collage wins texture."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from inference.engines.base import Image as Pixels
from inference.engines.base import Mask

_PATCH, _PROJECTIONS = 7, 32
_GRADIENT_FLOOR = 170.0  # the constant of Xue et al. for 8-bit pictures


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of one fill inside its hole. Higher is better for the first two, lower for the rest."""

    psnr: float
    ssim: float
    gmsd: float
    """Gradient magnitude similarity deviation (Xue et al. 2014)."""
    texture: float
    """Sliced Wasserstein distance between the 7×7 patches of fill and truth."""
    seam: float
    """How much more the picture changes across the hole's border than it does around it, in grey levels."""
    seconds: float


MEASURES = tuple(field.name for field in fields(Score))


def score(filled: Pixels, truth: Pixels, mask: Mask, seconds: float) -> Score:
    """Compare H×W×3 pictures inside `mask`."""
    error = (filled[mask].astype(float) - truth[mask]) ** 2
    _, similarity = structural_similarity(truth, filled, channel_axis=2, full=True)  # type: ignore[no-untyped-call]
    return Score(
        psnr=float(10 * np.log10(255**2 / max(error.mean(), 1e-9))),
        ssim=float(similarity[mask].mean()),
        gmsd=_gradient_deviation(filled, truth, mask),
        texture=_texture_distance(filled, truth, mask),
        seam=_seam(filled, mask),
        seconds=seconds,
    )


def _gradient_deviation(filled: Pixels, truth: Pixels, mask: Mask) -> float:
    ours, true = (_gradient(picture) for picture in (filled, truth))
    similarity = (2 * ours * true + _GRADIENT_FLOOR) / (ours**2 + true**2 + _GRADIENT_FLOOR)
    return float(similarity[mask].std())


def _gradient(picture: Pixels) -> np.ndarray:
    grey = picture.mean(axis=2).astype(np.float32)
    kernel = np.array([[1, 0, -1]] * 3, np.float32) / 3
    across, down = cv2.filter2D(grey, -1, kernel), cv2.filter2D(grey, -1, kernel.T)
    return np.asarray(np.hypot(across, down))


def _texture_distance(filled: Pixels, truth: Pixels, mask: Mask) -> float:
    """Sliced Wasserstein distance between the patches of fill and truth inside the hole."""
    random = np.random.default_rng(0)
    whole = cv2.erode(mask.astype(np.uint8), np.ones((_PATCH, _PATCH)), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    centres = np.argwhere(whole > 0)
    if len(centres) < _PROJECTIONS:
        return 0.0
    centres = centres[random.integers(0, len(centres), 2000)]
    reach = np.arange(_PATCH) - _PATCH // 2
    rows, columns = centres[:, 0, None, None] + reach[:, None], centres[:, 1, None, None] + reach
    ours, true = (picture[rows, columns].reshape(len(centres), -1).astype(np.float32) for picture in (filled, truth))
    directions = random.normal(size=(ours.shape[1], _PROJECTIONS)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    return float(np.abs(np.sort(ours @ directions, axis=0) - np.sort(true @ directions, axis=0)).mean())


def _seam(filled: Pixels, mask: Mask) -> float:
    """How much more the picture changes across the mask's border than it does around it."""
    grey = filled.mean(axis=2)
    crossing, usual = [], []
    around = cv2.dilate(mask.astype(np.uint8), np.ones((31, 31))) > 0
    for axis in (0, 1):
        change = np.abs(np.diff(grey, axis=axis))
        one, two = (np.take(mask, range(*span), axis) for span in ((0, mask.shape[axis] - 1), (1, mask.shape[axis])))
        near = np.take(around, range(mask.shape[axis] - 1), axis)
        crossing.append(change[one != two])
        usual.append(change[(one == two) & near])
    return float(np.concatenate(crossing).mean() - np.concatenate(usual).mean())
