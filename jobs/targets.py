"""What a caller points at: boxes, as they are spelt in requests, as values, and as they are stored.

Coordinates count pixels of the photo as it is displayed (EXIF orientation applied), from its top left corner.
Plain Python: both the web process and the worker read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

RECTANGLES_MAX = 50  # the API's documented limit (PicWish's as well)
TEXT_LENGTH_MAX = 100_000  # fifty generous rectangles take about 5,000 characters
COORDINATE_MAX = 2**31 - 1  # nothing larger can be a pixel; keeps absurd integers out of the arithmetic

GROW_PX_MAX, GROW_PERCENT_MAX = 500, 100
_GROW = re.compile(r"(?P<number>[0-9]{1,5}(\.[0-9]{1,3})?)\s*(?P<unit>%|px)?", re.ASCII)

_LONG_KEYS = frozenset({"x", "y", "width", "height"})
_SHORT_KEYS = frozenset({"x", "y", "w", "h"})


class TargetError(Exception):
    """A target cannot be used as it was sent."""

    code = "target_invalid"
    status = 422

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.param = param
        super().__init__(self.message)


class InvalidBox(TargetError):
    """A box is four whole numbers x, y, width, height, with width and height of at least 1 pixel."""

    code = "box_invalid"


class BoxOutOfBounds(TargetError):
    """The box must lie inside the image."""

    code = "box_out_of_bounds"


class TooManyRectangles(TargetError):
    """Send at most 50 rectangles."""

    code = "too_many_rectangles"


class InvalidGrow(TargetError):
    """`grow` is pixels (`12`), a share of the mask's thickness (`15%`), or `auto`."""

    code = "grow_invalid"


class InvalidFeather(TargetError):
    """`feather` softens the ring that `grow` adds: without `grow` there is none. Send both, or neither."""

    code = "feather_invalid"


class InvalidJson(TargetError):
    """The value is not valid JSON."""

    code = "json_invalid"
    status = 400


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
            return _box_from_value(_read_json(text, param=param), param=param)
        return _box_from_commas(text, param=param)

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


@dataclass(frozen=True)
class Grow:
    """By how much a mask is enlarged on all sides: pixels, or a share of the thickness of its thickest place."""

    px: int = 0
    percent: float = 0.0
    is_automatic: bool = False
    """A few pixels, as an edge painted by hand needs."""

    @classmethod
    def parse(cls, value: object, *, param: str = "grow") -> Grow:
        """Read `12`, `"12px"`, `"15%"` or `"auto"`. Raises `InvalidGrow`."""
        text = str(value).strip().lower() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text == "auto":
            return cls(is_automatic=True)
        found = _GROW.fullmatch(text)
        if found is None:
            raise InvalidGrow(param=param)
        number, unit = float(found["number"]), found["unit"]
        if unit == "%" and number <= GROW_PERCENT_MAX:
            return cls(percent=number)
        if unit != "%" and number.is_integer() and number <= GROW_PX_MAX:
            return cls(px=int(number))
        raise InvalidGrow(f"`grow` is at most {GROW_PX_MAX} whole pixels or {GROW_PERCENT_MAX}%.", param=param)

    @property
    def is_nothing(self) -> bool:
        return not (self.px or self.percent or self.is_automatic)

    def __str__(self) -> str:
        if self.is_automatic:
            return "auto"
        return f"{self.percent:g}%" if self.percent else str(self.px)


NO_GROWTH = Grow()


def parse_rectangles(value: object, *, param: str = "rectangles") -> tuple[Box, ...]:
    """Read a list of boxes from JSON text or the list it stands for, at least one and at most 50.

    Raises `InvalidBox`, `TooManyRectangles` or `InvalidJson`.
    """
    if isinstance(value, str):
        value = _read_json(value, param=param)
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


def _box_from_commas(text: str, *, param: str) -> Box:
    parts = [part.strip() for part in text.split(",", 4)]
    if len(parts) != 4 or not all(_is_plain_integer(part) for part in parts):
        raise InvalidBox(param=param)
    return _box_from_numbers([int(part) for part in parts], param=param)


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
    x, y, width, height = (_whole_number(number, param=param) for number in numbers)
    if width < 1 or height < 1:
        raise InvalidBox(param=param)
    return Box(x, y, width, height)


def _whole_number(number: object, *, param: str) -> int:
    # bool is an int to Python; 10.0 is 10 to JSON; NaN and infinity are no integers.
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise InvalidBox(param=param)
    if isinstance(number, float) and not number.is_integer():
        raise InvalidBox(param=param)
    if abs(number) > COORDINATE_MAX:
        raise InvalidBox(param=param)
    return int(number)


def _read_json(text: str, *, param: str) -> object:
    if len(text) > TEXT_LENGTH_MAX:
        raise InvalidJson("The JSON value is too long.", param=param)
    try:
        value: object = json.loads(text, object_pairs_hook=_object_without_duplicates, parse_int=_bounded_integer)
    except (ValueError, RecursionError):
        raise InvalidJson(param=param) from None
    return value


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    return found


def _bounded_integer(digits: str) -> int | float:
    # Python refuses to read thousands of digits; as infinity the number is a wrong box, not wrong JSON.
    return int(digits) if len(digits) <= 20 else float("inf")
