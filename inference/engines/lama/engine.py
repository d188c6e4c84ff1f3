"""LaMa as an engine: crops are brought to sizes the network takes, painted together where they are alike, and fitted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from inference import weights
from inference.engines.base import Crop, EngineSpec, Framing, Image
from inference.engines.lama.batcher import Batcher
from inference.engines.lama.checkpoint import load_generator
from inference.engines.lama.fused import FusedGenerator
from inference.engines.lama.painter import Painter

# Trained on 256-pixel crops, the network holds up to about four times that; beyond, structure gets lost.
_BEST_SIDE_PX = 1024
_PX_MAX = 5 * _BEST_SIDE_PX**2 // 4  # larger crops are worked at this size and the fill enlarged
# The cost is that of the crop, not of the hole: half a hole of surround, and no more than the 128 px that the tools
# in use give any hole.
_CONTEXT_SHARE, _CONTEXT_PX_MIN, _CONTEXT_PX_MAX = 0.5, 48, 128
# Sides are multiples of this, so that crops of nearly equal size are equal and can be painted together.
_STEP_PX = {"cpu": 16, "cuda": 64}
# Painted together at most; bounds the memory of one run to about 0.4 GB on a CPU and 3 GB on a GPU (docs/engines.md).
_TOGETHER_PX = {"cpu": 1024 * 1024, "cuda": 8 * 1024 * 1024}
_PRECISION = {torch.float32: "fp32", torch.bfloat16: "bf16"}


class LamaEngine:
    """Fills holes with a LaMa generator. Safe to call from several threads: their equal crops are painted together."""

    def __init__(self, weights_path: Path, *, device: str = "auto", precision: str = "auto") -> None:
        """Load the weights. `device` is `auto`, `cpu` or `cuda`, `precision` `auto`, `fp32` or `bf16`.

        Raises `BadWeights`.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._path = weights_path
        dtype = _dtype(device, precision)
        network = self._network(device, dtype)
        self._multiple_px = network.sizes.multiple_px
        self._step_px = max(_STEP_PX[device], 2 * self._multiple_px)
        spare = None if device == "cpu" else (lambda: self._network("cpu", _dtype("cpu", "auto")))
        painter = Painter(network, spare=spare)
        self._batcher = Batcher[Crop, Image](
            painter.paint,
            kind_of=lambda crop: crop.mask.shape,
            most_of=lambda crop: _TOGETHER_PX[device] // crop.mask.size,
        )
        self._spec = EngineSpec(
            name="lama",
            device=device,
            framing=Framing(
                best_side_px=_BEST_SIDE_PX,
                context_share=_CONTEXT_SHARE,
                context_px_min=_CONTEXT_PX_MIN,
                context_px_max=_CONTEXT_PX_MAX,
                px_max=_PX_MAX,
                step_px=self._step_px,
            ),
            precision=_PRECISION[dtype],
            weights_sha256=weights.hash_file(weights_path),
        )

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    def warm_up(self) -> None:
        """Run once on nothing, so that the first job does not pay for start-up."""
        self.fill([Crop(np.zeros((256, 256, 3), np.uint8), np.eye(256, dtype=bool))])

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        """Return each crop filled, H×W×3 uint8, untouched outside its mask.

        Raises `OutOfMemory`, and `BadOutput` if the network gives no numbers.
        """
        holed = [index for index, crop in enumerate(crops) if crop.mask.any()]
        painted = self._batcher.do([self._padded(_shrunk(crops[index])) for index in holed])
        filled = [crop.image for crop in crops]
        for index, image in zip(holed, painted, strict=True):
            filled[index] = _fitted(image, crops[index])
        return filled

    def _network(self, device: str, dtype: torch.dtype) -> FusedGenerator:
        return FusedGenerator(load_generator(self._path), device=torch.device(device), dtype=dtype)

    def _padded(self, crop: Crop) -> Crop:
        """Mirror the picture at its lower and right border up to a size the network takes, and takes quickly."""
        height, width = (self._side(side) for side in crop.mask.shape)
        padding = ((0, height - crop.mask.shape[0]), (0, width - crop.mask.shape[1]))
        mask = np.pad(crop.mask, padding, mode="symmetric")
        return Crop(np.pad(crop.image, (*padding, (0, 0)), mode="symmetric"), mask)

    def _side(self, side_px: int) -> int:
        rounded = -(-side_px // self._step_px) * self._step_px
        # A number of cells with a large prime factor makes Fourier transforms slow: 94 cells cost a quarter more than 96.
        return int(cv2.getOptimalDFTSize(rounded // self._multiple_px)) * self._multiple_px


def _dtype(device: str, precision: str) -> torch.dtype:
    """The fastest numbers the device multiplies natively."""
    if precision != "auto":
        return {name: dtype for dtype, name in _PRECISION.items()}[precision]
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    found = torch.cpu.get_capabilities()
    return torch.bfloat16 if found.get("avx512_bf16") or found.get("amx_bf16") else torch.float32


def _shrunk(crop: Crop) -> Crop:
    """Scale a crop down to what the network can overlook. A pixel that is partly hole is hole."""
    if crop.mask.size <= _PX_MAX:
        return crop
    size = _shrunk_size(crop)
    known = crop.image * ~crop.mask[:, :, None]  # nothing of the object may bleed into its surround
    mask = cv2.resize(crop.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    return Crop(np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.uint8), mask)


def _fitted(painted: Image, crop: Crop) -> Image:
    """Cut off the padding, undo the shrinking, and put the fill into the hole."""
    height, width = crop.mask.shape
    size = _shrunk_size(crop)
    painted = painted[: size[1], : size[0]]
    if size != (width, height):
        painted = np.asarray(cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.where(crop.mask[:, :, None], painted, crop.image)


def _shrunk_size(crop: Crop) -> tuple[int, int]:
    """(width, height) at which the network paints a crop."""
    height, width = crop.mask.shape
    scale = min(1.0, (_PX_MAX / crop.mask.size) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))
