"""The generator: convolutions in two branches, one local, one that sees the whole picture through a Fourier transform.

Tensors are B×C×H×W. Between the branches' split and union a layer takes and gives a pair (local, global).
Every parameter's name is that of the published checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What distinguishes one generator from another."""

    width: int
    """Channels after the first layer; doubled by each down-sampling."""
    downsamplings: int
    blocks: int
    """Residual blocks at the smallest resolution."""
    global_channels: int
    """How many of the smallest resolution's channels are global; the rest are local."""

    @property
    def inner_channels(self) -> int:
        return self.width << self.downsamplings

    @property
    def multiple_px(self) -> int:
        """Height and width of the input must be multiples of this."""
        return 1 << self.downsamplings


BIG_LAMA = Sizes(width=64, downsamplings=3, blocks=18, global_channels=384)


class Generator(nn.Module):
    """Fills holes: picture and mask in, the whole picture, newly painted, out."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        width, last = sizes.width, sizes.downsamplings - 1
        local, glob = sizes.inner_channels - sizes.global_channels, sizes.global_channels
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), _LocalLayer(4, width, side=7, stride=1, padding=0)]
        layers += [
            _LocalLayer(width * 2**step, width * 2 ** (step + 1), side=3, stride=2, padding=1) for step in range(last)
        ]
        layers.append(_SplitLayer(width * 2**last, local, glob))
        layers += [_ResidualBlock(local, glob) for _ in range(sizes.blocks)]
        layers.append(_Unite())
        for step in reversed(range(sizes.downsamplings)):
            channels = width * 2**step
            up = nn.ConvTranspose2d(channels * 2, channels, 3, stride=2, padding=1, output_padding=1)
            layers += [up, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid()]
        self.model = nn.Sequential(*layers)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Paint B×3×H×W in 0…1 from `image` (the same, looked at outside the mask only) and `mask` (B×1×H×W, 1 = fill).

        H and W are multiples of `sizes.multiple_px`, and at least twice that.
        """
        painted: Tensor = self.model(torch.cat((image * (1 - mask), mask), dim=1))
        return painted


class _Convolutions(nn.Module):
    """The convolutions between two pairs of branches; those that lead to or from an absent branch are absent."""

    def __init__(
        self, *, source: tuple[int, int], target: tuple[int, int], side: int, stride: int, padding: int
    ) -> None:
        super().__init__()

        def convolution(inputs: int, outputs: int) -> nn.Conv2d:
            return nn.Conv2d(inputs, outputs, side, stride=stride, padding=padding, bias=False, padding_mode="reflect")

        self.convl2l = convolution(source[0], target[0])
        if target[1]:
            self.convl2g = convolution(source[0], target[1])
        if source[1]:
            self.convg2l = convolution(source[1], target[0])
            self.convg2g = _SpectralTransform(source[1], target[1])


class _LocalLayer(nn.Module):
    """Convolution, normalisation, activation, in the local branch alone."""

    def __init__(self, inputs: int, outputs: int, *, side: int, stride: int, padding: int) -> None:
        super().__init__()
        self.ffc = _Convolutions(source=(inputs, 0), target=(outputs, 0), side=side, stride=stride, padding=padding)
        self.bn_l = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn_l(self.ffc.convl2l(x)))


class _SplitLayer(nn.Module):
    """The last down-sampling: from the local branch into both."""

    def __init__(self, inputs: int, local: int, glob: int) -> None:
        super().__init__()
        self.ffc = _Convolutions(source=(inputs, 0), target=(local, glob), side=3, stride=2, padding=1)
        self.bn_l = nn.BatchNorm2d(local)
        self.bn_g = nn.BatchNorm2d(glob)

    def forward(self, x: Tensor) -> Pair:
        return torch.relu(self.bn_l(self.ffc.convl2l(x))), torch.relu(self.bn_g(self.ffc.convl2g(x)))


class _FourierLayer(nn.Module):
    """A fast Fourier convolution from both branches into both, normalised and activated."""

    def __init__(self, local: int, glob: int) -> None:
        super().__init__()
        self.ffc = _Convolutions(source=(local, glob), target=(local, glob), side=3, stride=1, padding=1)
        self.bn_l = nn.BatchNorm2d(local)
        self.bn_g = nn.BatchNorm2d(glob)

    def forward(self, pair: Pair) -> Pair:
        local, glob = pair
        to_local = self.ffc.convl2l(local) + self.ffc.convg2l(glob)
        to_global = self.ffc.convl2g(local) + self.ffc.convg2g(glob)
        return torch.relu(self.bn_l(to_local)), torch.relu(self.bn_g(to_global))


class _ResidualBlock(nn.Module):
    """Two Fourier layers whose result is added to what came in."""

    def __init__(self, local: int, glob: int) -> None:
        super().__init__()
        self.conv1 = _FourierLayer(local, glob)
        self.conv2 = _FourierLayer(local, glob)

    def forward(self, pair: Pair) -> Pair:
        local, glob = self.conv2(self.conv1(pair))
        return pair[0] + local, pair[1] + glob


class _SpectralTransform(nn.Module):
    """Global to global: at half the channels, every output sees every input pixel."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.conv1 = nn.Sequential(nn.Conv2d(inputs, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True))
        self.fu = _FourierUnit(half)
        self.conv2 = nn.Conv2d(half, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        mixed: Tensor = self.conv2(x + self.fu(x))
        return mixed


class _FourierUnit(nn.Module):
    """A 1×1 convolution among frequencies; real and imaginary parts are channels, side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(channels * 2, channels * 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels * 2)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        spectrum = torch.view_as_real(torch.fft.rfftn(x, dim=(-2, -1), norm="ortho"))
        parts = spectrum.permute(0, 1, 4, 2, 3).reshape(batch, channels * 2, height, width // 2 + 1)
        parts = torch.relu(self.bn(self.conv_layer(parts)))
        pairs = parts.reshape(batch, channels, 2, height, width // 2 + 1).permute(0, 1, 3, 4, 2).contiguous()
        mixed: Tensor = torch.fft.irfftn(torch.view_as_complex(pairs), s=(height, width), dim=(-2, -1), norm="ortho")
        return mixed


class _Unite(nn.Module):
    """Both branches' channels, one after the other."""

    def forward(self, pair: Pair) -> Tensor:
        return torch.cat(pair, dim=1)
