"""From bytes to bytes: decode, aim, check, plan, fill, paste, judge, check, encode.

Plain Python: usable from a script or a notebook. No step knows where the bytes came from.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference import composite, quality, receipt
from inference.aim import Finders, Targets, take_aim
from inference.codecs.codec import Codec, PlainCodec
from inference.codecs.colours import displayed
from inference.codecs.decode import PIXELS_MAX
from inference.codecs.encode import Encoded
from inference.codecs.metadata import MetadataPolicy
from inference.codecs.origin import SourceType
from inference.codecs.photo import Layout, Photo, Samples
from inference.crops import CropBox, plan_crops
from inference.engines.base import Crop, Engine, Image, Mask
from inference.engines.exemplar.detail import restore_detail
from inference.errors import BadOutput, EngineError
from inference.progress import Clock, OnProgress
from inference.safety import SafetyFilter, Verdict
from inference.stamp import WORD, stamp
from inference.targets.grow import pass_over

logger = logging.getLogger(__name__)

_BATCH_MAX = 8  # equal-sized crops an engine is handed at a time: few enough that progress is seen to move
_FILL_FROM, _FILL_TO = 10, 80  # the share of the work that filling is, in percent

Copy = Callable[[Image], Image]
_STAMP_NOTE = f"Made with a test key: {WORD} is written all over the picture."
_PLAIN = PlainCodec()
_FINDERS = Finders()


class Blocked(EngineError):
    """The content filter does not allow this picture."""

    code = "content_blocked"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


@dataclass(frozen=True, kw_only=True)
class RemovalRequest(Targets):
    """What is to be removed from which picture, and how the result is wanted."""

    image: bytes
    output_format: str | None = None
    quality: int | None = None
    metadata_policy: MetadataPolicy = "keep"
    mode: str = "fast"
    """`quality` gives fine detail to fills so large that the engine works on them scaled down."""
    says_origin: bool = False
    """The result's XMP says that a model or an algorithm made parts of it."""
    is_stamped: bool = False
    """TEST is written all over the result, which is encoded whole: for trying out."""
    max_pixels: int = PIXELS_MAX


@dataclass(frozen=True, kw_only=True)
class RemovalResult:
    """The output file, two small pictures for pages that list results, and the receipt."""

    data: bytes
    content_type: str
    format: str
    width: int
    height: int
    engine: str
    receipt: dict[str, Any]
    input_preview: bytes
    output_preview: bytes
    understood: str | None
    found_by: tuple[str, ...]
    verdict: Verdict
    """The graver of those on the picture and on the result."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What was found, without anything removed."""

    mask_png: bytes
    """Single-channel PNG of the displayed size, 255 = found."""
    width: int
    height: int
    area_share: float
    understood: str | None
    found_by: tuple[str, ...]
    verdict: Verdict


def run(
    request: RemovalRequest,
    *,
    engines: Sequence[Engine],
    safety: SafetyFilter,
    on_progress: OnProgress,
    codec: Codec = _PLAIN,
    finders: Finders = _FINDERS,
) -> RemovalResult:
    """Remove what the request marks. The first engine works; the second is tried when its result is not good enough.

    `on_progress(stage, percent)` may raise to stop the work. Raises subclasses of `EngineError`, `Blocked` among them.
    """
    clock = Clock(on_progress)
    made = _make(request, _Workshop(engines, safety, codec, finders), clock)
    with clock.stage("checking", percent=95):
        changes = _measure(made, codec)
    encoded = made.encoded
    return RemovalResult(
        data=encoded.data,
        content_type=encoded.content_type,
        format=encoded.format,
        width=made.mask.shape[1],
        height=made.mask.shape[0],
        engine=made.engine.spec.name,
        receipt=receipt.write_receipt(
            image=request.image,
            output=encoded.data,
            is_lossless=encoded.is_lossless,
            changes=changes,
            how=_circumstances(request, made, safety.name, clock),
        ),
        input_preview=made.input_preview,
        output_preview=made.output_preview,
        understood=made.understood,
        found_by=made.found_by,
        verdict=made.verdict,
    )


def find(
    request: RemovalRequest,
    *,
    safety: SafetyFilter,
    on_progress: OnProgress,
    codec: Codec = _PLAIN,
    finders: Finders = _FINDERS,
) -> Selection:
    """Find what the request points at, and remove nothing. Raises as `run` does."""
    clock = Clock(on_progress)
    with clock.stage("decoding", percent=0):
        photo = codec.decode(request.image, max_pixels=request.max_pixels)
    with clock.stage("checking", percent=20):
        verdict = _check(photo.rgb, safety)
    with clock.stage("finding", percent=30):
        aim = take_aim(request, photo.rgb, finders, codec.copy)
    with clock.stage("encoding", percent=90):
        written, png = cv2.imencode(".png", aim.mask.astype(np.uint8) * 255)
    if not written:
        raise EngineError
    return Selection(
        mask_png=png.tobytes(),
        width=aim.mask.shape[1],
        height=aim.mask.shape[0],
        area_share=float(aim.mask.mean()),
        understood=aim.understood,
        found_by=aim.found_by,
        verdict=verdict,
    )


@dataclass(frozen=True, eq=False)
class _Workshop:
    """Who does the work."""

    engines: Sequence[Engine]
    safety: SafetyFilter
    codec: Codec
    finders: Finders


@dataclass(frozen=True, kw_only=True, eq=False)
class _Work:
    """A photo with its holes filled, and who did it where."""

    image: Image
    crops: list[CropBox]
    engine: Engine


@dataclass(frozen=True, kw_only=True, eq=False)
class _Original:
    """What an output is compared with. The rest of the photo is out of memory by then."""

    samples: Samples
    """The file's own where the output is lossless, else what is displayed of them."""
    layout: Layout
    palette: NDArray[np.uint8] | None
    icc: bytes | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Made:
    """The output, and what its check and its receipt need."""

    encoded: Encoded
    input_preview: bytes
    output_preview: bytes
    original: _Original
    pixels_filled: int
    """That the fill changed, before a lossy format changed all of them a little."""
    mask: Mask
    grow_px: int
    feather_px: int
    crops: list[CropBox]
    engine: Engine
    understood: str | None
    found_by: tuple[str, ...]
    verdict: Verdict


def _make(request: RemovalRequest, workshop: _Workshop, clock: Clock) -> _Made:
    """Everything up to the output file. The arrays that the check of that file does not need end with this call."""
    codec = workshop.codec
    with clock.stage("decoding", percent=0):
        photo = codec.decode(request.image, max_pixels=request.max_pixels)
    with clock.stage("checking", percent=2):
        before = _check(photo.rgb, workshop.safety)
    with clock.stage("finding", percent=4):
        aim = take_aim(request, photo.rgb, workshop.finders, codec.copy)
    work = _fill_well(
        photo.rgb, aim.mask, workshop.engines, clock, wants_detail=request.mode == "quality", copy=codec.copy
    )
    with clock.stage("filling", percent=_FILL_TO + 1):
        pass_over(photo.rgb, work.image, aim.asked, grow_px=aim.grow_px, feather_px=aim.feather_px)
        aim = replace(aim, asked=aim.mask)  # lets go of what was asked for
    with clock.stage("checking", percent=_FILL_TO + 2):
        after = _check(work.image, workshop.safety)
    if request.says_origin:
        photo = _with_origin(photo, work.engine)
    if request.is_stamped:
        stamp(work.image)
    with clock.stage("encoding", percent=_FILL_TO + 4):
        written = codec.write(
            photo,
            work.image,
            np.ones_like(aim.mask) if request.is_stamped else aim.mask,
            output_format=request.output_format,
            quality=request.quality,
            metadata_policy=request.metadata_policy,
        )
    encoded = _as_stamped(written.encoded) if request.is_stamped else written.encoded
    return _Made(
        encoded=encoded,
        input_preview=written.input_preview,
        output_preview=written.output_preview,
        original=_Original(
            samples=photo.native if encoded.is_lossless else photo.rgb,
            layout=photo.layout,
            palette=photo.palette,
            icc=photo.metadata.icc,
        ),
        pixels_filled=composite.count_changed(photo.rgb, work.image),
        mask=aim.mask,
        grow_px=aim.grow_px,
        feather_px=aim.feather_px,
        crops=work.crops,
        engine=work.engine,
        understood=aim.understood,
        found_by=aim.found_by,
        verdict=before if before.needs_review else after,
    )


def _with_origin(photo: Photo, engine: Engine) -> Photo:
    is_trained = engine.spec.weights_sha256 is not None
    origin: SourceType = "compositeWithTrainedAlgorithmicMedia" if is_trained else "algorithmicallyEnhanced"
    return replace(photo, metadata=replace(photo.metadata, source_type=origin))


def _as_stamped(encoded: Encoded) -> Encoded:
    """Nothing of the input is promised to be left, whatever the format."""
    return replace(encoded, is_lossless=False, notes=(*encoded.notes, _STAMP_NOTE))


def _check(image: Image, safety: SafetyFilter) -> Verdict:
    verdict = safety.check(image)
    if verdict.blocked:
        raise Blocked(verdict)
    return verdict


def _fill_well(
    image: Image, mask: Mask, engines: Sequence[Engine], clock: Clock, *, wants_detail: bool, copy: Copy
) -> _Work:
    """Let the first engine work; where its result is bad, the second; where that is bad too, say so."""
    failure: EngineError = EngineError("No engine is loaded.")
    for engine in engines[:2]:
        try:
            return _fill(image, mask, engine, clock, wants_detail=wants_detail, copy=copy)
        except BadOutput as error:
            logger.warning("engine %s: %s", engine.spec.name, error)
            failure = error.with_traceback(None)  # its frames hold the whole photo, badly filled
    raise failure


def _fill(image: Image, mask: Mask, engine: Engine, clock: Clock, *, wants_detail: bool, copy: Copy) -> _Work:
    with clock.stage("filling", percent=_FILL_FROM):
        crops = plan_crops(mask, engine.spec.framing)
        filled = copy(image)
        # Other crops' holes are unknown here as well, but for the pieces of its own hole that earlier turns filled.
        unknown = mask.copy() if any(crop.turn for crop in crops) else mask
        done, total = 0, sum(crop.area_px for crop in crops)
        for batch in _batches(crops):
            work = [Crop(filled[crop.window], unknown[crop.window]) for crop in batch]
            for crop, piece, fill in zip(batch, work, engine.fill(work), strict=True):
                px_max = engine.spec.framing.px_max
                if wants_detail and px_max is not None and crop.area_px > px_max:
                    scale = float(np.sqrt(px_max / crop.area_px))
                    fill = restore_detail(piece.image, piece.mask, fill, scale=scale)
                composite.paste(filled, crop, fill)
                if unknown is not mask:
                    unknown[crop.window] &= ~crop.own
            done += sum(crop.area_px for crop in batch)
            clock.note("filling", _FILL_FROM + (_FILL_TO - _FILL_FROM) * done // total)
    with clock.stage("checking", percent=_FILL_TO):
        quality.judge(image, filled, mask, crops)
    return _Work(image=filled, crops=crops, engine=engine)


def _batches(crops: Sequence[CropBox]) -> Iterator[list[CropBox]]:
    """Crops of one turn and of equal size together: an engine may fill them in one go."""
    groups: dict[tuple[int, ...], list[CropBox]] = defaultdict(list)
    for crop in crops:
        groups[(crop.turn, *crop.own.shape)].append(crop)
    for alike in groups.values():
        for start in range(0, len(alike), _BATCH_MAX):
            yield alike[start : start + _BATCH_MAX]


def _measure(made: _Made, codec: Codec) -> receipt.Changes:
    """Read the output file back: what counts is what the customer gets."""
    encoded, original = made.encoded, made.original
    output = codec.decode(encoded.data, max_pixels=made.mask.size)
    before, after = original.samples, output.native
    if not encoded.is_lossless:
        after = output.rgb
    elif output.layout != original.layout:
        before, _ = displayed(original.samples, original.layout, original.palette, original.icc)
        after = output.rgb
    difference = composite.largest_difference_outside(before, after, made.mask)
    if encoded.is_lossless and difference:
        raise EngineError("The output differs from the input outside the mask. This is a fault of this site.")
    return receipt.Changes(
        mask=made.mask,
        crops=made.crops,
        pixels_changed=composite.count_changed(before, after) if encoded.is_lossless else made.pixels_filled,
        largest_difference_outside=difference,
        bits_per_sample=before.itemsize * 8,
        mcus_total=encoded.mcus_total,
        mcus_reencoded=encoded.mcus_reencoded,
    )


def _circumstances(request: RemovalRequest, made: _Made, safety_filter: str, clock: Clock) -> receipt.Circumstances:
    return receipt.Circumstances(
        engine=made.engine.spec,
        parameters={
            "output_format": request.output_format,
            "quality": request.quality,
            "boxes": [box.to_json() for box in request.boxes],
            "mask": request.mask_png is not None,
            "segmentation": request.segmentation is not None,
            "clicks": [click.to_json() for click in request.clicks],
            "box": None if request.object_box is None else request.object_box.to_json(),
            "prompt": bool(request.prompt),
            "understood": made.understood,
            "found_by": list(made.found_by),
            "grow": str(request.grow),
            "grow_px": made.grow_px,
            "feather": request.feather,
            "feather_px": made.feather_px,
            "metadata_policy": request.metadata_policy,
            "mode": request.mode,
            **({"stamped": True} if request.is_stamped else {}),
        },
        safety_filter=safety_filter,
        notes=made.encoded.notes,
        seconds=clock.seconds,
    )
