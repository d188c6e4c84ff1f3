"""Whether a thing has the colour that a sentence gives it."""

from __future__ import annotations

import cv2
import numpy as np

from inference.engines.base import Image
from inference.targets.prompt.candidates import Candidate

_SHARE = 0.2  # of the thing: a red shirt covers so much of its wearer, glass and tyres take much of a red car
_SATURATED = 70  # of 255: below, a surface has no colour to speak of
_DARK, _BRIGHT = 60, 190
# Hues of OpenCV, 0..180, first and last.
_HUES = {
    "red": ((0, 9), (170, 180)),
    "orange": ((8, 20),),
    "yellow": ((20, 34),),
    "green": ((35, 88),),
    "blue": ((88, 130),),
    "purple": ((130, 158),),
    "pink": ((150, 172),),
    "brown": ((5, 20),),
}


def has_colour(image: Image, candidate: Candidate, colour: str) -> bool:
    """Whether enough of the thing's pixels have it. `image` is H×W×3 uint8 RGB."""
    pixels = image[candidate.window][candidate.mask][None]
    hue, saturation, value = (
        np.asarray(plane, np.int32) for plane in cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    )
    is_grey = saturation < _SATURATED
    if colour in _HUES:
        is_hue = np.any([(hue >= first) & (hue <= last) for first, last in _HUES[colour]], axis=0)
        dark = value < 150 if colour == "brown" else value < _DARK
        matching = is_hue & ~is_grey & (dark if colour == "brown" else ~dark)
    else:
        tones = {"white": value >= _BRIGHT, "black": value < _DARK, "grey": (value >= _DARK) & (value < _BRIGHT)}
        matching = tones[colour] & (is_grey if colour != "black" else True)
    return bool(matching.mean() >= _SHARE)
