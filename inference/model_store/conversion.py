"""How each kind of download becomes the safetensors file that is loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save_file

from inference.engines.lama.checkpoint import load_generator
from inference.known_models import Kind
from inference.model_store.archives import take_members
from inference.safety import tfjs
from inference.safety.mobilenet import MobileNetClassifier

Converter = Callable[[Path, Path], None]
"""From the download to the file to write. Raises `BadWeights`."""

_NSFWJS_FOLDER = "package/dist/models/mobilenet_v2"
_NSFWJS_BYTES_MAX = 64 << 20  # of one bundle; they are 0.1 and 3.5 MB


def _convert_lama(download: Path, target: Path) -> None:
    state = load_generator(download).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, target)


def _convert_nsfwjs(download: Path, target: Path) -> None:
    topology, shard = f"{_NSFWJS_FOLDER}/model.min.js", f"{_NSFWJS_FOLDER}/group1-shard1of1.min.js"
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        files = take_members(download, (topology, shard), Path(scratch), bytes_max=_NSFWJS_BYTES_MAX)
        model = tfjs.read_bundles(files[topology], {"group1-shard1of1": files[shard]})
    MobileNetClassifier(model, device="cpu")  # what cannot be built is not installed
    tfjs.save(model, target)


CONVERTERS: dict[Kind, Converter] = {"lama": _convert_lama, "nsfwjs": _convert_nsfwjs}
"""Of every kind that is not kept as it is."""
