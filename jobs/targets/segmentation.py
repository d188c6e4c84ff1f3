"""Segmentations as programs send them: run lengths and polygons, in the forms of the COCO data set.

https://cocodataset.org/#format-data describes both.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.targets import runs
from jobs.targets.errors import InvalidSegmentation, SegmentationSizeMismatch
from jobs.targets.numbers import finite_number, read_json, whole_number

TEXT_LENGTH_MAX = 2_000_000  # a ragged mask of 50 MP, compressed, takes a tenth of it
POLYGONS_MAX = 100
POLYGON_POINTS_MAX = 10_000  # of all polygons together; outlines drawn by hand have tens, traced ones hundreds


@dataclass(frozen=True)
class Rle:
    """A mask as run lengths: alternately pixels that are not marked and pixels that are, column by column."""

    height: int
    width: int
    counts: tuple[int, ...]
    """Sum to height × width; the first one is of pixels that are not marked, and may be 0."""

    @classmethod
    def from_value(cls, value: dict[object, object], *, param: str) -> Rle:
        """Read `{"size": [h, w], "counts": …}`, with a list of counts or their compressed text."""
        if value.keys() != {"size", "counts"}:
            raise InvalidSegmentation('A run-length encoding has "size" and "counts", nothing else.', param=param)
        size, counts = value["size"], value["counts"]
        wrong_size = InvalidSegmentation('"size" is [height, width], two whole numbers of at least 1.', param=param)
        if not isinstance(size, list | tuple) or len(size) != 2:
            raise wrong_size
        height, width = (whole_number(number, wrong_size) for number in size)
        if height < 1 or width < 1:
            raise wrong_size
        total = height * width
        if isinstance(counts, str):
            return cls(height, width, runs.decompress(counts, total=total, param=param))
        if isinstance(counts, list | tuple):
            return cls(height, width, runs.check(counts, total=total, param=param))
        raise InvalidSegmentation('"counts" is a list of whole numbers, or their compressed text.', param=param)

    def to_value(self) -> dict[str, object]:
        """Return the compressed form."""
        return {"size": [self.height, self.width], "counts": runs.compress(self.counts)}


@dataclass(frozen=True)
class Polygon:
    """A closed outline, of three points or more; what it encloses an odd number of times is inside.

    The top left pixel reaches from 0,0 to 1,1; a pixel is marked if its middle is inside.
    """

    points: tuple[tuple[float, float], ...]

    @classmethod
    def from_value(cls, value: object, *, param: str) -> Polygon:
        """Read `[x1, y1, x2, y2, …]`."""
        if not isinstance(value, list | tuple):
            raise InvalidSegmentation("Polygons are a list of lists [x1, y1, x2, y2, x3, y3, …].", param=param)
        if len(value) < 6 or len(value) % 2:
            raise InvalidSegmentation(
                f"A polygon has an x and a y for each of three points or more, not {len(value)} numbers.", param=param
            )
        refusal = InvalidSegmentation("A polygon's coordinates are finite numbers.", param=param)
        numbers = [finite_number(number, refusal) for number in value]
        return cls(tuple(zip(numbers[::2], numbers[1::2], strict=True)))

    def is_outside(self, size: tuple[int, int]) -> bool:
        """Whether nothing of it lies in a photo of displayed size (width, height)."""
        rest = list(self.points)
        for axis, side in enumerate(size):
            rest = _cut(_cut(rest, axis, 0.0, 1), axis, float(side), -1)
        return not rest

    def to_value(self) -> list[float]:
        return [number for point in self.points for number in point]


@dataclass(frozen=True)
class Segmentation:
    """Either run lengths or polygons, which are united."""

    rle: Rle | None = None
    polygons: tuple[Polygon, ...] = ()

    @classmethod
    def parse(cls, value: object, *, param: str = "segmentation") -> Segmentation:
        """Read JSON text or the value it stands for. Raises `InvalidSegmentation` or `InvalidJson`.

        Whether it fits a photo is asked by `check_inside`.
        """
        if isinstance(value, str):
            value = read_json(value, param=param, length_max=TEXT_LENGTH_MAX)
        if isinstance(value, dict):
            return cls(rle=Rle.from_value(value, param=param))
        if not isinstance(value, list | tuple):
            raise InvalidSegmentation(param=param)
        return cls(polygons=_polygons(value, param=param))

    @classmethod
    def from_json(cls, stored: object) -> Segmentation:
        """Read what `to_json` wrote."""
        return cls.parse(stored)

    def to_json(self) -> object:
        """Return the form in which a segmentation is stored: COCO's."""
        return self.rle.to_value() if self.rle else [polygon.to_value() for polygon in self.polygons]

    def check_inside(self, size: tuple[int, int], *, param: str = "segmentation") -> None:
        """Raise `SegmentationSizeMismatch` or `InvalidSegmentation` unless it fits a photo of size (width, height).

        Run lengths must have the photo's size; of a polygon, what reaches outside is cut off.
        """
        width, height = size
        if self.rle and (self.rle.width, self.rle.height) != size:
            raise SegmentationSizeMismatch(
                f"The segmentation is {self.rle.width}×{self.rle.height} pixels, the image {width}×{height}.",
                param=param,
            )
        for number, polygon in enumerate(self.polygons, start=1):
            if polygon.is_outside(size):
                raise InvalidSegmentation(
                    f"Polygon {number} lies outside the image of {width}×{height} pixels.", param=param
                )


def _polygons(value: list[object] | tuple[object, ...], *, param: str) -> tuple[Polygon, ...]:
    if not value:
        raise InvalidSegmentation("The list of polygons is empty.", param=param)
    if any(isinstance(item, dict) for item in value):
        raise InvalidSegmentation("Send one run-length encoding, or polygons, not a list that mixes them.", param=param)
    points = sum(len(item) // 2 for item in value if isinstance(item, list | tuple))
    if len(value) > POLYGONS_MAX or points > POLYGON_POINTS_MAX:
        raise InvalidSegmentation(
            f"Send at most {POLYGONS_MAX} polygons with {POLYGON_POINTS_MAX} points in all; send run lengths instead.",
            param=param,
        )
    return tuple(Polygon.from_value(item, param=param) for item in value)


def _cut(points: list[tuple[float, float]], axis: int, limit: float, direction: int) -> list[tuple[float, float]]:
    """What remains of a polygon beyond a line (Sutherland and Hodgman, 1974), a touching edge or corner not counted."""
    kept: list[tuple[float, float]] = []
    for before, after in zip([*points[-1:], *points], points, strict=False):
        depths = [direction * (point[axis] - limit) for point in (before, after)]
        if min(depths) < 0 < max(depths):
            share = depths[0] / (depths[0] - depths[1])
            kept.append((before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])))
        if depths[1] >= 0:
            kept.append(after)
    is_touching = all(direction * (point[axis] - limit) <= 0 for point in kept)
    return [] if is_touching else kept
