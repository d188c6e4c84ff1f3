"""Two small networks that are kept as TensorFlow Lite files: one for classes, one for people's outlines."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image
from inference.errors import EngineError

Probability = NDArray[np.float32]


class NetworkNotReady(EngineError):
    """A network that finds things in photos cannot be loaded. The message says which and why."""

    code = "targets_not_ready"


class _Network:
    """Picture in, map out. One caller at a time: an interpreter has one set of tensors."""

    def __init__(self, path: Path, *, side_px: int, channels: int) -> None:
        try:
            interpreters = importlib.import_module("ai_edge_litert.interpreter")
        except ImportError as error:
            raise NetworkNotReady(f"{path.name} needs the package ai-edge-litert, which is not installed.") from error
        try:
            self._interpreter: Any = interpreters.Interpreter(str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError, OSError) as error:
            raise NetworkNotReady(f"{path} cannot be loaded: {error}") from error
        (entry,), (exit_,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        shapes = tuple(entry["shape"]), tuple(exit_["shape"])
        if shapes != ((1, side_px, side_px, 3), (1, side_px, side_px, channels)):
            raise NetworkNotReady(f"{path} is another network: it maps {shapes[0]} to {shapes[1]}.")
        self._entry, self._exit, self._side_px = entry["index"], exit_["index"], side_px
        self._lock = threading.Lock()

    def run(self, view: Image, *, low: float, high: float) -> NDArray[np.float32]:
        """The map for a picture of any size (H×W×3 uint8 RGB), whose values are laid into low..high."""
        side = (self._side_px, self._side_px)
        way = cv2.INTER_AREA if min(view.shape[:2]) > self._side_px else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(view, side, interpolation=way), np.float32)
        with self._lock:
            self._interpreter.set_tensor(self._entry, (small / 255 * (high - low) + low)[None])
            self._interpreter.invoke()
            return np.array(self._interpreter.get_tensor(self._exit)[0], np.float32)


class ClassNetwork:
    """DeepLabv3 on MobileNetV2 (Chen et al. 2017), 21 classes of Pascal VOC."""

    CLASSES = (
        "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
        "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv",
    )  # fmt: skip

    def __init__(self, path: Path) -> None:
        """Raises `NetworkNotReady`."""
        self._network = _Network(path, side_px=257, channels=len(self.CLASSES))

    def probabilities(self, view: Image) -> Probability:
        """257×257×21: of every class at every place of the view, whose sides are both stretched to 257."""
        logits = self._network.run(view, low=-1, high=1)
        powers = np.exp(logits - logits.max(axis=2, keepdims=True))
        return np.asarray(powers / powers.sum(axis=2, keepdims=True), np.float32)


class PersonNetwork:
    """MediaPipe's selfie segmentation: a finer outline, but it takes whatever stands out for a person."""

    def __init__(self, path: Path) -> None:
        """Raises `NetworkNotReady`."""
        self._network = _Network(path, side_px=256, channels=1)

    def probabilities(self, view: Image) -> Probability:
        """256×256."""
        return np.asarray(np.clip(self._network.run(view, low=0, high=1)[..., 0], 0, 1), np.float32)
