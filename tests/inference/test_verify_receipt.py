"""A true receipt passes; whatever is forged in one is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inference.engines.exemplar import ExemplarEngine
from inference.pipeline import RemovalRequest, RemovalResult, run
from inference.safety import NoFilter
from inference.verification import verify
from jobs.targets import Box, Grow
from tests import photos

JPEG = photos.sample_jpeg(quality=88)
PNG = photos.png(photos.with_object())


def _result(image: bytes, **options: Any) -> RemovalResult:
    request = RemovalRequest(image=image, grow=Grow(px=3), **options)
    return run(request, engines=(ExemplarEngine(),), safety=NoFilter(), on_progress=lambda stage, percent: None)


@pytest.fixture(scope="module", params=[JPEG, PNG], ids=["JPEG", "PNG"])
def case(request: pytest.FixtureRequest) -> tuple[bytes, RemovalResult]:
    return request.param, _result(request.param, mask_png=photos.sample_mask())


def _wrong(receipt: dict[str, Any], image: bytes, output: bytes, mask_png: bytes | None) -> list[str]:
    checks = verify(receipt, image=image, output=output, mask_png=mask_png)
    return [check.name for check in checks if check.holds is False]


def test_a_true_receipt_passes(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    checks = verify(result.receipt, image=image, output=result.data, mask_png=photos.sample_mask())

    assert [check for check in checks if not check.holds] == []
    assert len(checks) >= 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_sha256", "0" * 64),
        ("output_sha256", "0" * 64),
        ("mask_sha256", "0" * 64),
        ("mask_pixels", 1),
        ("boxes", [{"x": 0, "y": 0, "width": 2, "height": 2}]),
        ("largest_difference_outside", 255),
    ],
)
def test_a_forged_statement_is_found(case: tuple[bytes, RemovalResult], name: str, value: object) -> None:
    image, result = case

    assert name in _wrong(result.receipt | {name: value}, image, result.data, photos.sample_mask())


def test_a_forged_count_of_changed_pixels_is_found() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())

    assert _wrong(result.receipt | {"pixels_changed": 1}, PNG, result.data, photos.sample_mask()) == ["pixels_changed"]


@pytest.mark.parametrize(("name", "value"), [("mcus_total", 1), ("mcus_reencoded", 0)])
def test_a_forged_count_of_blocks_is_found(name: str, value: int) -> None:
    result = _result(JPEG, mask_png=photos.sample_mask())

    assert _wrong(result.receipt | {name: value}, JPEG, result.data, photos.sample_mask()) == [name]


def test_an_output_that_was_changed_elsewhere_is_found() -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    tampered = photos.with_object()
    tampered[0, 0] ^= 1

    assert "output_sha256" in _wrong(result.receipt, PNG, photos.png(tampered), photos.sample_mask())


def test_another_mask_is_found(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    other = photos.png((~photos.object_mask()).astype("uint8") * 255)

    assert "mask_sha256" in _wrong(result.receipt, image, result.data, other)


def test_without_the_mask_what_needs_it_stays_open(case: tuple[bytes, RemovalResult]) -> None:
    image, result = case
    checks = {
        check.name: check.holds for check in verify(result.receipt, image=image, output=result.data, mask_png=None)
    }

    assert checks["output_sha256"] is True
    assert checks["largest_difference_outside"] is None


def test_boxes_need_no_mask() -> None:
    result = _result(PNG, boxes=(Box(30, 20, 20, 15),))
    checks = verify(result.receipt, image=PNG, output=result.data, mask_png=None)

    assert all(check.holds for check in checks)


def test_the_command_says_ok_or_exits_with_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = _result(PNG, mask_png=photos.sample_mask())
    files = {"receipt.json": json.dumps(result.receipt).encode(), "in.png": PNG, "out.png": result.data,
             "mask.png": photos.sample_mask(), "forged.json": json.dumps(result.receipt | {"mask_pixels": 3}).encode(),
             "other.json": b"{}"}  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = {name: str(tmp_path / name) for name in files}
    others = (paths["in.png"], paths["out.png"], "--mask", paths["mask.png"])

    call_command("verify_receipt", paths["receipt.json"], *others)

    assert "DIFFERS" not in capsys.readouterr().out
    with pytest.raises(CommandError, match="wrong in 1 place"):
        call_command("verify_receipt", paths["forged.json"], *others)
    with pytest.raises(CommandError, match="no receipt"):
        call_command("verify_receipt", paths["other.json"], *others)
    with pytest.raises(CommandError, match="three files"):
        call_command("verify_receipt", paths["receipt.json"])
