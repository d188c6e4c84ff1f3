"""Why a target is refused."""

from __future__ import annotations


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


class InvalidPoints(TargetError):
    """`points` is a list of up to 50 whole-numbered [x, y], `labels` has a 1 (on the object) or a 0 (not) for each."""

    code = "points_invalid"


class PointOutOfBounds(TargetError):
    """Every point must lie inside the image."""

    code = "point_out_of_bounds"


class InvalidSegmentation(TargetError):
    """`segmentation` is a COCO run-length encoding `{"size": [h, w], "counts": …}` or polygons `[[x, y, …], …]`."""

    code = "segmentation_invalid"


class SegmentationSizeMismatch(TargetError):
    """The segmentation must have the size of the image, as it is displayed."""

    code = "segmentation_size_mismatch"


class PromptEmpty(TargetError):
    """The prompt is empty: say what to remove."""

    code = "prompt_empty"


class PromptTooLong(TargetError):
    """The prompt is longer than 2,000 characters."""

    code = "prompt_too_long"


class InvalidCharacters(TargetError):
    """The text holds control characters or lone surrogates."""

    code = "invalid_characters"


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
