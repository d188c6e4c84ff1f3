"""TensorFlow.js layers models: a Keras topology in JSON, and weights in shards of raw numbers, often 8-bit quantised.

Two forms are read: `model.json` beside its shards, and the JavaScript bundles of a package (`model.min.js`, each shard
base64 text in a file of its own). Both are only read as data; nothing in them is run. Everything is bounded before
it is allocated. A model is kept as one safetensors file with the topology in its header (`save`, `load`).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from inference.errors import BadWeights
from inference.safety import jsliteral

# MobileNetV2's topology is 0.1 MB and its shard 2.6 MB; a larger classifier than these bounds is not for a filter.
_TOPOLOGY_BYTES_MAX = 8 << 20
_WEIGHTS_BYTES_MAX = 256 << 20
_SHARDS_MAX = 64
_TENSORS_MAX = 10_000

_STORED: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
}
_EXPORT = re.compile(r"\.exports\s*=\s*(?=[{\"'])")
_TOPOLOGY_KEY = "keras_topology"

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class LayersModel:
    """A network as it is described: its topology in Keras's words, and its numbers under Keras's names."""

    topology: dict[str, Any]
    """`class_name` and `config`."""
    weights: Weights


def read_folder(model_json: Path) -> LayersModel:
    """Read `model.json` and the shards it names, which lie beside it. Raises `BadWeights`."""
    return _read(
        lambda: json.loads(_limited(model_json, _TOPOLOGY_BYTES_MAX)),
        lambda name: _limited(model_json.parent / _plain_name(name), _WEIGHTS_BYTES_MAX),
        model_json.name,
    )


def read_bundles(model_js: Path, shards: Mapping[str, Path]) -> LayersModel:
    """Read a bundled topology and its bundled shards, by the names the topology has for them. Raises `BadWeights`."""

    def shard(name: str) -> bytes:
        if name not in shards:
            raise BadWeights(f"{model_js.name} names a shard {name!r} that is not there.")
        # Base64 takes four characters for three bytes.
        text = _exported(_limited(shards[name], _WEIGHTS_BYTES_MAX * 4 // 3 + 4096))
        if not isinstance(text, str):
            raise BadWeights(f"{shards[name].name} does not hold base64 text.")
        return base64.b64decode(text, validate=True)

    return _read(lambda: _exported(_limited(model_js, _TOPOLOGY_BYTES_MAX)), shard, model_js.name)


def save(model: LayersModel, path: Path) -> None:
    """Write one safetensors file, fp32, that `load` reads."""
    save_file(dict(model.weights), path, {_TOPOLOGY_KEY: json.dumps(model.topology, separators=(",", ":"))})


def load(path: Path) -> LayersModel:
    """Read what `save` wrote. Raises `BadWeights`."""
    try:
        with safe_open(path, framework="numpy") as file:
            topology = json.loads((file.metadata() or {})[_TOPOLOGY_KEY])
            return LayersModel(topology, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise BadWeights(f"{path} is not a converted TensorFlow.js model: {error}") from error


def _read(document: Callable[[], Any], shard: Callable[[str], bytes], name: str) -> LayersModel:
    try:
        content = document()
        topology = content["modelTopology"]["model_config"]
        weights: dict[str, NDArray[np.float32]] = {}
        for group in content["weightsManifest"]:
            weights |= _read_group(group, shard)
        return LayersModel({"class_name": topology["class_name"], "config": topology["config"]}, weights)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, binascii.Error) as error:
        raise BadWeights(f"{name} cannot be read as a TensorFlow.js layers model: {error!r}") from error


def _read_group(group: Mapping[str, Any], shard: Callable[[str], bytes]) -> dict[str, NDArray[np.float32]]:
    paths, entries = group["paths"], group["weights"]
    if len(paths) > _SHARDS_MAX or len(entries) > _TENSORS_MAX:
        raise ValueError("it has too many shards or tensors")
    wanted = sum(_bytes_of(entry) for entry in entries)
    if wanted > _WEIGHTS_BYTES_MAX:
        raise ValueError(f"its weights take {wanted:,} bytes; {_WEIGHTS_BYTES_MAX:,} are allowed")
    content = b"".join(shard(path) for path in paths)
    if len(content) != wanted:
        raise ValueError(f"its shards hold {len(content):,} bytes instead of {wanted:,}")
    arrays, start = {}, 0
    for entry in entries:
        end = start + _bytes_of(entry)
        arrays[str(entry["name"])] = _dequantised(entry, content[start:end])
        start = end
    return arrays


def _bytes_of(entry: Mapping[str, Any]) -> int:
    return math.prod(_shape(entry)) * _stored_type(entry).itemsize


def _shape(entry: Mapping[str, Any]) -> tuple[int, ...]:
    shape: Sequence[object] = entry["shape"]
    if len(shape) > 4 or not all(isinstance(side, int) and side > 0 for side in shape):
        raise ValueError(f"{entry['name']} has the shape {shape}")
    return tuple(entry["shape"])


def _stored_type(entry: Mapping[str, Any]) -> np.dtype[Any]:
    kind = entry.get("quantization", entry)["dtype"]
    if entry["dtype"] != "float32" or kind not in _STORED:
        raise ValueError(f"{entry['name']} is stored as {kind} for {entry['dtype']}; known are {', '.join(_STORED)}")
    return _STORED[kind]


def _dequantised(entry: Mapping[str, Any], content: bytes) -> NDArray[np.float32]:
    stored = np.frombuffer(content, _stored_type(entry)).reshape(_shape(entry))
    quantised = entry.get("quantization")
    if quantised is None or stored.dtype.kind == "f":
        return stored.astype(np.float32)
    # In fp32, as TensorFlow.js does.
    return stored.astype(np.float32) * np.float32(quantised["scale"]) + np.float32(quantised["min"])


def _exported(script: bytes) -> Any:
    text = script.decode()
    found = _EXPORT.search(text)
    if found is None:
        raise ValueError("nothing in it is exported")
    return jsliteral.read_value(text, found.end())


def _plain_name(name: str) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"a shard is named {name!r}")
    return name


def _limited(path: Path, bytes_max: int) -> bytes:
    try:
        if path.stat().st_size > bytes_max:
            raise BadWeights(f"{path.name} is larger than {bytes_max:,} bytes.")
        return path.read_bytes()
    except OSError as error:
        raise BadWeights(f"{path} cannot be read: {error.strerror}.") from error
