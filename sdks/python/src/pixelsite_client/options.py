"""What may be said about a picture: the arguments that removing, finding and estimating share.

They are typed dictionaries, so that the sync and the async client, batches and estimates take the same arguments with
the same types, written down once.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from pixelsite_client.pictures import Picture

Box = Sequence[int] | Mapping[str, int]
"""`(x, y, width, height)`, or a mapping with these names."""

Segmentation = Mapping[str, Any] | Sequence[Sequence[float]]
"""COCO's run lengths, or polygons."""


class Target(TypedDict, total=False):
    """What to point at. Every way may be used alone or with others: what they mark is united."""

    mask: Picture | None
    """Of the picture's size: white goes, black stays."""
    bbox: Box | None
    """One box that goes as it is."""
    boxes: Sequence[Box] | None
    """Up to 50 such boxes."""
    points: Sequence[Sequence[int]] | None
    """Clicks `[(x, y), …]`: the object they are on is found."""
    labels: Sequence[int] | None
    """For each of `points` 1 (on the object) or 0 (not on it); by default all are on it."""
    box: Sequence[int] | None
    """`(x1, y1, x2, y2)` loosely around an object: the object in it is found."""
    prompt: str | None
    """A sentence: what goes, and where."""
    segmentation: Segmentation | None
    """What programs make."""
    grow: int | str | None
    """Enlarge the mask: pixels (`12`), a share of its thickness (`"15%"`), or `"auto"`."""
    metadata: Mapping[str, Any] | None
    """Your own JSON object of up to 4 KB; comes back with the job."""


class Output(TypedDict, total=False):
    """How the result is wanted."""

    feather: int | None
    """Pixels of the grown ring in which the result passes over into the picture."""
    output_format: Literal["jpeg", "png", "webp"] | None
    quality: int | None
    """1 to 100, for jpeg and webp."""
    metadata_policy: Literal["keep", "strip", "strip_gps"] | None
    mode: Literal["fast", "quality"] | None


class Removal(Target, Output, total=False):
    """Everything an estimate looks at."""


class Call(TypedDict, total=False):
    """How a submission is made."""

    idempotency_key: str | None
    """Made for you; give your own to be able to repeat the call after your program was interrupted."""
    cancel_after: str | None
    """`"30s"`, `"5m"`, `"1h"`: a job still queued then is canceled and costs nothing."""


class FindCall(Target, Call, total=False):
    """Arguments of `segment`."""


class RemoveCall(Removal, Call, total=False):
    """Arguments of `remove_object` and `submit`."""

    webhook_url: str | None
    """Public https address that is told once when the job ends."""


class RemoveItem(RemoveCall, total=False):
    """One picture of a batch, with arguments of its own."""

    image: Picture


_TARGET = frozenset({"mask", "bbox", "boxes", "points", "labels", "box", "prompt", "segmentation", "grow", "metadata"})
_OUTPUT = frozenset({"feather", "output_format", "quality", "metadata_policy", "mode"})
_CALL = frozenset({"idempotency_key", "cancel_after"})
FIND = _TARGET | _CALL
REMOVE = _TARGET | _OUTPUT | _CALL | {"webhook_url"}
ESTIMATE = _TARGET | _OUTPUT

_JSON = ("points", "labels", "box", "segmentation", "metadata")
_AS_THEY_ARE = ("prompt", "grow", "feather", "output_format", "quality", "metadata_policy", "mode", "webhook_url")


def given(options: Mapping[str, Any], *, known: frozenset[str]) -> dict[str, Any]:
    """The options that were given. Raises `TypeError` for one that is not known: it would cost money to ignore it."""
    for name in options:
        if name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise TypeError(f"unexpected argument {name!r}.{hint}")
    return {name: value for name, value in options.items() if value is not None}


def fields_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a form that these options are sent as; `mask` and what goes into headers is not among them."""
    fields = {name: _json(options[name]) for name in _JSON if name in options}
    fields |= {name: str(options[name]) for name in _AS_THEY_ARE if name in options}
    if "points" in options and "labels" not in options:
        fields["labels"] = _json([1] * len(options["points"]))
    if "bbox" in options:
        fields["bbox"] = _json(_box(options["bbox"], argument="bbox"))
    if "boxes" in options:
        fields["rectangles"] = _json([_box(box, argument="boxes") for box in options["boxes"]])
    return fields


def _box(box: Any, *, argument: str) -> dict[str, Any]:
    if isinstance(box, Mapping):
        return dict(box)
    if isinstance(box, str) or len(box) != 4:
        raise TypeError(f"{argument}: a box is (x, y, width, height), not {box!r}.")
    return dict(zip(("x", "y", "width", "height"), box, strict=True))


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, allow_nan=False)


def _plain(value: Any) -> Any:
    """Numbers and arrays of other libraries, which know how to become Python's own."""
    become = getattr(value, "tolist", None)
    if become is None:
        raise TypeError(f"{type(value).__name__} cannot be sent.")
    return become()
