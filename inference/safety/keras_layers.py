"""What each kind of Keras layer does, on tensors B×channels×H×W. Keras stores pictures channels last; so weights turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Operation = Callable[..., Tensor]
Weights = Mapping[str, Tensor]
"""Under Keras's names, `layer/part`."""

ACTIVATIONS: dict[str, Operation] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "relu6": functional.relu6,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, dim=1),
}


@dataclass(frozen=True)
class Layer:
    """One entry of a topology."""

    name: str
    kind: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]


def operation(layer: Layer, weights: Weights) -> Operation:
    """Return what a layer does to its inputs. Raises `ValueError` for a kind that is not known."""
    if layer.kind not in _MAKERS:
        known = ", ".join(sorted({*_MAKERS, "Conv2D", "DepthwiseConv2D"}))
        raise ValueError(f"{layer.name} is a layer of kind {layer.kind!r}; known are {known}")
    return _MAKERS[layer.kind](layer, weights)


def convolution(
    layer: Layer, weights: Weights, *, normalised: tuple[Tensor, Tensor] | None, activation: Operation
) -> Operation:
    """A Conv2D or DepthwiseConv2D, with the normalisation (factor, summand) and activation that follow it, if any."""
    is_depthwise = layer.kind == "DepthwiseConv2D"
    weight, groups = _depthwise_kernel(layer, weights) if is_depthwise else (_kernel(layer, weights), 1)
    bias = _bias(layer, weights)
    if normalised is not None:
        scale, shift = normalised
        weight = weight * scale[:, None, None, None]
        bias = shift if bias is None else bias * scale + shift
    own = _activation(layer)
    pad = _padding(layer, tuple(weight.shape[2:]))
    strides, dilation = tuple(layer.config["strides"]), tuple(layer.config.get("dilation_rate", (1, 1)))
    if weight.shape[2:] == (1, 1) and strides == (1, 1) and groups == 1:
        matrix = weight[:, :, 0, 0].contiguous()
        # A matrix times pixels that lie channels last: torch has a slow path for 1×1 convolutions on one core.
        return lambda x: activation(own(functional.linear(x.permute(0, 2, 3, 1), matrix, bias).permute(0, 3, 1, 2)))
    weight = weight.contiguous(memory_format=torch.channels_last)

    def run(x: Tensor) -> Tensor:
        padded, both_sides = pad(x, 0.0)
        return activation(own(functional.conv2d(padded, weight, bias, strides, both_sides, dilation, groups)))

    return run


def normalisation(layer: Layer, weights: Weights) -> tuple[Tensor, Tensor]:
    """What a BatchNormalization does, as a factor and a summand per channel."""
    if layer.config.get("axis", -1) not in (-1, 3, [-1], [3]):
        raise ValueError(f"{layer.name} normalises along another axis than the channels")
    scale = torch.rsqrt(_weight(layer, weights, "moving_variance") + float(layer.config["epsilon"]))
    if layer.config.get("scale", True):
        scale = scale * _weight(layer, weights, "gamma")
    shift = -_weight(layer, weights, "moving_mean") * scale
    if layer.config.get("center", True):
        shift = shift + _weight(layer, weights, "beta")
    return scale, shift


def _kernel(layer: Layer, weights: Weights) -> Tensor:
    return _weight(layer, weights, "kernel").permute(3, 2, 0, 1)


def _depthwise_kernel(layer: Layer, weights: Weights) -> tuple[Tensor, int]:
    """The kernel and its number of groups. Keras's order: height, width, channels, outputs of each channel."""
    kernel = _weight(layer, weights, "depthwise_kernel")
    return kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None], kernel.shape[2]


def _bias(layer: Layer, weights: Weights) -> Tensor | None:
    return _weight(layer, weights, "bias") if layer.config.get("use_bias", True) else None


def _weight(layer: Layer, weights: Weights, part: str) -> Tensor:
    name = f"{layer.name}/{part}"
    if name not in weights:
        raise ValueError(f"it has no weights {name}")
    return weights[name]


def _activation(layer: Layer) -> Operation:
    name = layer.config.get("activation", "linear")
    if name not in ACTIVATIONS:
        raise ValueError(f"{layer.name} has the activation {name!r}; known are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def _padding(layer: Layer, window: tuple[int, ...]) -> Callable[[Tensor, float], tuple[Tensor, tuple[int, int]]]:
    """Return what pads a tensor by hand, and says what is left for the operation itself to put on both sides.

    Keras's `same` puts an odd pixel after the picture, which the operation cannot.
    """
    if layer.config["padding"] == "valid":
        return lambda x, _: (x, (0, 0))
    if layer.config["padding"] != "same":
        raise ValueError(f"{layer.name} has the padding {layer.config['padding']!r}; known are 'same' and 'valid'")
    strides = layer.config["strides"]
    dilation = layer.config.get("dilation_rate", (1, 1))

    def pad(x: Tensor, value: float) -> tuple[Tensor, tuple[int, int]]:
        down, across = (
            max(0, (math.ceil(side / stride) - 1) * stride + (size - 1) * step + 1 - side)
            for side, stride, size, step in zip(x.shape[2:], strides, window, dilation, strict=True)
        )
        if down % 2 == 0 and across % 2 == 0:
            return x, (down // 2, across // 2)
        before_after = (across // 2, across - across // 2, down // 2, down - down // 2)
        return functional.pad(x, before_after, value=value), (0, 0)

    return pad


def _dense(layer: Layer, weights: Weights) -> Operation:
    weight, bias = _weight(layer, weights, "kernel").T.contiguous(), _bias(layer, weights)
    activation = _activation(layer)
    return lambda x: activation(functional.linear(x, weight, bias))


def _batch_normalisation(layer: Layer, weights: Weights) -> Operation:
    scale, shift = (part[:, None, None] for part in normalisation(layer, weights))
    return lambda x: x * scale + shift


def _relu(layer: Layer, _: Weights) -> Operation:
    top = layer.config.get("max_value")
    if layer.config.get("negative_slope") or layer.config.get("threshold"):
        raise ValueError(f"{layer.name} is a ReLU with a slope or a threshold")
    return torch.relu if top is None else (lambda x: torch.clamp(x, 0.0, float(top)))


def _zero_padding(layer: Layer, _: Weights) -> Operation:
    (top, bottom), (left, right) = layer.config["padding"]
    return lambda x: functional.pad(x, (left, right, top, bottom))


def _average_pooling(layer: Layer, _: Weights) -> Operation:
    if layer.config["padding"] != "valid":
        raise ValueError(f"{layer.name} pools averages with the padding {layer.config['padding']!r}; known is 'valid'")
    size, strides = tuple(layer.config["pool_size"]), tuple(layer.config["strides"])
    return lambda x: functional.avg_pool2d(x, size, strides)


def _max_pooling(layer: Layer, _: Weights) -> Operation:
    size, strides = tuple(layer.config["pool_size"]), tuple(layer.config["strides"])
    pad = _padding(layer, size)

    def run(x: Tensor) -> Tensor:
        padded, both_sides = pad(x, float("-inf"))
        return functional.max_pool2d(padded, size, strides, both_sides)

    return run


def _added(x: Tensor, *others: Tensor) -> Tensor:
    for other in others:
        x = x + other
    return x


_MAKERS: dict[str, Callable[[Layer, Weights], Operation]] = {
    "Activation": lambda layer, _: _activation(layer),
    "Add": lambda *_: _added,
    "AveragePooling2D": _average_pooling,
    "BatchNormalization": _batch_normalisation,
    "Concatenate": lambda *_: lambda *parts: torch.cat(parts, dim=1),
    "Dense": _dense,
    "Dropout": lambda *_: lambda x: x,
    "Flatten": lambda *_: lambda x: x.permute(0, 2, 3, 1).flatten(1),
    "GlobalAveragePooling2D": lambda *_: lambda x: x.mean(dim=(2, 3)),
    "MaxPooling2D": _max_pooling,
    "ReLU": _relu,
    "ZeroPadding2D": _zero_padding,
}
