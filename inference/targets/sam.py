"""Clicks and a loose box become the mask of the object they mean, by a model of the SAM family from a local directory.

Kirillov et al., "Segment Anything", 2023; Ravi et al., "SAM 2", 2024; the networks are those of `transformers`. Pictures
are prepared here: the library's own preparation needs torchvision for SAM 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.errors import BadWeights, NothingFound, OutOfMemory
from inference.pretrained import load_pretrained
from jobs.targets import Box, Click

# `model_type` of a directory's config.json, and the class that finds masks in single pictures. Checkpoints of SAM 2 are
# published as video models that hold the picture model.
_CLASSES = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
_KEEPS_PROPORTIONS = {"SamModel"}  # scaled to the longer side and padded; the others are stretched to a square


@dataclass(frozen=True)
class _Preparation:
    """How the network wants its pictures."""

    side_px: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    keeps_proportions: bool

    def picture_size(self, image: Image) -> tuple[int, int]:
        """Width and height of the scaled picture, without its padding."""
        height, width = image.shape[:2]
        if not self.keeps_proportions:
            return self.side_px, self.side_px
        scale = self.side_px / max(height, width)
        return max(int(width * scale + 0.5), 1), max(int(height * scale + 0.5), 1)

    def scales(self, image: Image) -> tuple[float, float]:
        """By how much x and y are scaled."""
        width, height = self.picture_size(image)
        return width / image.shape[1], height / image.shape[0]

    def tensor(self, image: Image) -> torch.Tensor:
        """1×3×side×side float32, the padding right and below."""
        width, height = self.picture_size(image)
        # As the networks were trained: Pillow's, which looks at every pixel when it scales down.
        scaled = PIL.Image.fromarray(image).resize((width, height), PIL.Image.Resampling.BILINEAR)
        mean, deviation = np.asarray([self.mean, self.deviation], np.float32)
        normal = (np.asarray(scaled, np.float32) / 255 - mean) / deviation
        padded = np.zeros((self.side_px, self.side_px, 3), np.float32)
        padded[:height, :width] = normal
        return torch.from_numpy(padded).permute(2, 0, 1)[None].contiguous()


class SamSelector:
    """Finds objects with a network that was trained on a billion masks. Safe to call from several threads."""

    def __init__(self, directory: Path, *, device: str = "auto") -> None:
        """Load the model. `device` is `auto`, `cpu` or `cuda`.

        The directory is as `save_pretrained` writes it: config.json, safetensors, preprocessor_config.json or
        processor_config.json. Raises `TransformersMissing` or `BadWeights`.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = device
        config = _read_json(directory / "config.json")
        kind = config.get("model_type")
        if kind not in _CLASSES:
            raise BadWeights(f"{directory} holds a model of type {kind!r}; one of {', '.join(_CLASSES)} is needed.")
        self.name = "sam" if kind == "sam" else "sam2"
        self._model = load_pretrained(_CLASSES[kind], directory, what=f"a {_CLASSES[kind]}").to(device)
        self._preparation = _preparation(directory, self._model.config, _CLASSES[kind])

    def select(self, image: Image, clicks: Sequence[Click], box: Box | None) -> Mask:
        """As `inference.targets.select.Selector`. Raises `NothingFound` or `OutOfMemory`."""
        try:
            with torch.inference_mode():
                outputs = self._model(
                    pixel_values=self._preparation.tensor(image).to(self.device),
                    multimask_output=True,
                    **self._prompts(image, clicks, box),
                )
        except torch.OutOfMemoryError as error:
            raise OutOfMemory from error
        best = int(outputs.iou_scores[0, 0].argmax())
        mask = self._fitted(outputs.pred_masks[0, 0, best].float().cpu().numpy(), image)
        if not mask.any():
            raise NothingFound("Nothing was found where you pointed. Mark the object with a mask.")
        return mask

    def _prompts(self, image: Image, clicks: Sequence[Click], box: Box | None) -> dict[str, torch.Tensor]:
        """Points 1×1×N×2, labels 1×1×N, box 1×1×4: one picture, one object."""
        across, down = self._preparation.scales(image)
        prompts: dict[str, torch.Tensor] = {}
        if clicks:
            points = [[click.x * across, click.y * down] for click in clicks]
            prompts["input_points"] = torch.tensor([[points]], dtype=torch.float32, device=self.device)
            labels = [int(click.is_object) for click in clicks]
            prompts["input_labels"] = torch.tensor([[labels]], dtype=torch.int64, device=self.device)
        if box is not None:
            corners = [box.x * across, box.y * down, (box.x + box.width) * across, (box.y + box.height) * down]
            prompts["input_boxes"] = torch.tensor([[corners]], dtype=torch.float32, device=self.device)
        return prompts

    def _fitted(self, logits: NDArray[np.float32], image: Image) -> Mask:
        """From the network's scale, padding included, to the photo's size."""
        side = self._preparation.side_px
        width, height = self._preparation.picture_size(image)
        whole = cv2.resize(logits, (side, side), interpolation=cv2.INTER_LINEAR)[:height, :width]
        # In fine steps of two bytes: a photo of 50 MP takes half as much as in floats.
        steps = np.clip(np.rint(whole * 256), -32767, 32767).astype(np.int16)
        return np.asarray(cv2.resize(steps, image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0)


def _preparation(directory: Path, config: Any, class_name: str) -> _Preparation:
    stated = _processor_config(directory)
    try:
        side = config.prompt_encoder_config.image_size
        mean, deviation = (tuple(float(part) for part in stated[key]) for key in ("image_mean", "image_std"))
        side_px = int(side[0] if isinstance(side, list | tuple) else side)
    except (KeyError, TypeError, ValueError) as error:
        raise BadWeights(f"{directory} does not say how pictures are prepared: {error}") from error
    if len(mean) != 3 or len(deviation) != 3 or min(deviation) <= 0 or side_px < 1:
        raise BadWeights(f"{directory} does not say how pictures are prepared: three means and deviations are needed.")
    return _Preparation(side_px, mean, deviation, keeps_proportions=class_name in _KEEPS_PROPORTIONS)


def _processor_config(directory: Path) -> Mapping[str, Any]:
    # Newer versions of transformers write everything that prepares inputs into one file.
    if (directory / "preprocessor_config.json").is_file():
        return _read_json(directory / "preprocessor_config.json")
    inner = _read_json(directory / "processor_config.json").get("image_processor")
    return inner if isinstance(inner, dict) else {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadWeights(f"{path} is missing or no JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadWeights(f"{path} holds no JSON object.")
    return value
