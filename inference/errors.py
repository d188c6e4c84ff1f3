"""What can go wrong while pixels change. Each error knows its code and whether trying again may help."""

from __future__ import annotations


class EngineError(Exception):
    """The picture could not be processed. Try again, or contact the owner of this site."""

    code = "processing_error"
    retryable = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class UnreadableImage(EngineError):
    """The image could not be decoded. Send it again as JPEG, PNG or WebP."""

    code = "invalid_image"


class OutOfMemory(EngineError):
    """The engine ran out of memory. Send a smaller picture or a smaller mask."""

    code = "out_of_memory"
    retryable = True


class NothingFound(EngineError):
    """Nothing was found to remove. Mark the object with a mask or a box."""

    code = "nothing_found"


class MaskCoversPicture(EngineError):
    """The mask, grown as asked, leaves nothing of the picture to fill from. Mark less, or send a smaller `grow`."""

    code = "mask_covers_image"


class BadOutput(EngineError):
    """The fill did not pass the quality check. Try a larger mask around the object."""

    code = "quality_check_failed"


class BadWeights(EngineError):
    """The weights file does not fit the network."""

    code = "bad_weights"
