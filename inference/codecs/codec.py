"""Reading and writing pictures, here or in a guarded child: whoever has the pixels does not see the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypedDict, Unpack

from numpy.typing import NDArray

from inference.codecs.decode import decode
from inference.codecs.encode import Encoded, encode
from inference.codecs.metadata import MetadataPolicy
from inference.codecs.photo import Compression, Metadata, Photo
from inference.codecs.preview import make_preview
from inference.errors import EngineError, OutOfMemory, UnreadableImage
from jobs import guard, images


class DecoderCrashed(EngineError):
    """The picture broke the decoder. Save it anew with another program and send it again."""

    code = "decoder_crashed"
    retryable = True  # the system may have ended it for want of memory


class ImageTooComplex(EngineError):
    """The picture takes too long to decode. Save it anew with another program and send it again."""

    code = "image_too_complex"


class Wanted(TypedDict, total=False):
    """How a result is encoded; see `encode`."""

    output_format: str | None
    quality: int | None
    metadata_policy: MetadataPolicy


@dataclass(frozen=True, kw_only=True)
class Written:
    """An output file, and two small pictures for pages that list results."""

    encoded: Encoded
    input_preview: bytes
    output_preview: bytes


class Codec(Protocol):
    """Reads and writes pictures."""

    def decode(self, data: bytes, *, max_pixels: int) -> Photo:
        """As `inference.codecs.decode.decode`. The arrays may be read-only."""

    def write(self, photo: Photo, filled: NDArray[Any], changed: NDArray[Any], **wanted: Unpack[Wanted]) -> Written:
        """As `inference.codecs.encode.encode`, with previews of `photo` and of `filled`."""

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the same values that may be changed, and that `write` takes without copying it once more."""


class PlainCodec:
    """In this process: for scripts, notebooks and files that one trusts."""

    def decode(self, data: bytes, *, max_pixels: int) -> Photo:
        return decode(data, max_pixels=max_pixels)

    def write(self, photo: Photo, filled: NDArray[Any], changed: NDArray[Any], **wanted: Unpack[Wanted]) -> Written:
        return _write(photo, filled, changed, wanted)

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy()


class GuardedCodec:
    """In child processes with limits: a file that breaks a decoder, or takes all memory, ends one job and nothing else."""

    def __init__(self, *, memory_bytes: int, seconds: float, children_max: int) -> None:
        self._guards = guard.Guards(
            guard.Limits(memory_bytes=memory_bytes, seconds=seconds),
            children_max=children_max,
            wait_s=seconds,
            imports=(__name__, *images.PLUGINS),
            answers=(Photo, Metadata, Compression, Written, Encoded, UnreadableImage),
        )

    def decode(self, data: bytes, *, max_pixels: int) -> Photo:
        photo: Photo
        photo, is_jpeg = self.guarded(_decode, data, max_pixels)
        return replace(photo, jpeg=data if is_jpeg else None)

    def write(self, photo: Photo, filled: NDArray[Any], changed: NDArray[Any], **wanted: Unpack[Wanted]) -> Written:
        written: Written = self.guarded(_write, photo, filled, changed, wanted)
        return written

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        return guard.shared_copy(array)

    def close(self) -> None:
        self._guards.close()

    def guarded(self, function: Any, *args: Any) -> Any:
        """Call a function of a module in a child. Raises what it raises, or an `EngineError` that says how the child ended."""
        try:
            return self._guards.call(function, *args)
        except guard.TookTooLong as error:
            raise ImageTooComplex from error
        except (guard.OutOfMemory, guard.AllBusy) as error:
            raise OutOfMemory from error
        except guard.GuardError as error:
            raise DecoderCrashed from error


def _decode(data: bytes, max_pixels: int) -> tuple[Photo, bool]:
    """Without the file, which the caller has; but whether the photo keeps it."""
    photo = decode(data, max_pixels=max_pixels)
    return replace(photo, jpeg=None), photo.jpeg is not None


def _write(photo: Photo, filled: NDArray[Any], changed: NDArray[Any], wanted: Wanted) -> Written:
    encoded = encode(photo, filled, changed, **wanted)
    return Written(
        encoded=encoded, input_preview=make_preview(photo.rgb, photo), output_preview=make_preview(filled, photo)
    )
