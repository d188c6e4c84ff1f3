"""JSON text and the numbers in it, read without trusting either."""

from __future__ import annotations

import json

from jobs.targets.errors import InvalidJson, TargetError

COORDINATE_MAX = 2**31 - 1  # nothing larger can be a pixel; keeps absurd integers out of the arithmetic
_TEXT_LENGTH_MAX = 100_000  # fifty generous rectangles take about 5,000 characters


def read_json(text: str, *, param: str, length_max: int = _TEXT_LENGTH_MAX) -> object:
    """Return the value that the text stands for. Raises `InvalidJson`, also for a key that occurs twice."""
    if len(text) > length_max:
        raise InvalidJson("The JSON value is too long.", param=param)
    try:
        value: object = json.loads(text, object_pairs_hook=_object_without_duplicates, parse_int=_bounded_integer)
    except (ValueError, RecursionError):
        raise InvalidJson(param=param) from None
    return value


def whole_number(number: object, refusal: TargetError) -> int:
    """Return the number if it is whole and can be a pixel's, also if it is written `10.0`; raise the refusal if not."""
    # bool is an int to Python; 10.0 is 10 to JSON; NaN and infinity are no integers.
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise refusal
    if isinstance(number, float) and not number.is_integer():
        raise refusal
    if abs(number) > COORDINATE_MAX:
        raise refusal
    return int(number)


def finite_number(number: object, refusal: TargetError) -> float:
    """Return the number if it is a place in a photo, between pixels or not; raise the refusal if not."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise refusal
    if not abs(number) <= COORDINATE_MAX:  # NaN is not, nor is an integer too large to be a float
        raise refusal
    return float(number)


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    return found


def _bounded_integer(digits: str) -> int | float:
    # Python refuses to read thousands of digits; as infinity the number is a wrong box, not wrong JSON.
    return int(digits) if len(digits) <= 20 else float("inf")
