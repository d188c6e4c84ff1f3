"""Any image classifier that `transformers` reads, from a local directory. Nothing is fetched, no code in it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference.engines.base import Image
from inference.errors import BadWeights
from inference.pretrained import TransformersMissing, load_pretrained
from inference.safety import FilterNotReady
from inference.safety.one_core import OneCore
from inference.safety.views import fitted

_FILES = ("config.json", "preprocessor_config.json")
_SIDES_PX = range(16, 1025)  # classifiers look at 224 to 512 pixels
_INTERPOLATIONS = {0: cv2.INTER_NEAREST, 2: cv2.INTER_LINEAR, 3: cv2.INTER_CUBIC}  # Pillow's numbers


class DirectoryClassifier:
    """A saved `AutoModelForImageClassification` with safetensors weights. Safe to call from several threads."""

    def __init__(self, folder: Path, *, device: str = "auto") -> None:
        """`device` is `auto`, `cpu` or `cuda`. Raises `FilterNotReady`, which says what is missing."""
        _check_files(folder)
        self._preparation = _Preparation(_read_json(folder / "preprocessor_config.json"), folder)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = torch.device(device)
        self._model = _load(folder).to(self._device)
        self._cores = OneCore() if device == "cpu" else None
        config = self._model.config
        self.labels = tuple(str(config.id2label[number]) for number in range(config.num_labels))
        # Labels that do not exclude each other have a probability each.
        self._is_multi_label = getattr(config, "problem_type", None) == "multi_label_classification"

    @property
    def side_px(self) -> int:
        return min(self._preparation.height, self._preparation.width)

    def classify(self, views: Sequence[Image]) -> NDArray[np.float32]:
        """Return N × labels probabilities for N pictures of any size, H×W×3 uint8 RGB."""
        batch = np.stack([self._preparation.prepare(view) for view in views])
        return self._run(batch) if self._cores is None else self._cores.run(lambda: self._run(batch))

    @torch.inference_mode()
    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = self._model(pixel_values=torch.from_numpy(batch).to(self._device)).logits.float()
        probabilities = torch.sigmoid(logits) if self._is_multi_label else torch.softmax(logits, dim=-1)
        return np.asarray(probabilities.cpu().numpy(), np.float32)


class _Preparation:
    """Resizing and normalisation as `preprocessor_config.json` asks for, without torchvision."""

    def __init__(self, config: Mapping[str, Any], folder: Path) -> None:
        try:
            self.height, self.width = _size(config)
            self._factor = float(config.get("rescale_factor", 1 / 255)) if config.get("do_rescale", True) else 1.0
            normalises = config.get("do_normalize", True)
            self._mean = np.asarray(config["image_mean"] if normalises else [0.0] * 3, np.float32)
            self._std = np.asarray(config["image_std"] if normalises else [1.0] * 3, np.float32)
            if self._mean.shape != (3,) or self._std.shape != (3,) or not (self._std > 0).all():
                raise ValueError("image_mean and image_std have to be three numbers each, image_std above zero")
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise FilterNotReady(f"{folder / 'preprocessor_config.json'} is not understood: {error!r}.") from error

    def prepare(self, view: Image) -> NDArray[np.float32]:
        """3×H×W. The whole view is stretched to the size: a crop of its middle would not see the border."""
        pixels = fitted(view, self.height, self.width).astype(np.float32) * np.float32(self._factor)
        return np.ascontiguousarray(((pixels - self._mean) / self._std).transpose(2, 0, 1))


def _size(config: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width. Where a middle part is cut out of the resized picture, its size."""
    size = config["crop_size"] if config.get("do_center_crop") else config["size"]
    if isinstance(size, int):
        height = width = size
    elif "shortest_edge" in size:
        height = width = size["shortest_edge"]
    else:
        height, width = size["height"], size["width"]
    if height not in _SIDES_PX or width not in _SIDES_PX:
        raise ValueError(f"a size of {height}×{width}")
    return int(height), int(width)


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise FilterNotReady(f"There is no directory {folder}. Name one that `save_pretrained` wrote.")
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise FilterNotReady(f"{folder} holds no {missing[0]}. Name a directory that `save_pretrained` wrote.")
    if not any(folder.glob("*.safetensors")):
        raise FilterNotReady(
            f"{folder} holds no .safetensors file. Other weights can run code when they are read; save the model with "
            "`save_pretrained(..., safe_serialization=True)`."
        )


def _load(folder: Path) -> Any:
    try:
        return load_pretrained("AutoModelForImageClassification", folder, what="an image classifier")
    except (BadWeights, TransformersMissing) as error:
        raise FilterNotReady(str(error)) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise FilterNotReady(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise FilterNotReady(f"{path} does not hold a JSON object.")
    return content
