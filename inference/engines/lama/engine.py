"""LaMa as an engine: pads, batches and runs crops on one device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference import weights
from inference.engines.base import Crop, EngineSpec, Image
from inference.engines.lama.checkpoint import load_generator
from inference.errors import BadOutput, OutOfMemory

# Trained on 256-pixel crops, the network holds up to about four times that; beyond, structure gets lost and the cost
# of a crop grows with its area all the same.
_BEST_SIDE_PX = 768
_SIDE_PX_MAX = 1024  # larger crops are worked at this size and the fill enlarged
_BATCH_PIXELS = 4 * 1024 * 1024  # bounds the memory of one run


class LamaEngine:
    """Fills holes with a LaMa generator. Safe to call from one thread at a time."""

    def __init__(self, weights_path: Path, *, device: str = "auto") -> None:
        """Load the weights. `device` is `auto`, `cpu` or `cuda`. Raises `BadWeights`."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._generator = load_generator(weights_path).to(device)
        self._spec = EngineSpec(
            name="lama", device=device, best_side_px=_BEST_SIDE_PX, weights_sha256=weights.hash_file(weights_path)
        )

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    def warm_up(self) -> None:
        """Run once on nothing, so that the first job does not pay for start-up."""
        self.fill([Crop(np.zeros((64, 64, 3), np.uint8), np.eye(64, dtype=bool))])

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        """Return each crop filled, H×W×3 uint8, untouched outside its mask. Equal-sized crops run together.

        Raises `OutOfMemory`, and `BadOutput` if the network gives no numbers.
        """
        works = [_shrunk(crop) for crop in crops]
        painted: dict[int, Image] = {}
        for indices in self._batches(works):
            painted.update(zip(indices, self._paint([works[index] for index in indices]), strict=True))
        return [_fitted(painted[index], crop) for index, crop in enumerate(crops)]

    def _batches(self, works: Sequence[Crop]) -> Iterator[list[int]]:
        by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, work in enumerate(works):
            by_size[work.mask.shape].append(index)
        for (height, width), indices in by_size.items():
            together = max(1, _BATCH_PIXELS // (height * width))
            for start in range(0, len(indices), together):
                yield indices[start : start + together]

    def _paint(self, works: Sequence[Crop]) -> list[Image]:
        """Run crops of one size through the network. Pixels outside the masks are painted too."""
        height, width = works[0].mask.shape
        image = _to_tensor(np.stack([self._padded(work.image) for work in works]), self._spec.device) / 255
        mask = _to_tensor(np.stack([self._padded(work.mask[:, :, None]) for work in works]), self._spec.device)
        try:
            with torch.inference_mode():
                output = self._generator(image, mask)[:, :, :height, :width]
                if not bool(torch.isfinite(output).all()):
                    raise BadOutput("The network gave no numbers. Try again.")
                pixels = (output * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemory from error
        except RuntimeError as error:
            if "allocate memory" in str(error) or "not enough memory" in str(error):  # the CPU's way of saying it
                raise OutOfMemory from error
            raise
        return list(pixels)

    def _padded(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """Mirror the picture at its lower and right border up to a size the network takes."""
        step = self._generator.sizes.multiple_px
        sides = [max(2 * step, -(-side // step) * step) for side in array.shape[:2]]
        padding = [(0, sides[0] - array.shape[0]), (0, sides[1] - array.shape[1]), (0, 0)]
        return np.pad(array, padding, mode="symmetric")


def _to_tensor(batch: NDArray[np.generic], device: str) -> torch.Tensor:
    tensor: torch.Tensor = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).float()
    return tensor


def _shrunk(crop: Crop) -> Crop:
    """Scale a crop down to what the network can overlook. A pixel that is partly hole is hole."""
    height, width = crop.mask.shape
    scale = _SIDE_PX_MAX / max(height, width)
    if scale >= 1:
        return crop
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    known = crop.image * ~crop.mask[:, :, None]  # nothing of the object may bleed into its surround
    mask = cv2.resize(crop.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    return Crop(np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.uint8), mask)


def _fitted(painted: Image, crop: Crop) -> Image:
    height, width = crop.mask.shape
    if painted.shape[:2] != (height, width):
        painted = np.asarray(cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.where(crop.mask[:, :, None], painted, crop.image)
