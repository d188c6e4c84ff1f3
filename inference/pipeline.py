"""From bytes to bytes: decode, aim, check, plan, fill, paste, judge, check, encode.

Plain Python: usable from a script or a notebook. No step knows where the bytes came from.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference import composite, quality, receipt
from inference.codecs.decode import PIXELS_MAX, decode
from inference.codecs.encode import Encoded, encode
from inference.codecs.metadata import MetadataPolicy
from inference.codecs.photo import Photo
from inference.codecs.preview import make_preview
from inference.crops import CropBox, plan_crops
from inference.engines.base import Crop, Engine, Image, Mask
from inference.engines.exemplar.detail import restore_detail
from inference.errors import BadOutput, EngineError
from inference.memory import give_back
from inference.safety import SafetyFilter
from inference.targets.grow import grown, growth_px, pass_over
from inference.targets.raster import rasterise
from jobs.targets import NO_GROWTH, Box, Grow

logger = logging.getLogger(__name__)

_BATCH_MAX = 8  # equal-sized crops an engine is handed at a time: few enough that progress is seen to move
_FILL_FROM, _FILL_TO = 10, 80  # the share of the work that filling is, in percent

OnProgress = Callable[[str, int], None]


class Blocked(EngineError):
    """The content filter does not allow this picture."""

    code = "content_blocked"

    def __init__(self, category: str | None) -> None:
        super().__init__()
        self.category = category


@dataclass(frozen=True, kw_only=True)
class RemovalRequest:
    """What is to be removed from which picture, and how the result is wanted."""

    image: bytes
    mask_png: bytes | None = None
    """Single-channel PNG of the displayed size, 255 = remove."""
    boxes: tuple[Box, ...] = ()
    output_format: str | None = None
    quality: int | None = None
    metadata_policy: MetadataPolicy = "keep"
    mode: str = "fast"
    """`quality` gives fine detail to fills so large that the engine works on them scaled down."""
    grow: Grow = NO_GROWTH
    feather: int | None = None
    """Pixels of the grown ring; None is half of it."""
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


def run(
    request: RemovalRequest, *, engines: Sequence[Engine], safety: SafetyFilter, on_progress: OnProgress
) -> RemovalResult:
    """Remove what the request marks. The first engine works; the second is tried when its result is not good enough.

    `on_progress(stage, percent)` may raise to stop the work. Raises subclasses of `EngineError`, `Blocked` among them.
    """
    clock = _Clock(on_progress)
    with clock.stage("decoding", percent=0):
        photo = decode(request.image, max_pixels=request.max_pixels)
        aim = _take_aim(request, photo)
    with clock.stage("checking", percent=_FILL_FROM - 2):
        _check(photo.rgb, safety)
    work = _fill_well(photo.rgb, aim.mask, engines, clock, wants_detail=request.mode == "quality")
    with clock.stage("filling", percent=_FILL_TO + 1):
        pass_over(photo.rgb, work.image, aim.asked, grow_px=aim.grow_px, feather_px=aim.feather_px)
    with clock.stage("checking", percent=_FILL_TO + 2):
        _check(work.image, safety)
    give_back()
    with clock.stage("encoding", percent=_FILL_TO + 4):
        encoded = encode(
            photo,
            work.image,
            aim.mask,
            output_format=request.output_format,
            quality=request.quality,
            metadata_policy=request.metadata_policy,
        )
        input_preview, output_preview = (make_preview(image, photo) for image in (photo.rgb, work.image))
    give_back()
    with clock.stage("checking", percent=95):
        changes = _measure(photo, aim.mask, work, encoded)
    return RemovalResult(
        data=encoded.data,
        content_type=encoded.content_type,
        format=encoded.format,
        width=photo.size[0],
        height=photo.size[1],
        engine=work.engine.spec.name,
        receipt=receipt.write_receipt(
            image=request.image,
            output=encoded.data,
            is_lossless=encoded.is_lossless,
            changes=changes,
            how=_circumstances(request, aim, work, safety.name, encoded.notes, clock),
        ),
        input_preview=input_preview,
        output_preview=output_preview,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Aim:
    """What is to be filled: what was asked for, and that with the ring around it."""

    asked: Mask
    mask: Mask
    grow_px: int
    feather_px: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Work:
    """A photo with its holes filled, and who did it where."""

    image: Image
    crops: list[CropBox]
    engine: Engine


class _Clock:
    """Says where the work is, and adds up the seconds of each stage."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str, *, percent: int) -> Iterator[None]:
        self.note(name, percent)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    def note(self, name: str, percent: int) -> None:
        self._on_progress(name, percent)


def _take_aim(request: RemovalRequest, photo: Photo) -> _Aim:
    asked = rasterise(size=photo.size, mask_png=request.mask_png, boxes=request.boxes)
    grow_px = growth_px(asked, request.grow)
    feather_px = grow_px // 2 if request.feather is None else min(request.feather, grow_px)
    return _Aim(asked=asked, mask=grown(asked, grow_px) if grow_px else asked, grow_px=grow_px, feather_px=feather_px)


def _check(image: Image, safety: SafetyFilter) -> None:
    verdict = safety.check(image)
    if verdict.blocked:
        raise Blocked(verdict.category)


def _fill_well(image: Image, mask: Mask, engines: Sequence[Engine], clock: _Clock, *, wants_detail: bool) -> _Work:
    """Let the first engine work; where its result is bad, the second; where that is bad too, say so."""
    failure: EngineError = EngineError("No engine is loaded.")
    for engine in engines[:2]:
        try:
            return _fill(image, mask, engine, clock, wants_detail=wants_detail)
        except BadOutput as error:
            logger.warning("engine %s: %s", engine.spec.name, error)
            failure = error
    raise failure


def _fill(image: Image, mask: Mask, engine: Engine, clock: _Clock, *, wants_detail: bool) -> _Work:
    with clock.stage("filling", percent=_FILL_FROM):
        crops = plan_crops(mask, engine.spec.framing)
        filled = image.copy()
        # Other crops' holes are unknown here as well, but for the pieces of its own hole that earlier turns filled.
        unknown = mask.copy() if any(crop.turn for crop in crops) else mask
        done = 0
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
            done += len(batch)
            clock.note("filling", _FILL_FROM + (_FILL_TO - _FILL_FROM) * done // len(crops))
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


def _measure(photo: Photo, mask: Mask, work: _Work, encoded: Encoded) -> receipt.Changes:
    """Read the output file back: what counts is what the customer gets."""
    output = decode(encoded.data, max_pixels=mask.size)
    same_samples = encoded.is_lossless and output.layout == photo.layout
    before, after = (photo.native, output.native) if same_samples else (photo.rgb, output.rgb)
    difference = composite.largest_difference_outside(before, after, mask)
    if encoded.is_lossless and difference:
        raise EngineError("The output differs from the input outside the mask. This is a fault of this site.")
    return receipt.Changes(
        mask=mask,
        crops=work.crops,
        pixels_changed=composite.count_changed(photo.rgb, work.image),
        largest_difference_outside=difference,
        bits_per_sample=before.itemsize * 8,
        mcus_total=encoded.mcus_total,
        mcus_reencoded=encoded.mcus_reencoded,
    )


def _circumstances(
    request: RemovalRequest, aim: _Aim, work: _Work, safety_filter: str, notes: tuple[str, ...], clock: _Clock
) -> receipt.Circumstances:
    return receipt.Circumstances(
        engine=work.engine.spec,
        parameters={
            "output_format": request.output_format,
            "quality": request.quality,
            "boxes": [box.to_json() for box in request.boxes],
            "mask": request.mask_png is not None,
            "grow": str(request.grow),
            "grow_px": aim.grow_px,
            "feather_px": aim.feather_px,
            "metadata_policy": request.metadata_policy,
            "mode": request.mode,
        },
        safety_filter=safety_filter,
        notes=notes,
        seconds=clock.seconds,
    )
