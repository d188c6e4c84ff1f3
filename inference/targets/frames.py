"""A part of a photo, scaled down to work on, and the way back for masks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from jobs.targets import Box, Click


@dataclass(frozen=True)
class Frame:
    """A window of a photo at a scale of at most 1."""

    window: Box
    scale: float

    @classmethod
    def around(cls, box: Box, image: Image, *, margin: float, px_max: int) -> Frame:
        """Frame a box and as many of its mean sides more on each side, in at most so many pixels."""
        height, width = image.shape[:2]
        more = int(margin * (box.width + box.height) / 2) + 2
        left, top = max(box.x - more, 0), max(box.y - more, 0)
        right, bottom = min(box.x + box.width + more, width), min(box.y + box.height + more, height)
        window = Box(left, top, right - left, bottom - top)
        return cls(window, min(1.0, math.sqrt(px_max / (window.width * window.height))))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the scaled window."""
        return max(round(self.window.width * self.scale), 1), max(round(self.window.height * self.scale), 1)

    def of(self, image: Image) -> Image:
        """Return the window, scaled."""
        x, y = self.window.x, self.window.y
        crop = image[y : y + self.window.height, x : x + self.window.width]
        return np.asarray(cv2.resize(crop, self.size, interpolation=cv2.INTER_AREA), np.uint8)

    def mask(self, mask: Mask) -> Mask:
        """Return the window of a mask of the photo, scaled."""
        x, y = self.window.x, self.window.y
        crop = mask[y : y + self.window.height, x : x + self.window.width].view(np.uint8) * np.uint8(255)
        return np.asarray(cv2.resize(crop, self.size, interpolation=cv2.INTER_AREA) > 127)

    def clicks(self, clicks: Iterable[Click]) -> tuple[Click, ...]:
        """Where the photo's clicks lie in it; those beyond its edges do not."""
        width, height = self.size
        moved = (
            Click(
                math.floor((click.x - self.window.x + 0.5) * width / self.window.width),
                math.floor((click.y - self.window.y + 0.5) * height / self.window.height),
                click.is_object,
            )
            for click in clicks
        )
        return tuple(click for click in moved if 0 <= click.x < width and 0 <= click.y < height)

    def box(self, box: Box) -> Box:
        """Where a box of the photo lies in it."""
        left, top = round((box.x - self.window.x) * self.scale), round((box.y - self.window.y) * self.scale)
        right = round((box.x + box.width - self.window.x) * self.scale)
        bottom = round((box.y + box.height - self.window.y) * self.scale)
        return Box(left, top, max(right - left, 1), max(bottom - top, 1))

    def box_of_photo(self, box: Box) -> Box:
        """Where a box of the frame lies in the photo."""
        left, top = (math.floor(edge / self.scale) for edge in (box.x, box.y))
        width, height = (math.ceil(side / self.scale) for side in (box.width, box.height))
        width, height = min(width, self.window.width - left), min(height, self.window.height - top)
        return Box(self.window.x + left, self.window.y + top, width, height)

    def mask_of_photo(self, mask: Mask, shape: tuple[int, ...]) -> Mask:
        """Enlarge a mask of the frame to one of the photo, H×W."""
        # In bytes: a photo of 50 MP takes 50 MB so.
        grey = mask.astype(np.uint8) * np.uint8(255)
        window = (self.window.width, self.window.height)
        whole = np.zeros(shape[:2], bool)
        x, y = self.window.x, self.window.y
        whole[y : y + window[1], x : x + window[0]] = cv2.resize(grey, window, interpolation=cv2.INTER_LINEAR) > 127
        return whole
