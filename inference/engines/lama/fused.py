"""The generator as it is run: the same function as `network.Generator`, arranged for speed.

What is different from the published form, in the order of what it gains:

- Normalisation is folded into the convolutions before it, and weights and activations are bf16 in channels-last order
  where the processor multiplies bf16 (AVX512-BF16, AMX, CUDA). Sums stay fp32 inside a convolution, Fourier
  transforms are fp32 throughout.
- The convolutions of a Fourier layer that end in the local branch are one convolution.
- Only the window that is asked for is painted: the layers after the blocks work on that part.
- The 7×7 layers, which have too few channels to keep the multipliers busy, become 7×1 layers of seven times as many.
- The spectral branch works channels-first, as its Fourier transforms do, so that nothing is transposed twice.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from inference.engines.lama.folding import Convolution, Folded
from inference.engines.lama.network import Generator, Pair

Window = tuple[slice, slice]
"""Rows and columns of the picture, in pixels."""

_HALO = 2  # coarse cells around a window whose features its outermost pixels depend on: 10 px at three down-samplings

# The layers of full size work on so many rows at a time: they hold most of the memory, and a fifth of the work.
_CPU_STRIP_ROWS, _GPU_STRIP_ROWS = 256, 2048


class FusedGenerator:
    """A generator on one device in one type of number. Safe to call from several threads."""

    def __init__(self, generator: Generator, *, device: torch.device, dtype: torch.dtype) -> None:
        """Fold and copy the weights of `generator`, which is in eval mode and is not changed."""
        self.sizes, self.device = generator.sizes, device
        self._strip_rows = _CPU_STRIP_ROWS if device.type == "cpu" else _GPU_STRIP_ROWS
        downs, blocks = self.sizes.downsamplings, self.sizes.blocks
        folded = Folded(generator.state_dict(), device, dtype)
        after = 3 + downs + blocks  # layers are numbered: padding, stem, downs, blocks, union, ups
        self._stem = folded.stem("model.1.ffc.convl2l", "model.1.bn_l")
        self._downs = [folded.convolution(f"model.{2 + step}.ffc.convl2l", f"model.{2 + step}.bn_l")
                       for step in range(downs - 1)]  # fmt: skip
        self._downs.append(folded.split(f"model.{1 + downs}"))
        self._layers = [
            (_FourierLayer(folded, f"model.{number}.conv1"), _FourierLayer(folded, f"model.{number}.conv2"))
            for number in range(2 + downs, 2 + downs + blocks)
        ]
        self._ups = [
            folded.transposed(f"model.{after + 3 * step}", f"model.{after + 3 * step + 1}") for step in range(downs)
        ]
        self._last = folded.last(f"model.{after + 3 * downs + 1}")

    @torch.inference_mode()
    def __call__(self, image: Tensor, mask: Tensor, window: Window) -> Tensor:
        """Paint the window of B×3×H×W in 0…1, from `image` (looked at outside the mask only) and `mask` (1 = fill).

        H and W are multiples of `sizes.multiple_px`, and at least twice that. Returns fp32, B×3×window.
        """
        x = self._entered(torch.cat((image * (1 - mask), mask), dim=1).to(self._stem.weight.dtype))
        for down in self._downs[1:]:
            x = torch.relu_(down(functional.pad(x, (1, 0, 1, 0), mode="reflect"), stride=2))
        inner = self.sizes.inner_channels - self.sizes.global_channels
        pair = _dense(x[:, :inner]), _dense(x[:, inner:])
        for one, other in self._layers:
            local, glob = other(one(pair))
            pair = local.add_(pair[0]), glob.add_(pair[1])
        features = torch.cat(pair, dim=1)
        rows, columns = window
        tops = range(rows.start, rows.stop, self._strip_rows)
        strips = [slice(top, min(top + self._strip_rows, rows.stop)) for top in tops]
        return torch.cat([self._painted(features, (strip, columns)) for strip in strips], dim=2)

    def _entered(self, x: Tensor) -> Tensor:
        """The first layer and the first down-sampling, in strips."""
        # One row above and one column to the left are made beyond need, and overwritten: cheaper than framing a copy.
        x = functional.pad(x, (4, 3, 4, 3), mode="reflect")
        rows, down = (x.shape[2] - 7) // 2, self._downs[0]
        strips = []
        for top in range(0, rows, self._strip_rows // 2):
            bottom = min(top + self._strip_rows // 2, rows)
            y = torch.relu_(self._stem(_spread(x[:, :, 2 * top : 2 * bottom + 7], self._stem.weight.shape[1])))
            if top == 0:
                y[:, :, 0] = y[:, :, 2]
            y[:, :, :, 0] = y[:, :, :, 2]
            strips.append(torch.relu_(down(y, stride=2)))
        return torch.cat(strips, dim=2)

    def _painted(self, features: Tensor, window: Window) -> Tensor:
        """From features to colours, in the window and as far around it as its pixels depend on."""
        cell = self.sizes.multiple_px
        rows, columns = (
            (max(0, side.start // cell - _HALO), min(limit, -(-side.stop // cell) + _HALO))
            for side, limit in zip(window, features.shape[2:], strict=True)
        )
        x = _dense(features[:, :, rows[0] : rows[1], columns[0] : columns[1]])
        for up in self._ups:
            x = torch.relu_(up(x))
        painted = torch.sigmoid(_gathered(_convolved_rows(x, self._last)))
        top, left = rows[0] * cell, columns[0] * cell
        return painted[
            :, :, window[0].start - top : window[0].stop - top, window[1].start - left : window[1].stop - left
        ]


class _FourierLayer:
    """Both branches into both. The local one is a plain convolution of all channels; the global one adds a spectrum."""

    def __init__(self, folded: Folded, layer: str) -> None:
        spectral, norm = f"{layer}.ffc.convg2g", f"{layer}.bn_g"
        self._to_local = folded.united((f"{layer}.ffc.convl2l", f"{layer}.ffc.convg2l"), f"{layer}.bn_l")
        self._to_global = folded.convolution(f"{layer}.ffc.convl2g", norm)
        self._narrow = folded.matrix(f"{spectral}.conv1.0", f"{spectral}.conv1.1")
        self._mix = folded.matrix(f"{spectral}.fu.conv_layer", f"{spectral}.fu.bn")
        # Normalised with the global branch, whose shift the convolution above brings in already.
        self._widen = folded.matrix(f"{spectral}.conv2", norm).weight.t()

    def __call__(self, pair: Pair) -> Pair:
        local, glob = pair
        padded = _framed(local)
        to_local = self._to_local(torch.cat((padded, _framed(glob)), dim=1))
        to_global = self._to_global(padded).add_(self._spectrum(glob))
        return torch.relu_(to_local), torch.relu_(to_global)

    def _spectrum(self, glob: Tensor) -> Tensor:
        batch, channels, height, width = glob.shape
        pixels = glob.permute(0, 2, 3, 1).reshape(-1, channels)  # what channels-last stores: no copy
        x = torch.relu_(self._narrow(pixels.t())).float().view(-1, batch, height, width)
        spectrum = torch.view_as_real(torch.fft.rfft2(x, norm="ortho")).to(glob.dtype)
        parts = spectrum.view(len(x), -1, 2).transpose(1, 2).reshape(2 * len(x), -1)
        real, imaginary = torch.relu_(self._mix(parts)).float().view(len(x), 2, *spectrum.shape[1:-1]).unbind(1)
        x = x.add_(torch.fft.irfft2(torch.complex(real, imaginary), s=(height, width), norm="ortho"))
        y = torch.mm(x.view(len(x), -1).to(glob.dtype).t(), self._widen)
        return y.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _spread(x: Tensor, channels: int) -> Tensor:
    """Give every pixel the channels of the seven pixels from it rightwards; what follows them has weight zero."""
    batch, inputs, height, width = x.shape
    rows = x.new_zeros((batch, height, width * inputs + channels))
    rows[:, :, : width * inputs].view(batch, height, width, inputs).copy_(x.permute(0, 2, 3, 1))
    strides = (*rows.stride()[:2], inputs, 1)
    return rows.as_strided((batch, height, width - 6, channels), strides).contiguous().permute(0, 3, 1, 2)


def _convolved_rows(x: Tensor, convolution: Convolution) -> Tensor:
    """A 7×1 convolution of a picture mirrored at its upper and lower border, without a framed copy of it."""
    y = functional.conv2d(x, convolution.weight, convolution.bias, padding=(3, 0))
    y[:, :, :3] = convolution(functional.pad(x[:, :, :6], (0, 0, 3, 0), mode="reflect"))
    y[:, :, -3:] = convolution(functional.pad(x[:, :, -6:], (0, 0, 0, 3), mode="reflect"))
    return y


def _gathered(x: Tensor) -> Tensor:
    """Sum what the three pixels on either side and each pixel itself have for it: three channels of each, in fp32."""
    columns = functional.pad(
        x[:, :21].to(torch.float32, memory_format=torch.contiguous_format), (3, 3, 0, 0), mode="reflect"
    )
    width = x.shape[3]
    total = columns[:, :3, :, :width].clone()
    for step in range(1, 7):
        total += columns[:, 3 * step : 3 * step + 3, :, step : step + width]
    return total


def _framed(x: Tensor) -> Tensor:
    """Mirror one pixel around the picture: what every 3×3 layer of the network sees beyond the border."""
    return functional.pad(x, (1, 1, 1, 1), mode="reflect")


def _dense(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
