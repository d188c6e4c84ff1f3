"""The weights of a generator as `fused` runs them: normalisation folded in, branches united, on one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_LANES = 32  # channels of the 7×1 layers are filled up to a multiple of this: odd numbers of channels run slowly
_EPS = 1e-5  # of every normalisation in the published network


@dataclass(frozen=True)
class Convolution:
    """A convolution without padding."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor, *, stride: int = 1) -> Tensor:
        return functional.conv2d(x, self.weight, self.bias, stride=stride)


@dataclass(frozen=True)
class Transposed:
    """A 3×3 convolution that doubles the size."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return functional.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1, output_padding=1)


@dataclass(frozen=True)
class Matrix:
    """A 1×1 convolution: weight outputs × inputs, bias outputs × 1."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """From inputs×N to outputs×N; `x` may be stored transposed."""
        return torch.addmm(self.bias, self.weight, x)


class Folded:
    """Takes weights out of a generator's state by the names of layers (`model.5.conv1.ffc.convl2l`)."""

    def __init__(self, state: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> None:
        self._state, self._device, self._dtype = state, device, dtype

    def convolution(self, layer: str, norm: str) -> Convolution:
        return self.united((layer,), norm)

    def united(self, layers: tuple[str, ...], norm: str) -> Convolution:
        """Several convolutions, one for each part of the input's channels, whose results are added."""
        weight, shift = self._normalised(torch.cat([self._weight(layer) for layer in layers], dim=1), norm)
        return Convolution(self._put(weight), self._put(shift))

    def split(self, layer: str) -> Convolution:
        """The last down-sampling, into both branches: local channels first."""
        local = self._normalised(self._weight(f"{layer}.ffc.convl2l"), f"{layer}.bn_l")
        glob = self._normalised(self._weight(f"{layer}.ffc.convl2g"), f"{layer}.bn_g")
        weight, shift = (torch.cat(parts) for parts in zip(local, glob, strict=True))
        return Convolution(self._put(weight), self._put(shift))

    def matrix(self, layer: str, norm: str) -> Matrix:
        weight, shift = self._normalised(self._weight(layer), norm)
        return Matrix(self._put(weight[:, :, 0, 0]), self._put(shift[:, None]))

    def transposed(self, layer: str, norm: str) -> Transposed:
        scale, shift = self._scale_and_shift(norm)
        bias = self._state[f"{layer}.bias"] * scale + shift
        return Transposed(self._put(self._weight(layer) * scale[None, :, None, None]), self._put(bias))

    def stem(self, layer: str, norm: str) -> Convolution:
        """The first 7×7 layer as a 7×1 layer over pixels that carry their row neighbours' channels."""
        weight, shift = self._normalised(self._weight(layer), norm)
        flat = weight.permute(0, 3, 1, 2).flatten(1, 2)[..., None]
        filled = functional.pad(flat, (0, 0, 0, 0, 0, -flat.shape[1] % _LANES))
        return Convolution(self._put(filled), self._put(shift))

    def last(self, layer: str) -> Convolution:
        """The last 7×7 layer as a 7×1 layer whose channels are still to be added up along the row."""
        weight, bias = self._weight(layer), self._state[f"{layer}.bias"]
        flat = weight.permute(3, 0, 1, 2).flatten(0, 1)[..., None]
        lanes = -flat.shape[0] % _LANES
        filled = functional.pad(flat, (0, 0, 0, 0, 0, 0, 0, lanes))
        # One of the summands brings the bias in.
        return Convolution(self._put(filled), self._put(functional.pad(bias, (0, len(filled) - len(bias)))))

    def _weight(self, layer: str) -> Tensor:
        return self._state[f"{layer}.weight"]

    def _normalised(self, weight: Tensor, norm: str) -> tuple[Tensor, Tensor]:
        scale, shift = self._scale_and_shift(norm)
        return weight * scale[:, None, None, None], shift

    def _scale_and_shift(self, norm: str) -> tuple[Tensor, Tensor]:
        """What a normalisation does to its input, as a factor and a summand per channel."""
        mean, var, weight, bias = (
            self._state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        scale = weight / torch.sqrt(var + _EPS)
        return scale, bias - mean * scale

    def _put(self, tensor: Tensor) -> Tensor:
        layout = torch.channels_last if tensor.dim() == 4 else torch.contiguous_format
        return tensor.to(self._device, self._dtype).contiguous(memory_format=layout)
