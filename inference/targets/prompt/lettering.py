"""Where there is writing: PP-OCRv4's detector, in the wheel of rapidocr_onnxruntime (Apache-2.0), and its reader.

The detector (DB: Liao et al. 2020, differentiable binarisation) gives every pixel a probability of being inside a line
of text. What it finds at low probability counts only where the reader can read it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.errors import EngineError

_DETECTOR, _READER = "ch_PP-OCRv4_det_infer.onnx", "ch_PP-OCRv4_rec_infer.onnx"
_MODELS_IN = "rapidocr_onnxruntime"
_WHOLE_SIDE_PX = 960  # the side the library takes for small pictures
_ENLARGED_MAX = 2.0  # small pictures are enlarged so much at most: lettering of eight pixels becomes legible
_TILED_SIDE_PX = 2240  # larger photos are looked at no larger than this: bounds the time; not tuned
_TILE_PX, _OVERLAP_PX = 960, 160
_STEP_PX = 32  # the network halves its input five times
_PIXEL_THRESHOLD = 0.2
_CANDIDATE_SCORE = 0.35  # a choice, not tuned: what is this faint has to be read as well
_CERTAIN_SCORE = 0.8  # above, it counts unread: letters of unknown scripts; some false finds come this way
_LONG = 1.5  # a line is so much longer than high; a disc is read as a nought
_READ_CONFIDENCE = 0.6
_UNCLIP_RATIO = 1.6  # the library's own: DB finds a shrunken line
_LINES_MAX = 400
_READ_HEIGHT_PX, _READ_WIDTH_MAX = 48, 640


class LetteringNotReady(EngineError):
    """Text cannot be found: rapidocr_onnxruntime, which brings the models, is not installed."""

    code = "targets_not_ready"


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """A line of text."""

    corners: NDArray[np.float32]
    """4×2, x and y, clockwise."""
    score: float
    text: str = ""
    confidence: float = 0.0
    """Of the reader, 0..1."""

    @property
    def height_px(self) -> float:
        """The shorter side."""
        return min(_sides(self.corners))

    @property
    def width_px(self) -> float:
        return max(_sides(self.corners))

    def polygon(self, shape: tuple[int, ...], *, grown_px: float = 0.0, longer_px: float = 0.0) -> Mask:
        """H×W bool: the line's quadrangle, grown on all sides, and longer at both ends."""
        canvas = np.zeros(shape, np.uint8)
        corners = self.corners
        if grown_px or longer_px:
            middle, sides, angle = cv2.minAreaRect(corners)
            more = [2 * grown_px + (2 * longer_px if side == max(sides) else 0.0) for side in sides]
            longer = sides[0] + more[0], sides[1] + more[1]
            corners = np.asarray(cv2.boxPoints((middle, longer, angle)), np.float32)
        cv2.fillPoly(canvas, [np.rint(corners).astype(np.int32)], 1)
        return canvas > 0


def _sides(corners: NDArray[np.float32]) -> tuple[float, float]:
    return float(np.linalg.norm(corners[0] - corners[1])), float(np.linalg.norm(corners[1] - corners[2]))


class Lettering:
    """Finds and reads lines of text. Safe to call from several threads."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` holds both models; None takes those of the wheel. Raises `LetteringNotReady`."""
        self._detector = _session(folder, _DETECTOR)
        self._reader = _session(folder, _READER)
        characters = self._reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *characters, " "]  # the first is CTC's blank
        self._boxes = importlib.import_module("rapidocr_onnxruntime.ch_ppocr_det.utils").DBPostProcess(
            thresh=_PIXEL_THRESHOLD,
            box_thresh=_CANDIDATE_SCORE,
            max_candidates=_LINES_MAX,
            unclip_ratio=_UNCLIP_RATIO,
            use_dilation=True,
        )

    def lines(self, image: Image) -> list[Line]:
        """The lines of text in an H×W×3 uint8 RGB picture: certain ones, and those that can be read."""
        found = [line for view, at, scale in _views(image) for line in self._detect(view, at, scale)]
        read = [self._read(image, line) for line in _distinct(found)]
        return [line for line in read if _is_text(line)]

    def _detect(self, view: Image, at: tuple[int, int], scale: tuple[float, float]) -> Iterator[Line]:
        """Lines of one view, in the photo's coordinates."""
        height, width = view.shape[:2]
        tensor = ((view.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
        probability = self._detector.run(None, {self._detector.get_inputs()[0].name: tensor})[0]
        boxes, scores = self._boxes(probability, (height, width))
        for box, score in zip(boxes, scores, strict=True):
            corners = (box.astype(np.float32) + np.asarray(at, np.float32)) * np.asarray(scale, np.float32)
            if min(_sides(corners)) >= 4:
                yield Line(corners=corners, score=float(score))

    def _read(self, image: Image, line: Line) -> Line:
        texts = [self._read_one(strip) for strip in _strips(image, line)]
        text, confidence = max(texts, key=lambda read: read[1])
        return replace(line, text=text, confidence=confidence)

    def _read_one(self, strip: Image) -> tuple[str, float]:
        tensor = ((strip.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]
        (chances,) = self._reader.run(None, {self._reader.get_inputs()[0].name: tensor})
        best, sure = chances[0].argmax(axis=1), chances[0].max(axis=1)
        is_new = np.concatenate([[True], best[1:] != best[:-1]]) & (best > 0)
        if not is_new.any():
            return "", 0.0
        return "".join(self._characters[number] for number in best[is_new]), float(sure[is_new].mean())


def _is_text(line: Line) -> bool:
    letters = sum(character.isalnum() for character in line.text)
    sides = _sides(line.corners)
    # Of an unknown script the reader makes out something; of a row of windows, nothing.
    is_certain = line.score >= _CERTAIN_SCORE and max(sides) >= _LONG * min(sides) and bool(line.text.strip())
    return is_certain or (line.confidence >= _READ_CONFIDENCE and letters >= 2)


def _session(folder: Path | None, name: str) -> Any:
    try:
        runtime = importlib.import_module("onnxruntime")
        spec = importlib.util.find_spec(_MODELS_IN)
    except ImportError as error:
        raise LetteringNotReady from error
    if folder is None:
        if spec is None or spec.origin is None:
            raise LetteringNotReady
        folder = Path(spec.origin).parent / "models"
    if not (folder / name).is_file():
        raise LetteringNotReady(f"Text cannot be found: {folder / name} is not there.")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    return runtime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])


def _views(image: Image) -> Iterator[tuple[Image, tuple[int, int], tuple[float, float]]]:
    """Pictures the network can see, where each starts (x, y), and what its coordinates are multiplied by (x, y)."""
    height, width = image.shape[:2]
    whole, scale = _resized(image, min(_WHOLE_SIDE_PX / max(height, width), _ENLARGED_MAX))
    yield whole, (0, 0), scale
    if max(height, width) <= 1.5 * _WHOLE_SIDE_PX:
        return
    large, scale = _resized(image, min(_TILED_SIDE_PX / max(height, width), 1.0))
    for top in _starts(large.shape[0]):
        for left in _starts(large.shape[1]):
            yield large[top : top + _TILE_PX, left : left + _TILE_PX], (left, top), scale


def _resized(image: Image, factor: float) -> tuple[Image, tuple[float, float]]:
    height, width = image.shape[:2]
    new_height, new_width = (max(_STEP_PX, round(side * factor / _STEP_PX) * _STEP_PX) for side in (height, width))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(image, (new_width, new_height), interpolation=way), np.uint8)
    return small, (width / new_width, height / new_height)


def _starts(length: int) -> list[int]:
    """Where tiles start so that they cover the length, overlap, and end on its end."""
    if length <= _TILE_PX:
        return [0]
    count = -(-(length - _OVERLAP_PX) // (_TILE_PX - _OVERLAP_PX))
    return [round(place * (length - _TILE_PX) / (count - 1)) // _STEP_PX * _STEP_PX for place in range(count)]


def _distinct(lines: Sequence[Line]) -> list[Line]:
    """Without lines that lie within a longer one: a tile's border cuts what another view sees whole."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda each: -each.width_px * each.height_px)[:_LINES_MAX]:
        if not any(_share_inside(line, other) > 0.6 for other in kept):
            kept.append(line)
    return kept


def _share_inside(line: Line, other: Line) -> float:
    mine = np.asarray(cv2.convexHull(line.corners))
    area, _ = cv2.intersectConvexConvex(mine, np.asarray(cv2.convexHull(other.corners)))
    return float(area) / max(float(cv2.contourArea(mine)), 1.0)


def _strips(image: Image, line: Line) -> Iterator[Image]:
    """The line made level, 48 pixels high; as it stands, and where it may be read from below, turned."""
    corners = line.corners
    across, down = _sides(corners)
    if down > 1.5 * across:
        corners, across, down = np.roll(corners, -1, axis=0), down, across
    width = int(np.clip(round(_READ_HEIGHT_PX * across / max(down, 1.0)), 16, _READ_WIDTH_MAX))
    goal = np.asarray([[0, 0], [width, 0], [width, _READ_HEIGHT_PX], [0, _READ_HEIGHT_PX]], np.float32)
    # Only the line's surround is warped, and first made small: warping does not average.
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    x, y = max(int(left) - 2, 0), max(int(top) - 2, 0)
    piece = image[y : int(bottom) + 3, x : int(right) + 3]
    factor = min(1.0, 2 * _READ_HEIGHT_PX / max(down, 1.0))
    if factor < 1:
        piece = np.asarray(cv2.resize(piece, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    warp = cv2.getPerspectiveTransform(np.asarray((corners - [x, y]) * factor, np.float32), goal)
    level = np.asarray(cv2.warpPerspective(piece, warp, (width, _READ_HEIGHT_PX), flags=cv2.INTER_CUBIC), np.uint8)
    yield level
    if line.corners is not corners:
        yield level[::-1, ::-1]
