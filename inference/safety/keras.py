"""A Keras topology becomes a function on tensors: one step for each layer it lists, normalisation folded in.

Convolutional classifiers only: one input, one output, picture sizes known. A layer of another kind is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from inference.errors import BadWeights
from inference.safety.keras_layers import ACTIVATIONS, Layer, Operation, convolution, normalisation, operation
from inference.safety.tfjs import LayersModel

_LAYERS_MAX = 2000  # MobileNetV2 has 162
_SIDE_PX_MAX = 1024  # of the input; classifiers look at 224 to 448 pixels
_FAULTS = (KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError, OverflowError)


@dataclass(frozen=True, eq=False)
class _Step:
    """Makes one output of others, then lets go of those that nothing needs any more."""

    name: str
    inputs: tuple[str, ...]
    run: Operation
    done_with: tuple[str, ...] = ()


class Network:
    """The network of a topology on one device, fp32. Safe to call from several threads."""

    def __init__(self, model: LayersModel, device: torch.device) -> None:
        """Raises `BadWeights` for a topology that is not understood or does not fit its weights."""
        try:
            layers = _read_layers(model.topology)
            config = model.topology["config"]
            ((self._input, *_),), ((self._output, *_),) = config["input_layers"], config["output_layers"]
            self.input_shape = _input_shape(layers[self._input])
            weights = {name: torch.from_numpy(array.copy()).to(device) for name, array in model.weights.items()}
            self._steps = list(_with_lifetimes(list(_steps(layers, weights, self._output)), self._output))
            self.device = device
            self.outputs = self(torch.zeros(1, *self.input_shape, device=device)).shape[-1]
        except _FAULTS as error:
            raise BadWeights(f"The network cannot be built from its topology: {error}") from error

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        """From B×channels×H×W (`input_shape` is channels, H, W) to B×`outputs`."""
        values = {self._input: x.contiguous(memory_format=torch.channels_last)}
        for step in self._steps:
            values[step.name] = step.run(*(values[name] for name in step.inputs))
            for name in step.done_with:
                del values[name]
        return values[self._output]


def _read_layers(topology: Mapping[str, Any]) -> dict[str, Layer]:
    if topology["class_name"] not in ("Model", "Functional"):
        raise ValueError(f"it is a {topology['class_name']!r}; known are 'Model' and 'Functional'")
    entries = topology["config"]["layers"]
    if len(entries) > _LAYERS_MAX:
        raise ValueError(f"it has {len(entries)} layers; {_LAYERS_MAX} are allowed")
    layers = {
        entry["name"]: Layer(entry["name"], entry["class_name"], entry["config"], _inputs(entry)) for entry in entries
    }
    seen: set[str] = set()
    for layer in layers.values():
        unknown = [name for name in layer.inputs if name not in seen]
        if unknown:
            raise ValueError(f"{layer.name} reads {unknown[0]}, which is not before it")
        seen.add(layer.name)
    return layers


def _inputs(entry: Mapping[str, Any]) -> tuple[str, ...]:
    if len(entry["inbound_nodes"]) > 1:
        raise ValueError(f"{entry['name']} is used more than once")
    return tuple(str(node[0]) for nodes in entry["inbound_nodes"] for node in nodes)


def _input_shape(layer: Layer) -> tuple[int, int, int]:
    _, height, width, channels = layer.config["batch_input_shape"]
    if not 0 < height <= _SIDE_PX_MAX or not 0 < width <= _SIDE_PX_MAX or channels != 3:
        raise ValueError(f"its input is {height}×{width}×{channels}")
    return int(channels), int(height), int(width)


def _steps(layers: Mapping[str, Layer], weights: Mapping[str, Tensor], output: str) -> Iterator[_Step]:
    """In the order of the topology. A step goes by the name of the last of the layers united in it."""
    united: set[str] = set()
    for layer in layers.values():
        if layer.kind == "InputLayer" or layer.name in united:
            continue
        if layer.kind not in ("Conv2D", "DepthwiseConv2D"):
            yield _Step(layer.name, layer.inputs, operation(layer, weights))
            continue
        norm = _lone_reader(layers, layer.name, output, "BatchNormalization")
        if norm is not None and layer.config.get("activation", "linear") != "linear":
            norm = None  # it comes after what is not linear, and cannot be folded
        last = norm or layer
        active = _lone_reader(layers, last.name, output, "ReLU")
        united |= {follower.name for follower in (norm, active) if follower is not None}
        run = convolution(
            layer,
            weights,
            normalised=None if norm is None else normalisation(norm, weights),
            activation=ACTIVATIONS["linear"] if active is None else operation(active, weights),
        )
        yield _Step((active or last).name, layer.inputs, run)


def _lone_reader(layers: Mapping[str, Layer], name: str, output: str, kind: str) -> Layer | None:
    """The only layer that reads `name`, if it is of that kind and nobody else gets to see what it reads."""
    readers = [layer for layer in layers.values() if name in layer.inputs]
    return readers[0] if len(readers) == 1 and readers[0].kind == kind and name != output else None


def _with_lifetimes(steps: list[_Step], output: str) -> Iterator[_Step]:
    last_reader = {name: number for number, step in enumerate(steps) for name in step.inputs}
    for number, step in enumerate(steps):
        done = {name for name in step.inputs if last_reader[name] == number and name != output}
        yield _Step(step.name, step.inputs, step.run, tuple(done))
