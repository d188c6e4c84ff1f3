"""From bytes to bytes: what a request becomes, what its receipt says, and what happens when an engine does badly."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from inference import pipeline
from inference.engines.base import Crop, EngineSpec, Framing, Image
from inference.engines.exemplar import ExemplarEngine
from inference.errors import BadOutput, MaskCoversPicture, NothingFound
from inference.pipeline import RemovalRequest, RemovalResult
from inference.receipt import hash_mask
from inference.safety import NoFilter, Verdict
from inference.targets.grow import grown
from jobs.targets import Box, Grow
from tests import photos


class Painter:
    """Paints every hole in one colour."""

    def __init__(self, name: str, colour: tuple[int, int, int]) -> None:
        self.spec = EngineSpec(name=name, device="cpu", framing=Framing(best_side_px=512))
        self.colour = colour

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        filled = [crop.image.copy() for crop in crops]
        for image, crop in zip(filled, crops, strict=True):
            image[crop.mask] = self.colour
        return filled


class Strict:
    name = "strict"

    def check(self, image: Image) -> Verdict:
        return Verdict("block", "test")


def _png() -> bytes:
    return photos.saved(PIL.Image.fromarray(photos.with_object()), "PNG")


def _run(
    request: RemovalRequest, *engines: object, safety: object = None, seen: list[tuple[str, int]] | None = None
) -> RemovalResult:
    def note(stage: str, percent: int) -> None:
        if seen is not None:
            seen.append((stage, percent))

    return pipeline.run(
        request,
        engines=engines or (ExemplarEngine(),),  # type: ignore[arg-type]
        safety=safety or NoFilter(),  # type: ignore[arg-type]
        on_progress=note,
    )


def test_the_object_is_gone_and_nothing_else_has_changed() -> None:
    result = _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask()))

    picture, mask = np.asarray(photos.opened(result.data)), photos.object_mask()
    assert np.array_equal(picture[~mask], photos.with_object()[~mask])
    assert (picture[mask].astype(int)[:, 0] - picture[mask][:, 1]).max() < 100  # nothing red is left
    assert (result.format, result.width, result.height, result.engine) == ("png", 96, 64, "exemplar")


def test_boxes_and_mask_are_united() -> None:
    result = _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask(), boxes=(Box(2, 2, 10, 8),)))

    wanted = photos.object_mask().copy()
    wanted[2:10, 2:12] = True
    assert result.receipt["pixels_changed"] <= wanted.sum()
    assert np.array_equal(np.asarray(photos.opened(result.data))[~wanted], photos.with_object()[~wanted])


def test_the_receipt_names_what_went_in_and_what_came_out() -> None:
    image = _png()
    result = _run(RemovalRequest(image=image, mask_png=photos.sample_mask()))

    written = str(result.receipt)
    assert hashlib.sha256(image).hexdigest() in written
    assert hashlib.sha256(result.data).hexdigest() in written
    assert result.receipt["largest_difference_outside"] == 0


def test_a_grown_mask_is_what_the_receipt_speaks_of_and_all_that_changes() -> None:
    options = {"grow": Grow(px=5), "feather": 9, "mode": "quality", "metadata_policy": "strip"}
    result = _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask(), **options))  # type: ignore[arg-type]

    effective = grown(photos.object_mask(), 5)
    picture = np.asarray(photos.opened(result.data))
    assert np.array_equal(picture[~effective], photos.with_object()[~effective])
    assert (result.receipt["mask_sha256"], result.receipt["mask_pixels"]) == (hash_mask(effective), effective.sum())
    assert result.receipt["parameters"] == {
        "segmentation": False, "clicks": [], "box": None, "prompt": False, "understood": None, "found_by": [],
        "output_format": None, "quality": None, "boxes": [], "mask": True, "grow": "5", "grow_px": 5,
        "feather": 9, "feather_px": 5, "metadata_policy": "strip", "mode": "quality",
    }  # fmt: skip


def test_the_receipt_counts_changed_pixels_in_the_file_that_the_customer_gets() -> None:
    image = photos.LOSSLESS["1-bit PNG"]()
    result = _run(RemovalRequest(image=image, mask_png=photos.sample_mask()))

    before, after = (np.asarray(photos.opened(data)) for data in (image, result.data))
    assert result.receipt["pixels_changed"] == (before != after).sum()


@pytest.mark.parametrize(
    "options", [{"boxes": (Box(0, 0, 96, 64),)}, {"boxes": (Box(9, 9, 9, 9),), "grow": Grow(px=99)}]
)
def test_a_mask_that_leaves_nothing_to_fill_from_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(MaskCoversPicture):
        _run(RemovalRequest(image=_png(), **options))


@pytest.mark.parametrize(
    "engines", [(ExemplarEngine(),), (Painter("bad", (255, 0, 255)), ExemplarEngine())], ids=["one", "two engines"]
)
def test_progress_only_goes_forward(engines: tuple[object, ...]) -> None:
    seen: list[tuple[str, int]] = []
    _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask()), *engines, seen=seen)

    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert {stage for stage, _ in seen} == {"decoding", "checking", "finding", "filling", "encoding"}


def test_a_bad_fill_is_done_again_by_the_second_engine() -> None:
    result = _run(
        RemovalRequest(image=_png(), mask_png=photos.sample_mask()), Painter("bad", (255, 0, 255)), ExemplarEngine()
    )

    assert result.engine == "exemplar"


def test_a_bad_fill_is_out_of_memory_before_the_second_engine_begins() -> None:
    class First(Painter):
        def fill(self, crops: Sequence[Crop]) -> list[Image]:
            held.append(weakref.ref(crops[0].image.base))
            return super().fill(crops)

    class Second(ExemplarEngine):
        def fill(self, crops: Sequence[Crop]) -> list[Image]:
            still_there.append(held[0]() is not None)
            return super().fill(crops)

    held: list[weakref.ref[Any]] = []
    still_there: list[bool] = []
    _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask()), First("bad", (255, 0, 255)), Second())

    assert still_there == [False]


def test_the_filled_photo_is_out_of_memory_before_the_output_is_read_back() -> None:
    """A large photo then needs no more memory for its check than for its fill."""

    class Watched(ExemplarEngine):
        def fill(self, crops: Sequence[Crop]) -> list[Image]:
            held.append(weakref.ref(crops[0].image.base))
            return super().fill(crops)

    held: list[weakref.ref[Any]] = []
    still_there: dict[int, bool] = {}
    pipeline.run(
        RemovalRequest(image=_png(), mask_png=photos.sample_mask()),
        engines=(Watched(),),
        safety=NoFilter(),
        on_progress=lambda stage, percent: still_there.update({percent: bool(held) and held[0]() is not None}),
    )

    assert (still_there[84], still_there[95]) == (True, False)


def test_two_bad_fills_fail() -> None:
    with pytest.raises(BadOutput):
        _run(
            RemovalRequest(image=_png(), mask_png=photos.sample_mask()),
            Painter("bad", (255, 0, 255)),
            Painter("worse", (0, 255, 0)),
        )


def test_a_request_that_marks_nothing_is_refused() -> None:
    with pytest.raises(NothingFound):
        _run(RemovalRequest(image=_png()))


def test_what_the_filter_blocks_is_not_worked_on() -> None:
    with pytest.raises(pipeline.Blocked):
        _run(RemovalRequest(image=_png(), mask_png=photos.sample_mask()), safety=Strict())


def test_who_listens_to_progress_may_stop_the_work() -> None:
    class Stop(Exception):
        pass

    def stop(stage: str, percent: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        pipeline.run(
            RemovalRequest(image=_png(), mask_png=photos.sample_mask()),
            engines=(ExemplarEngine(),),
            safety=NoFilter(),
            on_progress=stop,
        )


def test_a_turned_photo_is_masked_as_it_is_displayed() -> None:
    result = _run(RemovalRequest(image=photos.sample_jpeg(orientation=6), mask_png=photos.sample_mask()))

    picture = np.asarray(PIL.ImageOps.exif_transpose(photos.opened(result.data))).astype(int)
    assert (picture.shape, result.format) == ((64, 96, 3), "jpeg")
    assert (picture[..., 0] - picture[..., 1]).max() < 130


class Shrinking:
    """Knows the picture, but works small: what it gives is as blurred as an enlarged picture."""

    spec = EngineSpec(name="small", device="cpu", framing=Framing(best_side_px=512, px_max=20_000))

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        return [np.asarray(cv2.GaussianBlur(crop.image, (0, 0), 4), np.uint8) for crop in crops]


def test_quality_gives_a_fill_that_was_made_small_the_sharpness_of_its_surround() -> None:
    truth = photos.textured(320, 240)
    mask = photos.object_mask(320, 240)
    image, mask_png = photos.png(truth), photos.png(np.where(mask, 255, 0).astype(np.uint8))

    def sharpness(mode: str) -> float:
        result = _run(RemovalRequest(image=image, mask_png=mask_png, mode=mode), Shrinking())
        grey = np.asarray(photos.opened(result.data).convert("L"), np.float32)
        return float(
            np.abs(cv2.Laplacian(grey, cv2.CV_32F)[cv2.erode(mask.astype(np.uint8), np.ones((9, 9))) > 0]).mean()
        )

    true = float(np.abs(cv2.Laplacian(truth.mean(axis=2).astype(np.float32), cv2.CV_32F)[mask]).mean())
    assert sharpness("fast") < 0.3 * true
    assert sharpness("quality") > 0.6 * true
