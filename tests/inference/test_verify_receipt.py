"""A true receipt passes; whatever is forged in one is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from inference.engines.base import Crop, Engine, EngineSpec, Framing, Image
from inference.engines.exemplar import ExemplarEngine
from inference.errors import EngineError
from inference.pipeline import RemovalRequest, RemovalResult, run
from inference.safety import NoFilter
from inference.verification import verify
from jobs.targets import Box, Grow
from tests import photos

JPEG = photos.sample_jpeg(quality=88)
PNG = photos.png(photos.with_object())


class Smearing:
    """Fills with something that passes, at once."""

    spec = EngineSpec(name="smearing", device="cpu", framing=Framing(best_side_px=512))

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        return [np.asarray(cv2.inpaint(crop.image, crop.mask.astype(np.uint8), 3, cv2.INPAINT_NS)) for crop in crops]


def _result(image: bytes, *, engine: Engine | None = None, **options: Any) -> RemovalResult:
    request = RemovalRequest(image=image, grow=Grow(px=3), **options)
    return run(
        request, engines=(engine or ExemplarEngine(),), safety=NoFilter(), on_progress=lambda stage, percent: None
    )


@pytest.fixture(scope="module", params=[JPEG, PNG], ids=["JPEG", "PNG"])
def case(request: pytest.FixtureRequest) -> tuple[bytes, RemovalResult]:
    return request.param, _result(request.param, mask_png=photos.sample_mask())


def _wrong(receipt: dict[str, Any], image: bytes, output: bytes, mask: bytes | None) -> list[str]:
    checks = verify(receipt, image=image, output=output, mask=mask)
    return [check.name for check in checks if check.holds is False]


def test_a_true_receipt_passes(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    checks = verify(result.receipt, image=image, output=result.data, mask=photos.sample_mask())

    assert [check.name for check in checks if check.holds is False] == []
    assert len([check for check in checks if check.holds]) >= 12


@pytest.mark.parametrize("kind", [*photos.LOSSLESS, *photos.LOSSY])
@pytest.mark.parametrize("output_format", [None, "png", "webp"])
def test_a_true_receipt_passes_for_every_kind_of_file(kind: str, output_format: str | None) -> None:
    image = {**photos.LOSSLESS, **photos.LOSSY}[kind]()
    result = _result(image, engine=Smearing(), mask_png=photos.sample_mask(), output_format=output_format)

    assert _wrong(result.receipt, image, result.data, photos.sample_mask()) == []


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_blocks_are_counted_in_every_sampling_and_orientation(subsampling: str, orientation: int) -> None:
    image = photos.sample_jpeg(subsampling=subsampling, orientation=orientation)
    result = _result(image, engine=Smearing(), mask_png=photos.sample_mask())

    assert result.receipt["mcus_total"] > result.receipt["mcus_reencoded"] > 0
    assert _wrong(result.receipt, image, result.data, photos.sample_mask()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_sha256", "0" * 64),
        ("output_sha256", "0" * 64),
        ("mask_sha256", "0" * 64),
        ("mask_pixels", 1),
        ("boxes", [{"x": 0, "y": 0, "width": 2, "height": 2}]),
        ("boxes", [{"x": 0}]),
        ("largest_difference_outside", 255),
        ("bits_per_sample", 4),
        ("pixels_changed", 10**6),
    ],
)
def test_a_forged_statement_is_found(case: tuple[bytes, RemovalResult], name: str, value: object) -> None:
    image, result = case

    assert name in _wrong(result.receipt | {name: value}, image, result.data, photos.sample_mask())


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("grow_px", 4, ["grow_px", "mask_sha256", "mask_pixels"]),
        ("grow", "5", ["grow_px", "feather_px"]),
        ("grow", "a lot", ["grow_px"]),
        ("feather_px", 3, ["feather_px"]),
        ("output_format", "webp", ["output_format"]),
        ("boxes", [{"x": 0, "y": 0, "width": 2, "height": 2}], ["mask_sha256", "mask_pixels"]),
    ],
)
def test_a_forged_parameter_is_found(name: str, value: object, found: list[str]) -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    forged = result.receipt | {"parameters": result.receipt["parameters"] | {name: value}}

    assert [each for each in found if each not in _wrong(forged, PNG, result.data, photos.sample_mask())] == []


def test_a_lossless_result_cannot_be_claimed_of_a_jpeg() -> None:
    result = _result(JPEG, mask_png=photos.sample_mask())

    assert "lossless" in _wrong(result.receipt | {"lossless": True}, JPEG, result.data, photos.sample_mask())


def test_a_forged_count_of_changed_pixels_is_found() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())

    assert _wrong(result.receipt | {"pixels_changed": 1}, PNG, result.data, photos.sample_mask()) == ["pixels_changed"]


@pytest.mark.parametrize(("name", "value"), [("mcus_total", 1), ("mcus_reencoded", 0), ("mcus_reencoded", 40)])
def test_a_forged_count_of_blocks_is_found(name: str, value: int) -> None:
    result = _result(JPEG, mask_png=photos.sample_mask())

    assert _wrong(result.receipt | {name: value}, JPEG, result.data, photos.sample_mask()) == [name]


def test_an_output_that_was_changed_elsewhere_is_found_even_if_its_hash_is_forged_too() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    pixels = np.array(photos.opened(result.data))
    pixels[0, 0] ^= 1
    tampered = photos.png(pixels)
    forged = result.receipt | {"output_sha256": hashlib.sha256(tampered).hexdigest()}

    wrong = _wrong(forged, PNG, tampered, photos.sample_mask())

    assert wrong == ["largest_difference_outside", "lossless", "pixels_changed"]


def test_a_block_that_was_changed_elsewhere_is_found() -> None:
    result = _result(JPEG, mask_png=photos.sample_mask())
    elsewhere = _result(JPEG, boxes=(Box(2, 2, 6, 6),))

    wrong = _wrong(result.receipt, JPEG, elsewhere.data, photos.sample_mask())

    assert {"output_sha256", "mcus_kept"} <= set(wrong)


def test_an_output_of_another_size_is_found_and_nothing_else_is_said() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    checks = verify(result.receipt, image=PNG, output=photos.png(photos.textured(50, 40)), mask=photos.sample_mask())

    assert [check.name for check in checks if check.holds is False] == ["output_sha256", "size"]
    assert {check.holds for check in checks if check.name == "pixels_changed"} == {None}


def test_another_mask_is_found(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    other = photos.png((~photos.object_mask()).astype("uint8") * 255)

    assert "mask_sha256" in _wrong(result.receipt, image, result.data, other)


@pytest.mark.parametrize("kind", ["alpha", "JPEG", "grey level"])
def test_the_mask_is_read_as_the_site_reads_it(kind: str) -> None:
    marked = photos.object_mask().astype(np.uint8)
    drawn = {
        "alpha": photos.png(np.dstack((np.zeros((64, 96, 3), np.uint8), marked * 255))),
        "JPEG": photos.saved(photos.opened(photos.sample_mask()), "JPEG", quality=100),
        "grey level": photos.png(marked * 90 + 60),
    }
    result = _result(PNG, mask_png=photos.sample_mask())

    assert _wrong(result.receipt, PNG, result.data, drawn[kind]) == []


def test_a_mask_of_another_size_is_refused() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())

    with pytest.raises(EngineError, match="mask"):
        verify(result.receipt, image=PNG, output=result.data, mask=photos.sample_mask(50, 40))


def test_without_the_mask_what_needs_it_stays_open(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    checks = {check.name: check.holds for check in verify(result.receipt, image=image, output=result.data, mask=None)}

    assert checks["output_sha256"] is True
    assert checks["largest_difference_outside"] is None
    assert checks.get("mcus_reencoded") is None


def test_boxes_need_no_mask() -> None:
    result = _result(PNG, boxes=(Box(30, 20, 20, 15),))
    checks = verify(result.receipt, image=PNG, output=result.data, mask=None)

    assert all(check.holds for check in checks)


def test_the_command_says_ok_or_exits_with_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    files = {"receipt.json": json.dumps(result.receipt).encode(), "in.png": PNG, "out.png": result.data,
             "mask.png": photos.sample_mask(), "forged.json": json.dumps(result.receipt | {"mask_pixels": 3}).encode(),
             "other.json": b"{}", "list.json": b"[1]",
             "job.json": json.dumps({"id": "…", "receipt": result.receipt}).encode()}  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = {name: str(tmp_path / name) for name in files}
    others = (paths["in.png"], paths["out.png"], "--mask", paths["mask.png"])

    for name in ("receipt.json", "job.json"):
        call_command("verify_receipt", paths[name], *others)
        assert "DIFFERS" not in capsys.readouterr().out
    with pytest.raises(CommandError, match="wrong in 1 place"):
        call_command("verify_receipt", paths["forged.json"], *others)
    for name in ("other.json", "list.json"):
        with pytest.raises(CommandError, match="no receipt"):
            call_command("verify_receipt", paths[name], *others)
    with pytest.raises(CommandError, match="three files"):
        call_command("verify_receipt", paths["receipt.json"])
