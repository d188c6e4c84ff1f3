"""What is pointed at, in whichever way, becomes the mask that is filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from inference.engines.base import Image, Mask
from inference.errors import MaskCoversPicture, NothingFound
from inference.targets.grow import feather_px, grown, growth_px
from inference.targets.raster import marked
from inference.targets.select import GrabCutSelector, Selector
from jobs.targets import NO_GROWTH, Box, Click, Grow, Segmentation


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What is pointed at in a picture. Places are pixels of the picture as it is displayed."""

    mask_png: bytes | None = None
    """Single-channel PNG of the displayed size, 255 = remove."""
    boxes: tuple[Box, ...] = ()
    segmentation: Segmentation | None = None
    clicks: tuple[Click, ...] = ()
    object_box: Box | None = None
    """Around an object that is to be found in it."""
    prompt: str = ""
    grow: Grow = NO_GROWTH
    feather: int | None = None
    """Pixels of the grown ring, which it cannot exceed; None is half of it."""


class Answer(Protocol):
    """What was found for a sentence."""

    @property
    def mask(self) -> Mask: ...

    @property
    def understood(self) -> str: ...


class Finder(Protocol):
    """Finds what a sentence names."""

    @property
    def name(self) -> str: ...

    def find(self, image: Image, prompt: str) -> Answer:
        """Look for it in an H×W×3 uint8 RGB picture. Raises `NothingFound`, which says what was understood."""
        ...


@dataclass(frozen=True, kw_only=True)
class Finders:
    """Who finds what is not marked pixel by pixel."""

    selector: Selector = field(default_factory=GrabCutSelector)
    """By clicks, or in a loose box."""
    finder: Finder | None = None
    """By a sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """What is to be filled: what was asked for, and that with the ring around it."""

    asked: Mask
    mask: Mask
    grow_px: int = 0
    feather_px: int = 0
    understood: str | None = None
    """What the sentence was taken to mean."""
    found_by: tuple[str, ...] = ()


def take_aim(targets: Targets, image: Image, finders: Finders, copy: Callable[[Mask], Mask]) -> Aim:
    """Unite all targets to one mask of the image's size, and enlarge it as asked.

    `copy` puts a mask where the rest of the work wants it. Raises `NothingFound` or `MaskCoversPicture`.
    """
    asked = marked(
        size=(image.shape[1], image.shape[0]),
        mask_png=targets.mask_png,
        boxes=targets.boxes,
        segmentation=targets.segmentation,
    )
    understood, found_by = None, []
    if targets.clicks or targets.object_box is not None:
        asked |= finders.selector.select(image, targets.clicks, targets.object_box)
        found_by.append(finders.selector.name)
    if targets.prompt:
        answer = _found(targets.prompt, image, finders)
        asked |= answer.mask
        understood = answer.understood
        found_by.append(finders.finder.name if finders.finder else "")
    if not asked.any():
        raise NothingFound
    grow_px = growth_px(asked, targets.grow)
    mask = copy(grown(asked, grow_px) if grow_px else asked)
    if mask.all():
        raise MaskCoversPicture
    return Aim(
        asked=asked if grow_px else mask,  # one array, once
        mask=mask,
        grow_px=grow_px,
        feather_px=feather_px(targets.feather, grow_px),
        understood=understood,
        found_by=tuple(found_by),
    )


def _found(prompt: str, image: Image, finders: Finders) -> Answer:
    if finders.finder is None:
        raise NothingFound("This worker does not understand sentences. Mark the object with points, a box or a mask.")
    return finders.finder.find(image, prompt)
