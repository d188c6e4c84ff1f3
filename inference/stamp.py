"""TEST, in diagonal rows over a whole picture: what is made for trying out is seen to be so, and of no other use."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image

WORD = "TEST"
_FONT = cv2.FONT_HERSHEY_DUPLEX
_DEGREES = 30
# White letters with a dark edge: one of them stands out from any ground.
_INK_SHARE, _EDGE_SHARE = 0.6, 0.6
# Of the picture's shorter side; a small picture needs larger letters to be read at all.
_WORD_SHARE, _WORD_SHARE_MAX, _WORD_PX_MIN = 0.3, 0.9, 64
_WORD_PX_LEAST = 16
_ROW, _COLUMN = 0.85, 1.3  # from one word to the next, in widths of a word


def stamp(image: Image) -> None:
    """Write the word all over an H×W×3 uint8 picture, in place."""
    height, width = image.shape[:2]
    ink, edge = _tile(_word_px(min(height, width)))
    rows, columns = ink.shape
    # One word lies in the very middle, so that a small picture shows a whole one.
    middle, centre = (height - rows) // 2, (width - columns) // 2
    for top in range(middle % rows - rows, height, rows):
        # Every other row is set off by half, so that no column is left without a word.
        is_set_off = (top - middle) // rows % 2
        start = (centre + is_set_off * columns // 2) % columns - columns
        for left in range(start, width, columns):
            there = np.s_[max(top, 0) : top + rows, max(left, 0) : left + columns]
            window = image[there]
            above, before = max(-top, 0), max(-left, 0)
            here = np.s_[above : above + window.shape[0], before : before + window.shape[1]]
            _mix(window, edge[here], 0)
            _mix(window, ink[here], 255)


def _word_px(shorter_side: int) -> int:
    """Width of the word."""
    wanted = max(_WORD_SHARE * shorter_side, min(_WORD_SHARE_MAX * shorter_side, _WORD_PX_MIN))
    return max(_WORD_PX_LEAST, round(wanted))


def _tile(word_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much of the letters' colour, and of their edge's, each pixel around one word takes: 0 to 1."""
    rows, columns = math.ceil(word_px * _ROW), math.ceil(word_px * _COLUMN)
    scale = word_px / cv2.getTextSize(WORD, _FONT, 1, 1)[0][0]
    stroke = max(1, round(word_px / 32))
    (text_px, text_height), _ = cv2.getTextSize(WORD, _FONT, scale, stroke)
    side = columns  # drawn on a square, so that nothing is cut off before it is turned
    origin = ((side - text_px) // 2, (side + text_height) // 2)
    turned = cv2.getRotationMatrix2D((side / 2, side / 2), _DEGREES, 1)
    top = (side - rows) // 2
    drawn = np.zeros((side, side), np.uint8)
    cv2.putText(drawn, WORD, origin, _FONT, scale, 255, stroke, cv2.LINE_AA)
    round_brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * math.ceil(word_px / 50) + 1,) * 2)
    ink, both = (
        cv2.warpAffine(layer, turned, (side, side))[top : top + rows].astype(np.float32) / np.float32(255)
        for layer in (drawn, cv2.dilate(drawn, round_brush))
    )
    return ink * np.float32(_INK_SHARE), np.maximum(both - ink, 0) * np.float32(_EDGE_SHARE)


def _mix(window: Image, share: NDArray[np.float32], colour: int) -> None:
    marked = share > 0
    of_it = share[marked][:, None]
    window[marked] = np.rint(window[marked] * (1 - of_it) + colour * of_it).astype(np.uint8)
