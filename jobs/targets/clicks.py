"""Clicks: points on the object that is meant, and points that are not on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.targets.errors import InvalidPoints, PointOutOfBounds
from jobs.targets.numbers import read_json, whole_number

CLICKS_MAX = 50  # nobody clicks more often; a selector's time grows with each


@dataclass(frozen=True)
class Click:
    """A pixel, and whether it shows the object."""

    x: int
    y: int
    is_object: bool = True

    @classmethod
    def from_json(cls, stored: object) -> Click:
        """Read what `to_json` wrote."""
        if not isinstance(stored, dict) or stored.keys() != {"x", "y", "label"}:
            raise InvalidPoints(param="points")
        return _click((stored["x"], stored["y"]), stored["label"], param="points")

    def to_json(self) -> dict[str, int]:
        """Return the form in which a click is stored."""
        return {"x": self.x, "y": self.y, "label": int(self.is_object)}

    def check_inside(self, size: tuple[int, int], *, param: str = "points") -> None:
        """Raise `PointOutOfBounds` unless it is a pixel of a photo of displayed size (width, height)."""
        width, height = size
        if not (0 <= self.x < width and 0 <= self.y < height):
            raise PointOutOfBounds(
                f"The point {self.x},{self.y} lies outside the image of {width}×{height} pixels.", param=param
            )


def parse_points(
    points: object, labels: object, *, param: str = "points", needs_object: bool = True
) -> tuple[Click, ...]:
    """Read `[[x, y], …]` and as many `[1, 0, …]`, each as JSON text or as the list it stands for.

    1 says that the point is on the object, 0 that it is not; at least one is, where no box says where it is. Raises `InvalidPoints` or `InvalidJson`.
    """
    if labels is None:
        raise InvalidPoints("`labels` is missing: a 1 (on the object) or a 0 (not) for each point.", param="labels")
    places = _read_list(points, param=param)
    marks = _read_list(labels, param="labels")
    if not places:
        raise InvalidPoints("`points` is empty.", param=param)
    if len(places) > CLICKS_MAX:
        raise InvalidPoints(f"Send at most {CLICKS_MAX} points.", param=param)
    if len(places) != len(marks):
        raise InvalidPoints(f"There are {len(places)} points, but {len(marks)} labels.", param="labels")
    clicks = tuple(_click(place, mark, param=param) for place, mark in zip(places, marks, strict=True))
    if needs_object and not any(click.is_object for click in clicks):
        raise InvalidPoints("At least one point must be on the object: give it the label 1.", param="labels")
    return clicks


def clicks_to_json(clicks: Iterable[Click]) -> list[dict[str, int]]:
    """Return the form in which a job stores its clicks."""
    return [click.to_json() for click in clicks]


def clicks_from_json(stored: Iterable[object]) -> tuple[Click, ...]:
    """Read what `clicks_to_json` wrote."""
    return tuple(Click.from_json(item) for item in stored)


def _read_list(value: object, *, param: str) -> list[object] | tuple[object, ...]:
    if isinstance(value, str):
        value = read_json(value, param=param)
    if not isinstance(value, list | tuple):
        raise InvalidPoints(param=param)
    return value


def _click(place: object, label: object, *, param: str) -> Click:
    if not isinstance(place, list | tuple) or len(place) != 2:
        raise InvalidPoints("A point is a list of two whole numbers: [x, y].", param=param)
    x, y = (whole_number(number, InvalidPoints(param=param)) for number in place)
    wrong_label = InvalidPoints("A label is 1 (the point is on the object) or 0 (it is not).", param="labels")
    mark = whole_number(label, wrong_label)
    if mark not in (0, 1):
        raise wrong_label
    return Click(x, y, is_object=mark == 1)
