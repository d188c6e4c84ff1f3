"""The five-class MobileNetV2 that `manage.py models fetch nsfw-mobilenet` installs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference.engines.base import Image
from inference.errors import BadWeights
from inference.safety import tfjs
from inference.safety.keras import Network
from inference.safety.one_core import OneCore
from inference.safety.policy import Category, Policy
from inference.safety.views import fitted

LABELS = ("Drawing", "Hentai", "Neutral", "Porn", "Sexy")  # in the order that its publisher lists the outputs in

# From the figures in docs/safety.md: of 98 ordinary photos none reaches `review`; of 2,352 squares cut out of them, 1 %
# reach it and none reaches `block`, where 0.3 % would reach 0.85. `Sexy` has no consequence: beaches, sport and portraits
# reach 0.76, and bare shoulders are no reason to refuse.
DEFAULT_POLICY = Policy({"explicit": Category(labels=("Porn", "Hentai"), review=0.7, block=0.95)})


class MobileNetClassifier:
    """The network on one device. Safe to call from several threads."""

    labels = LABELS

    def __init__(self, model: tfjs.LayersModel, *, device: str = "auto") -> None:
        """`device` is `auto`, `cpu` or `cuda`. Raises `BadWeights`."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = Network(model, torch.device(device))
        self._cores = OneCore() if device == "cpu" else None
        if self._network.outputs != len(LABELS):
            raise BadWeights(f"The network has {self._network.outputs} outputs; {len(LABELS)} are expected.")

    @property
    def side_px(self) -> int:
        return min(self._network.input_shape[1:])

    def classify(self, views: Sequence[Image]) -> NDArray[np.float32]:
        """Return N × 5 probabilities for N pictures of any size, H×W×3 uint8 RGB."""
        _, height, width = self._network.input_shape
        batch = np.stack([fitted(view, height, width) for view in views])
        return self._run(batch) if self._cores is None else self._cores.run(lambda: self._run(batch))

    def _run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        x = torch.from_numpy(batch).to(self._network.device).permute(0, 3, 1, 2).float() / 255
        return np.asarray(self._network(x).cpu().numpy(), np.float32)


def load_classifier(path: Path, *, device: str = "auto") -> MobileNetClassifier:
    """Load the converted file, or a published `model.json` with its shards beside it. Raises `BadWeights`."""
    model = tfjs.read_folder(path) if path.suffix == ".json" else tfjs.load(path)
    return MobileNetClassifier(model, device=device)
