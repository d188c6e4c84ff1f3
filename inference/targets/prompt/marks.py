"""Which lines of text were laid over a photo, and which belong to what it shows.

A watermark says whose the photo is, lets the photo show through, or stands level in a corner as nothing in a scene does.
One of these alone is weak: a shop's sign says ".com" too. Two of them, or one where the sentence names the place, count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import cv2
import numpy as np

from inference.engines.base import Image
from inference.targets.prompt.lettering import Line
from inference.targets.prompt.strokes import Glyphs

_OWNER = re.compile(
    r"©|\(c\)|copy ?right|photo|www\.|https?:|\.(com|org|net|de|io|co)\b|stock|sample|preview|draft|watermark|proof|@\w|"
    r"shutter|getty|alamy|adobe|depositphotos|dreamstime|123rf|confidential|all rights|studio|company|your (name|logo|text)|demo|trial|do not copy",
    re.IGNORECASE,
)
# Read through a photo's own lines, letters go missing or change: these are long enough to be known all the same.
_OWNERS_WORDS = ("allrightsreserved", "copyright", "photography", "watermark", "confidential", "preview", "sample")
_NEARLY = 0.8  # of the letters, in order
_DATE = re.compile(r"(?=(?:.*\d){4})^[\s'`’\"0-9OIloSBg:./,\-—APMapm]{5,24}$")
_MONTH = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE)
_LEVEL_DEGREES = 2.5  # hands tilt cameras, signs recede; what is laid over a photo is level
_SAME_TILT_DEGREES = 4.0  # a slanted watermark's other lines are slanted alike
_SIGNS_SURE = 2
_MARGIN = 0.12  # of the photo's side: overlays keep near its border
_CENTRE = 0.15  # of the photo's side, from its middle
_LARGE_SHARE = 0.35  # of the photo's width: words written across it
_FAINT_LEVELS = 100.0  # between letters and ground: what is painted on a sign is meant to be seen
_SHOWING_THROUGH = (0.15, 0.92)  # of the ground's contrast within the letters
_CONTRAST_MIN = 6.0  # grey levels of the ground's own contrast: below, nothing can be seen to show through


def is_date(line: Line) -> bool:
    """Whether it reads as a date or a time of day."""
    text = line.text.strip()
    digits = sum(character.isdigit() for character in text)
    return bool(_DATE.match(text)) or bool(_MONTH.search(text) and digits >= 3 and len(text) <= 28)


def is_near_border(line: Line, shape: tuple[int, ...]) -> bool:
    """Whether it stands at the photo's upper or lower border, as cameras print dates. `shape` begins with H and W."""
    top, bottom = line.corners[:, 1].min() / shape[0], line.corners[:, 1].max() / shape[0]
    return bool(top < 2 * _MARGIN or bottom > 1 - 2 * _MARGIN)


def overlaid(image: Image, pairs: Sequence[tuple[Line, Glyphs]], *, signs_needed: int) -> list[tuple[Line, Glyphs]]:
    """Of an H×W×3 uint8 RGB picture's lines, those laid over it: with so many signs, or tilted as one of these is."""
    signs = [overlay_signs(image, line, letters) for line, letters in pairs]
    tilts = [_tilt(line) for (line, _), count in zip(pairs, signs, strict=True) if count >= _SIGNS_SURE]
    return [
        pair
        for pair, count in zip(pairs, signs, strict=True)
        if count >= signs_needed
        or any(abs(tilt) > 2 * _SAME_TILT_DEGREES and abs(tilt - _tilt(pair[0])) < _SAME_TILT_DEGREES for tilt in tilts)
    ]


def overlay_signs(image: Image, line: Line, letters: Glyphs) -> int:
    """How much speaks for a line having been laid over the photo (H×W×3 uint8 RGB): 0 to 5."""
    height, width = image.shape[:2]
    (left, top), (right, bottom) = line.corners.min(axis=0), line.corners.max(axis=0)
    edges = sorted((left / width, 1 - right / width, top / height, 1 - bottom / height))
    is_at_border = edges[0] < _MARGIN and _is_level(line)
    is_halfway = abs((left + right) / 2 / width - 0.5) < _CENTRE
    is_across = line.width_px > _LARGE_SHARE * width and is_halfway
    # A racing car has its sponsors' addresses on it: an owner's word counts in full where marks are put.
    is_put = is_at_border or (is_halfway and abs((top + bottom) / 2 / height - 0.5) < _CENTRE)
    signs = (1 + is_put) * _names_an_owner(line.text) + 2 * _shows_through(image, letters)
    # Words slanted across the photo, or faint ones, are on no sign or shirt.
    is_strange = is_across and (abs(_tilt(line)) > 2 * _SAME_TILT_DEGREES or _is_faint(image, letters))
    return signs + int(is_at_border or is_across) + int(is_strange)


def _names_an_owner(text: str) -> bool:
    if _OWNER.search(text):
        return True
    letters = re.sub(r"[^a-z]", "", text.lower())
    return any(_holds_nearly(letters, word) for word in _OWNERS_WORDS)


def _holds_nearly(letters: str, word: str) -> bool:
    """Whether a word is somewhere among the letters, but for one in five of its own."""
    starts = range(max(1, len(letters) - len(word) + 1))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(word)
    for start in starts:
        matcher.set_seq1(letters[start : start + len(word)])
        if sum(block.size for block in matcher.get_matching_blocks()) >= _NEARLY * len(word):
            return True
    return False


def _is_faint(image: Image, letters: Glyphs) -> bool:
    """Whether the letters differ little from what is around them."""
    if not letters.is_clear:
        return False
    crop = image[letters.window].astype(np.float32)
    ground = cv2.medianBlur(np.ascontiguousarray(image[letters.window]), _odd(crop.shape[0] / 3))
    apart = np.abs(crop - ground).max(axis=2)[letters.mask]
    return bool(np.percentile(apart, 75) < _FAINT_LEVELS)


def _odd(length: float) -> int:
    return min(int(length) | 1, 255)


def _is_level(line: Line) -> bool:
    return abs(_tilt(line)) < _LEVEL_DEGREES


def _tilt(line: Line) -> float:
    """Degrees between the line and the photo's width, -90 to 90."""
    one, other = line.corners[1] - line.corners[0], line.corners[2] - line.corners[1]
    along = one if np.hypot(*one) >= np.hypot(*other) else other
    return float((np.degrees(np.arctan2(along[1], along[0])) + 90) % 180 - 90)


def _shows_through(image: Image, letters: Glyphs) -> bool:
    """Whether the ground's light and dark go on, weaker, within the letters: they are semi-transparent."""
    if not letters.is_clear:
        return False
    grey = cv2.cvtColor(np.ascontiguousarray(image[letters.window]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = cv2.erode(letters.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    around = ~(cv2.dilate(letters.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    if inner.sum() < 60 or around.sum() < 60:
        return False
    # The ground at a letter: the weighted mean of what lies around it.
    reach = max(2.0, grey.shape[0] / 12)
    weight = cv2.GaussianBlur(around.astype(np.float32), (0, 0), reach) + 1e-3
    ground = cv2.GaussianBlur(grey * around, (0, 0), reach) / weight
    below, letter = ground[inner], grey[inner]
    if below.std() < _CONTRAST_MIN:
        return False
    slope = float(np.cov(below, letter)[0, 1] / below.var())
    fit = float(np.corrcoef(below, letter)[0, 1])
    return fit > 0.6 and _SHOWING_THROUGH[0] < slope < _SHOWING_THROUGH[1]
