"""What a caller points at, as it is spelt in requests, as values, and as it is stored.

Coordinates count pixels of the photo as it is displayed (EXIF orientation applied), from its top left corner.
Plain Python: both the web process and the worker read it.
"""

from __future__ import annotations

from jobs.targets.boxes import (
    RECTANGLES_MAX,
    Box,
    boxes_from_json,
    boxes_to_json,
    parse_corners,
    parse_rectangles,
)
from jobs.targets.clicks import CLICKS_MAX, Click, clicks_from_json, clicks_to_json, parse_points
from jobs.targets.errors import (
    BoxOutOfBounds,
    InvalidBox,
    InvalidCharacters,
    InvalidFeather,
    InvalidGrow,
    InvalidJson,
    InvalidPoints,
    InvalidSegmentation,
    PointOutOfBounds,
    PromptEmpty,
    PromptTooLong,
    SegmentationSizeMismatch,
    TargetError,
    TooManyRectangles,
)
from jobs.targets.grow import GROW_PERCENT_MAX, GROW_PX_MAX, NO_GROWTH, Grow
from jobs.targets.numbers import COORDINATE_MAX
from jobs.targets.prompts import PROMPT_LENGTH_MAX, Prompt
from jobs.targets.segmentation import Polygon, Rle, Segmentation

__all__ = [
    "CLICKS_MAX",
    "COORDINATE_MAX",
    "GROW_PERCENT_MAX",
    "GROW_PX_MAX",
    "NO_GROWTH",
    "PROMPT_LENGTH_MAX",
    "RECTANGLES_MAX",
    "Box",
    "BoxOutOfBounds",
    "Click",
    "Grow",
    "InvalidBox",
    "InvalidCharacters",
    "InvalidFeather",
    "InvalidGrow",
    "InvalidJson",
    "InvalidPoints",
    "InvalidSegmentation",
    "PointOutOfBounds",
    "Polygon",
    "Prompt",
    "PromptEmpty",
    "PromptTooLong",
    "Rle",
    "Segmentation",
    "SegmentationSizeMismatch",
    "TargetError",
    "TooManyRectangles",
    "boxes_from_json",
    "boxes_to_json",
    "clicks_from_json",
    "clicks_to_json",
    "parse_corners",
    "parse_points",
    "parse_rectangles",
]
