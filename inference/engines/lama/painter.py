"""Runs the generator on a device within its memory: batches are halved when they do not fit, and go to the CPU last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.engines.base import Crop, Image
from inference.engines.lama.fused import Window
from inference.errors import BadOutput, OutOfMemory

logger = logging.getLogger(__name__)

_CPU_OUT_OF_MEMORY = ("allocate memory", "not enough memory", "bad_alloc")  # torch has no class of its own for it


class Network(Protocol):
    """What paints: see `fused.FusedGenerator`."""

    device: torch.device

    def __call__(self, image: Tensor, mask: Tensor, window: Window) -> Tensor: ...


class Painter:
    """Paints crops of one size whose sides the network takes. One thread at a time."""

    def __init__(self, network: Network, *, spare: Callable[[], Network] | None = None) -> None:
        """`spare` makes the network that stands in, on the CPU, when one crop alone does not fit the device."""
        self._network = network
        self._make_spare = spare
        self._spare: Network | None = None

    def paint(self, crops: Sequence[Crop]) -> list[Image]:
        """Return each crop, H×W×3 uint8, painted in and around its hole; what lies further off is left black.

        Raises `OutOfMemory` when even one crop fits neither the device nor the CPU, `BadOutput` if the network gives
        no numbers.
        """
        try:
            return _paint(self._network, crops)
        except OutOfMemory:
            _free(self._network.device)
            if len(crops) > 1:
                logger.warning("%d crops do not fit %s together", len(crops), self._network.device)
                middle = len(crops) // 2
                return self.paint(crops[:middle]) + self.paint(crops[middle:])
            if self._make_spare is None:
                raise
        logger.warning("a crop of %s does not fit %s: painting on the CPU", crops[0].mask.shape, self._network.device)
        if self._spare is None:
            self._spare = self._make_spare()
        return _paint(self._spare, crops)


def _paint(network: Network, crops: Sequence[Crop]) -> list[Image]:
    window = _hole(np.logical_or.reduce([crop.mask for crop in crops]))
    try:
        image = _to_tensor(np.stack([crop.image for crop in crops]), network.device) / 255
        mask = _to_tensor(np.stack([crop.mask[:, :, None] for crop in crops]), network.device)
        colours = network(image, mask, window)
        if not bool(torch.isfinite(colours).all()):
            raise BadOutput("The network gave no numbers. Try again.")
        pixels = (colours * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    except torch.OutOfMemoryError as error:
        raise OutOfMemory from error
    except RuntimeError as error:
        if any(words in str(error) for words in _CPU_OUT_OF_MEMORY):
            raise OutOfMemory from error
        raise
    painted = np.zeros((len(crops), *crops[0].image.shape), np.uint8)
    painted[:, window[0], window[1]] = pixels
    return list(painted)


def _hole(mask: NDArray[np.bool_]) -> Window:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _to_tensor(batch: NDArray[np.generic], device: torch.device) -> Tensor:
    tensor: Tensor = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).float()
    return tensor


def _free(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
