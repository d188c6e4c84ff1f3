"""Boxes: rectangles of pixels, by their edge and size or by two corners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.targets.errors import BoxOutOfBounds, InvalidBox, TooManyRectangles
from jobs.targets.numbers import read_json, whole_number

RECTANGLES_MAX = 50  # the API's documented limit (PicWish's as well)

_LONG_KEYS = frozenset({"x", "y", "width", "height"})
_SHORT_KEYS = frozenset({"x", "y", "w", "h"})


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: left edge, top edge, width and height."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, value: object, *, param: str = "bbox") -> Box:
        """Read one box from `"x,y,w,h"`, JSON text, or the value that such JSON stands for.

        Raises `InvalidBox` or `InvalidJson`. Whether the box lies inside a photo is asked by `check_inside`.
        """
        if not isinstance(value, str):
            return _box_from_value(value, param=param)
        text = value.strip()
        if text[:1] in ("[", "{"):
            return _box_from_value(read_json(text, param=param), param=param)
        return _box_from_numbers(_split(text, refusal=InvalidBox(param=param)), param=param)

    @classmethod
    def from_json(cls, stored: object) -> Box:
        """Read what `to_json` wrote."""
        return _box_from_value(stored, param="bbox")

    def to_json(self) -> dict[str, int]:
        """Return the form in which a box is stored."""
        return {"x": self.x, "y": self.y, "width": self.width, "height": self.height}

    def check_inside(self, size: tuple[int, int], *, param: str = "bbox") -> None:
        """Raise `BoxOutOfBounds` unless every pixel lies in a photo of displayed size (width, height)."""
        width, height = size
        if self.x < 0 or self.y < 0 or self.x + self.width > width or self.y + self.height > height:
            raise BoxOutOfBounds(
                f"The box {self.x},{self.y},{self.width},{self.height} reaches outside the image"
                f" of {width}×{height} pixels.",
                param=param,
            )


def parse_corners(value: object, *, param: str = "box") -> Box:
    """Read one box from its corners `x1,y1,x2,y2`, as JSON text, as the list it stands for, or with commas.

    The second corner is the first pixel that no longer belongs to the box: x2 - x1 is its width. Raises `InvalidBox`
    or `InvalidJson`.
    """
    refusal = InvalidBox("A box by its corners is four whole numbers x1, y1, x2, y2, x2 > x1, y2 > y1.", param=param)
    if isinstance(value, str):
        text = value.strip()
        value = read_json(text, param=param) if text.startswith("[") else _split(text, refusal=refusal)
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise refusal
    left, top, right, bottom = (whole_number(number, refusal) for number in value)
    if right <= left or bottom <= top:
        raise refusal
    return Box(left, top, right - left, bottom - top)


def parse_rectangles(value: object, *, param: str = "rectangles") -> tuple[Box, ...]:
    """Read a list of boxes from JSON text or the list it stands for, at least one and at most 50.

    Raises `InvalidBox`, `TooManyRectangles` or `InvalidJson`.
    """
    if isinstance(value, str):
        value = read_json(value, param=param)
    if not isinstance(value, list | tuple) or not value:
        raise InvalidBox('Rectangles are a JSON list of {"x", "y", "width", "height"}.', param=param)
    if len(value) > RECTANGLES_MAX:
        raise TooManyRectangles(param=param)
    return tuple(_box_from_value(item, param=param) for item in value)


def boxes_to_json(boxes: Iterable[Box]) -> list[dict[str, int]]:
    """Return the form in which a job stores its boxes."""
    return [box.to_json() for box in boxes]


def boxes_from_json(stored: Iterable[object]) -> tuple[Box, ...]:
    """Read what `boxes_to_json` wrote."""
    return tuple(Box.from_json(item) for item in stored)


def _split(text: str, *, refusal: InvalidBox) -> list[int]:
    parts = [part.strip() for part in text.split(",", 4)]
    if len(parts) != 4 or not all(_is_plain_integer(part) for part in parts):
        raise refusal
    return [int(part) for part in parts]


def _is_plain_integer(text: str) -> bool:
    # int() also takes "1_0", "+1" and other scripts' digits, and balks at thousands of digits.
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 10


def _box_from_value(value: object, *, param: str) -> Box:
    if isinstance(value, dict):
        keys = value.keys()
        if keys != _LONG_KEYS and keys != _SHORT_KEYS:
            raise InvalidBox(param=param)
        names = ("x", "y", "width", "height") if "width" in keys else ("x", "y", "w", "h")
        return _box_from_numbers([value[name] for name in names], param=param)
    if isinstance(value, list | tuple) and len(value) == 4:
        return _box_from_numbers(value, param=param)
    raise InvalidBox(param=param)


def _box_from_numbers(numbers: Iterable[object], *, param: str) -> Box:
    x, y, width, height = (whole_number(number, InvalidBox(param=param)) for number in numbers)
    if width < 1 or height < 1:
        raise InvalidBox(param=param)
    return Box(x, y, width, height)
