"""A small random classifier written as TensorFlow.js writes one, and what it computes, in plain numpy, channels last."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Entry = dict[str, Any]
Part = dict[str, Array]
"""Weights of one layer."""


@dataclass
class TinyModel:
    """Layers in Keras's words, and their true weights: those that the quantised file stands for."""

    entries: list[Entry]
    manifest: list[Entry] = field(default_factory=list)
    shard: bytes = b""
    weights: dict[str, Array] = field(default_factory=dict)

    @property
    def document(self) -> Entry:
        config = {
            "name": "tiny",
            "layers": self.entries,
            "input_layers": [[self.entries[0]["name"], 0, 0]],
            "output_layers": [[self.entries[-1]["name"], 0, 0]],
        }
        return {
            "modelTopology": {"keras_version": "2", "model_config": {"class_name": "Model", "config": config}},
            "weightsManifest": [{"paths": ["group1-shard1of1"], "weights": self.manifest}],
        }

    def write(self, folder: Path) -> Path:
        """`model.json` and its shard; returns the former."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "group1-shard1of1").write_bytes(self.shard)
        (folder / "model.json").write_text(json.dumps(self.document))
        return folder / "model.json"

    def bundles(self) -> tuple[bytes, bytes]:
        """The same as a bundler writes it: keys without quotes, `!0` for true, base64."""
        script = _unquoted(self.document)
        frame = (
            "module.exports=e()}}(function(){{return function(){{}}({{1:[function(e,a,n){{a.exports={}}},{{}}]}})}});"
        )
        text = base64.b64encode(self.shard).decode()
        return frame.format(script).encode(), frame.format(f'"{text}"').encode()

    def add_weights(self, layer: str, part: str, values: NDArray[Any], *, kind: str = "uint8") -> None:
        """Append a tensor to the shard: quantised to 8 or 16 bits, or as it is."""
        name = f"{layer}/{part}"
        entry: Entry = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if kind == "float32":
            stored = values.astype("<f4")
            self.weights[name] = stored.astype(np.float64)
        else:
            low, steps = float(values.min()), 255 if kind == "uint8" else 65535
            scale = float(values.max() - values.min()) / steps or 1.0
            stored = np.rint((values - low) / scale).astype("u1" if kind == "uint8" else "<u2")
            entry["quantization"] = {"min": low, "scale": scale, "dtype": kind}
            self.weights[name] = stored.astype(np.float64) * scale + low
        self.manifest.append(entry)
        self.shard += stored.tobytes()

    def forward(self, image: Array) -> Array:
        """One H×W×3 picture in 0…1 to probabilities."""
        values: dict[str, Array] = {}
        for entry in self.entries:
            inputs = [values[node[0]] for nodes in entry["inbound_nodes"] for node in nodes]
            values[entry["name"]] = self._layer(entry["class_name"], entry["config"], inputs, image)
        return values[self.entries[-1]["name"]]

    def _layer(self, kind: str, config: Entry, inputs: list[Array], image: Array) -> Array:
        prefix = config["name"] + "/"
        part = {name.removeprefix(prefix): values for name, values in self.weights.items() if name.startswith(prefix)}
        return _COMPUTE[kind](inputs or [image], part, config)


def tiny_model(*, outputs: int = 5, side: int = 15, seed: int = 3) -> TinyModel:
    """Every kind of layer once, with odd sizes and strides so that paddings differ from side to side."""
    random = np.random.default_rng(seed)
    model = TinyModel([])

    def add(kind: str, name: str, *inputs: str, **config: Any) -> None:
        nodes = [[[one, 0, 0, {}] for one in inputs]] if inputs else []
        model.entries.append(
            {"name": name, "class_name": kind, "config": {"name": name, **config}, "inbound_nodes": nodes}
        )

    def weigh(layer: str, shapes: dict[str, tuple[int, ...]], kind: str = "uint8") -> None:
        for part, shape in shapes.items():
            values = random.normal(0.0, 0.6, shape)
            model.add_weights(layer, part, np.abs(values) + 0.2 if part == "moving_variance" else values, kind=kind)

    norm: dict[str, tuple[int, ...]] = dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (6,))
    add("InputLayer", "input", batch_input_shape=[None, side, side + 3, 3])
    add("ZeroPadding2D", "pad", "input", padding=[[0, 1], [0, 1]])
    add("Conv2D", "conv", "pad", padding="valid", strides=[2, 2], use_bias=True, activation="linear")
    weigh("conv", {"kernel": (3, 3, 3, 6), "bias": (6,)})
    add("BatchNormalization", "bn", "conv", epsilon=0.001, axis=-1)
    weigh("bn", norm)
    add("ReLU", "relu", "bn", max_value=6.0, negative_slope=0.0, threshold=0.0)
    add("DepthwiseConv2D", "deep", "relu", padding="same", strides=[1, 1], use_bias=False)
    weigh("deep", {"depthwise_kernel": (3, 3, 6, 1)}, kind="uint16")
    add("BatchNormalization", "bn_deep", "deep", epsilon=0.01, axis=3, scale=False)
    weigh("bn_deep", {part: shape for part, shape in norm.items() if part != "gamma"})
    add("Add", "add", "relu", "bn_deep")
    add("BatchNormalization", "bn_add", "add", epsilon=0.001)
    weigh("bn_add", norm)
    add("DepthwiseConv2D", "double", "bn_add", padding="same", strides=[2, 2], use_bias=False)
    weigh("double", {"depthwise_kernel": (3, 3, 6, 2)})
    add("ReLU", "relu_double", "double", max_value=None)
    add("Conv2D", "point", "relu_double", padding="same", strides=[1, 1], use_bias=False, activation="relu")
    weigh("point", {"kernel": (1, 1, 12, 6)}, kind="float32")
    add("MaxPooling2D", "pool", "point", padding="same", strides=[2, 2], pool_size=[2, 2])
    add("AveragePooling2D", "mean", "pool", padding="valid", strides=[1, 1], pool_size=[2, 2])
    add("Concatenate", "both", "mean", "mean")
    add("Dropout", "dropout", "both", rate=0.5)
    add("Flatten", "flat", "dropout")
    probe = model.forward(np.zeros((side, side + 3, 3)))
    add("Dense", "dense", "flat", units=8, activation="relu", use_bias=True)
    weigh("dense", {"kernel": (probe.size, 8), "bias": (8,)})
    add("Dense", "out", "dense", units=outputs, activation="softmax", use_bias=True)
    weigh("out", {"kernel": (8, outputs), "bias": (outputs,)})
    return model


def _windows(x: Array, window: Any, config: Entry, of_window: Callable[[Array], Array], fill: float = 0.0) -> Array:
    """Slide a window as TensorFlow's documentation of `same` and `valid` has it, one position after the other."""
    sides = []
    for axis in (0, 1):
        size, step = window[axis], config["strides"][axis]
        if config["padding"] == "same":
            count = -(-x.shape[axis] // step)
            total = max((count - 1) * step + size - x.shape[axis], 0)
            pads = [(0, 0), (0, 0), (0, 0)]
            pads[axis] = (total // 2, total - total // 2)
            x = np.pad(x, pads, constant_values=fill)
        else:
            count = (x.shape[axis] - size) // step + 1
        sides.append(range(0, count * step, step))
    return np.array([[of_window(x[y : y + window[0], z : z + window[1]]) for z in sides[1]] for y in sides[0]])


def _activated(x: Array, config: Entry) -> Array:
    if config["activation"] == "relu":
        return np.maximum(x, 0)
    if config["activation"] == "softmax":
        powers = np.exp(x - x.max())
        return np.asarray(powers / powers.sum())
    return x


def _convolved(inputs: list[Array], part: Part, config: Entry) -> Array:
    kernel = part["kernel"]
    x = _windows(inputs[0], kernel.shape[:2], config, lambda window: np.einsum("hwi,hwio->o", window, kernel))
    return _activated(x + part.get("bias", np.zeros(1)), config)


def _convolved_deep(inputs: list[Array], part: Part, config: Entry) -> Array:
    kernel = part["depthwise_kernel"]
    return _windows(
        inputs[0], kernel.shape[:2], config, lambda window: np.einsum("hwc,hwcm->cm", window, kernel).ravel()
    )


def _normalised(inputs: list[Array], part: Part, config: Entry) -> Array:
    x = (inputs[0] - part["moving_mean"]) / np.sqrt(part["moving_variance"] + config["epsilon"])
    return np.asarray(x * part.get("gamma", np.ones(1)) + part.get("beta", np.zeros(1)))


def _pooled_most(inputs: list[Array], _: Part, config: Entry) -> Array:
    return _windows(inputs[0], config["pool_size"], config, lambda window: window.max(axis=(0, 1)), fill=-math.inf)


def _pooled_mean(inputs: list[Array], _: Part, config: Entry) -> Array:
    return _windows(inputs[0], config["pool_size"], config, lambda window: window.mean(axis=(0, 1)))


_COMPUTE: dict[str, Callable[[list[Array], Part, Entry], Array]] = {
    "InputLayer": lambda inputs, *_: inputs[0],
    "Dropout": lambda inputs, *_: inputs[0],
    "Flatten": lambda inputs, *_: inputs[0].ravel(),
    "Add": lambda inputs, *_: np.sum(inputs, axis=0),
    "Concatenate": lambda inputs, *_: np.concatenate(inputs, axis=-1),
    "GlobalAveragePooling2D": lambda inputs, *_: inputs[0].mean(axis=(0, 1)),
    "ZeroPadding2D": lambda inputs, _, config: np.pad(inputs[0], (*config["padding"], (0, 0))),
    "ReLU": lambda inputs, _, config: np.clip(inputs[0], 0, config["max_value"] or math.inf),
    "Dense": lambda inputs, part, config: _activated(inputs[0] @ part["kernel"] + part["bias"], config),
    "Conv2D": _convolved,
    "DepthwiseConv2D": _convolved_deep,
    "BatchNormalization": _normalised,
    "MaxPooling2D": _pooled_most,
    "AveragePooling2D": _pooled_mean,
}


def _unquoted(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_unquoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_unquoted, value)) + "]"
    if isinstance(value, bool):
        return "!0" if value else "!1"
    if isinstance(value, float):
        return repr(value).replace("-0.", "-.", 1) if repr(value).startswith("-0.") else repr(value).removeprefix("0")
    return json.dumps(value)
