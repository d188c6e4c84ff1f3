"""Things named by any words: an open-vocabulary model that `transformers` reads, from a local directory.

CLIPSeg marks pixels; OWLv2 and Grounding DINO give boxes, whose things a selector outlines. Nothing is fetched, and no
code in the directory is run. Pictures are prepared here: the libraries' own preparation needs torchvision.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.errors import BadWeights, EngineError, NothingFound
from inference.pretrained import TransformersMissing, load_pretrained, transformers_library
from inference.targets.prompt.candidates import Candidate, candidate
from inference.targets.select import Selector
from jobs.targets import Box

_SMALLEST_SHARE = 0.0004  # of the photo: smaller spots are noise
_THINGS_MAX = 20
_SAME_SHARE = 0.7  # two boxes that overlap so much are one thing seen twice
_SHORT_SIDE_PX, _LONG_SIDE_PX = 800, 1333  # Grounding DINO's own sizes
_PADDING_GREY = 0.5  # OWLv2 was trained on squares padded so
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # of CLIP's pictures
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VocabularyNotReady(EngineError):
    """The open-vocabulary model cannot be loaded. The message says what is missing."""

    code = "targets_not_ready"


@dataclass(frozen=True)
class _Kind:
    """How a family of models is loaded and asked."""

    model_class: str
    find: Callable[[Vocabulary, Image, str], list[Candidate]]
    threshold: float
    """Of its own probabilities; usual values, not measured here on trained weights."""


class Vocabulary:
    """Finds what words name. Safe to call from several threads."""

    def __init__(self, model: Any, tokenizer: Any, kind: _Kind, *, name: str, selector: Selector) -> None:
        self._model, self._tokenizer, self._kind, self._selector = model, tokenizer, kind, selector
        self.name = name

    def find(self, image: Image, words: str) -> list[Candidate]:
        """What the words name in an H×W×3 uint8 RGB picture, the surest first; none where nothing is sure enough."""
        with torch.inference_mode():
            return self._kind.find(self, image, words)

    def _tokens(self, text: str) -> dict[str, torch.Tensor]:
        longest = int(getattr(self._text_config(), "max_position_embeddings", 64))
        coded = self._tokenizer([text], return_tensors="pt", padding=True, truncation=True, max_length=min(longest, 64))
        return {name: coded[name].to(self._model.device) for name in ("input_ids", "attention_mask")}

    def _text_config(self) -> Any:
        return getattr(self._model.config, "text_config", self._model.config)

    def _tensor(self, picture: NDArray[np.float32], mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
        """1×3×H×W of an H×W×3 picture in 0..1."""
        normal = (picture - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
        return torch.from_numpy(np.ascontiguousarray(normal.transpose(2, 0, 1)[None])).to(self._model.device)

    def _by_pixels(self, image: Image, words: str) -> list[Candidate]:
        """CLIPSeg: one map of the whole photo."""
        side = int(self._model.config.vision_config.image_size)
        pixels = self._tensor(_resized(image, (side, side)), _IMAGENET_MEAN, _IMAGENET_STD)
        logits = self._model(**self._tokens(words), pixel_values=pixels).logits
        chance = torch.sigmoid(logits.float()).cpu().numpy().reshape(logits.shape[-2:])
        whole = cv2.resize(chance, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
        return _pieces(np.asarray(whole, np.float32), self._kind.threshold, words)

    def _by_padded_boxes(self, image: Image, words: str) -> list[Candidate]:
        """OWLv2: boxes on a square, the photo in its upper left part."""
        side, longest = int(self._model.config.vision_config.image_size), max(image.shape[:2])
        scale = side / longest
        height, width = (max(1, round(length * scale)) for length in image.shape[:2])
        square = np.full((side, side, 3), _PADDING_GREY, np.float32)
        square[:height, :width] = _resized(image, (width, height))
        pixels = self._tensor(square, _CLIP_MEAN, _CLIP_STD)
        told = self._model(**self._tokens(f"a photo of a {words}"), pixel_values=pixels)
        scores = torch.sigmoid(told.logits.float())[0, :, 0]
        return self._outlined(image, told.pred_boxes[0].float() * longest, scores, words)

    def _by_boxes(self, image: Image, words: str) -> list[Candidate]:
        """Grounding DINO: boxes in shares of the photo."""
        height, width = image.shape[:2]
        scale = min(_SHORT_SIDE_PX / min(height, width), _LONG_SIDE_PX / max(height, width))
        size = max(32, round(width * scale)), max(32, round(height * scale))
        pixels = self._tensor(_resized(image, size), _IMAGENET_MEAN, _IMAGENET_STD)
        told = self._model(**self._tokens(f"{words}."), pixel_values=pixels)
        scores = torch.sigmoid(told.logits.float())[0].max(dim=-1).values
        sides = torch.tensor([width, height, width, height], device=told.pred_boxes.device)
        return self._outlined(image, told.pred_boxes[0].float() * sides, scores, words)

    def _outlined(self, image: Image, boxes: torch.Tensor, scores: torch.Tensor, words: str) -> list[Candidate]:
        """The things in boxes (centre x, centre y, width, height in pixels) that are sure enough."""
        found: list[Candidate] = []
        kept: list[NDArray[np.float64]] = []
        for place in torch.argsort(scores, descending=True)[:_THINGS_MAX].tolist():
            score = float(scores[place])
            x, y, width, height = boxes[place].tolist()
            corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
            box = _inside(corners, image.shape)
            if score < self._kind.threshold or box is None or any(_overlap(corners, one) > _SAME_SHARE for one in kept):
                continue
            kept.append(corners)
            try:
                made = candidate(words, self._selector.select(image, (), box), score)
            except NothingFound:
                continue  # nothing stands out in this box
            if made is not None:
                found.append(made)
        return found


_KINDS = {
    "clipseg": _Kind("CLIPSegForImageSegmentation", Vocabulary._by_pixels, 0.5),
    "owlv2": _Kind("Owlv2ForObjectDetection", Vocabulary._by_padded_boxes, 0.2),
    "grounding-dino": _Kind("GroundingDinoForObjectDetection", Vocabulary._by_boxes, 0.35),
}


def load_vocabulary(folder: Path, *, device: str, selector: Selector) -> Vocabulary:
    """Load a model that `save_pretrained` wrote, with its tokenizer. `device` is `auto`, `cpu` or `cuda`.

    Raises `VocabularyNotReady`, whose message says what is missing.
    """
    kind_name = _model_type(folder)
    if kind_name not in _KINDS:
        raise VocabularyNotReady(f"{folder} holds a model of type {kind_name!r}; known are {', '.join(_KINDS)}.")
    if not any(folder.glob("*.safetensors")):
        raise VocabularyNotReady(f"{folder} holds no .safetensors file. Other weights can run code when they are read.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = _KINDS[kind_name]
    model, tokenizer = _read(kind.model_class, folder)
    name = f"{kind_name}:{folder.name}"
    return Vocabulary(model.to(torch.device(device)), tokenizer, kind, name=name, selector=selector)


def _model_type(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_text())["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VocabularyNotReady(
            f"{folder} holds no readable config.json. Name a directory that `save_pretrained` wrote."
        ) from error


def _read(model_class: str, folder: Path) -> tuple[Any, Any]:
    try:
        model = load_pretrained(model_class, folder, what=f"a {model_class}")
        tokenizer = transformers_library().AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except (BadWeights, TransformersMissing) as error:
        raise VocabularyNotReady(str(error)) from error
    except Exception as error:  # a tokenizer raises whatever its many kinds raise
        raise VocabularyNotReady(f"{folder} holds no tokenizer that can be loaded: {error}") from error
    return model, tokenizer


def _resized(image: Image, size: tuple[int, int]) -> NDArray[np.float32]:
    """In 0..1, of a (width, height)."""
    way = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_LINEAR
    pixels = np.asarray(cv2.resize(image, size, interpolation=way), np.float32)
    return np.asarray(pixels / 255, np.float32)


def _pieces(chance: NDArray[np.float32], threshold: float, words: str) -> list[Candidate]:
    """Connected parts of what is sure enough."""
    mask: Mask = chance > threshold
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found = []
    for number in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:_THINGS_MAX] + 1 if count > 1 else ():
        if stats[number, cv2.CC_STAT_AREA] >= _SMALLEST_SHARE * mask.size:
            piece = labels == number
            found.append(candidate(words, piece, float(chance[piece].mean())))
    return [each for each in found if each is not None]


def _inside(corners: NDArray[np.float64], shape: tuple[int, ...]) -> Box | None:
    left, top, right, bottom = (
        int(np.clip(round(value), 0, limit)) for value, limit in zip(corners, (shape[1], shape[0]) * 2, strict=True)
    )
    if right - left < 2 or bottom - top < 2:
        return None
    return Box(left, top, right - left, bottom - top)


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Shared area by united area."""
    shared = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    both = float(np.prod(np.maximum(shared, 0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return both / max(areas - both, 1e-9)
