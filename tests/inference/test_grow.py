"""A mask grows evenly; in the ring that was added the result passes over into the photo, and nowhere else."""

from __future__ import annotations

from unittest.mock import patch

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engines.exemplar import ExemplarEngine
from inference.pipeline import RemovalRequest, run
from inference.safety import NoFilter
from inference.targets import grow as growing
from inference.targets.grow import feather_px, grown, growth_px, pass_over
from jobs.targets import Grow, InvalidGrow
from tests import photos


def _spots(seed: int, shape: tuple[int, int]) -> np.ndarray:
    mask = np.random.default_rng(seed).random(shape) < 0.01
    mask[shape[0] // 2, shape[1] // 2] = True
    return mask


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), radius=st.integers(1, 12), height=st.integers(3, 60), width=st.integers(3, 60))
def test_a_grown_mask_is_every_pixel_within_the_radius(seed: int, radius: int, height: int, width: int) -> None:
    mask = _spots(seed, (height, width))
    rows, columns = np.nonzero(mask)
    y, x = np.mgrid[:height, :width]
    near = ((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(axis=2) <= radius**2

    with patch.object(growing, "_TILE_SIDE", 16):  # so that rings reach over tiles
        result = grown(mask, radius)

    assert np.array_equal(result, near)
    assert result[mask].all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), radius=st.integers(1, 12), data=st.data())
def test_what_was_marked_is_all_fill_and_what_lies_outside_the_ring_all_photo(
    seed: int, radius: int, data: st.DataObject
) -> None:
    mask = _spots(seed, (50, 70))
    photo, filled = (np.full((50, 70, 3), value, np.uint8) for value in (0, 200))
    ring = grown(mask, radius)
    filled[~ring] = 0

    with patch.object(growing, "_TILE_SIDE", 16):
        pass_over(photo, filled, mask, grow_px=radius, feather_px=data.draw(st.integers(1, radius)))

    assert (filled[mask] == 200).all()
    assert (filled[~ring] == 0).all()
    assert (filled[ring] > 0).all()


def test_the_ring_passes_over_step_by_step() -> None:
    mask = np.zeros((41, 41), bool)
    mask[20, 20] = True
    photo, filled = np.zeros((41, 41, 3), np.uint8), np.full((41, 41, 3), 250, np.uint8)

    pass_over(photo, filled, mask, grow_px=8, feather_px=4)

    assert filled[20, 20:30, 0].tolist() == [250, 250, 250, 250, 250, 200, 150, 100, 50, 250]


@pytest.mark.parametrize(
    ("feather", "grow", "wanted"), [(None, 0, 0), (None, 9, 4), (0, 9, 0), (4, 9, 4), (9, 9, 9), (40, 9, 9)]
)
def test_the_passage_is_half_of_the_ring_unless_asked_for_and_never_wider(
    feather: int | None, grow: int, wanted: int
) -> None:
    assert feather_px(feather, grow) == wanted


def test_the_largest_radius_is_exact() -> None:
    mask = np.zeros((1011, 1011), bool)
    mask[505, 505] = True
    y, x = np.mgrid[:1011, :1011]

    assert np.array_equal(grown(mask, 500), (y - 505) ** 2 + (x - 505) ** 2 <= 500**2)


@pytest.mark.parametrize(
    ("text", "grow"),
    [
        ("0", Grow()),
        ("12", Grow(px=12)),
        ("12px", Grow(px=12)),
        (12, Grow(px=12)),
        (" 15% ", Grow(percent=15)),
        ("AUTO", Grow(is_automatic=True)),
    ],
)
def test_growth_is_read_as_pixels_a_share_or_automatic(text: object, grow: Grow) -> None:
    assert Grow.parse(text) == grow
    assert Grow.parse(str(grow)) == grow


@pytest.mark.parametrize("text", ["", "-1", "1e3", "٣", "12 %%", "nan", None, True, [3], "1" * 4000])
def test_what_is_no_growth_is_refused(text: object) -> None:
    with pytest.raises(InvalidGrow):
        Grow.parse(text)


def test_a_share_is_of_the_thickest_place() -> None:
    mask = np.zeros((200, 300), bool)
    mask[50:90, 20:280] = True

    assert growth_px(mask, Grow(percent=50)) == pytest.approx(20, abs=1)


def test_automatic_growth_follows_the_photo() -> None:
    small, large = np.zeros((400, 400), bool), np.zeros((4000, 6000), bool)
    small[100:110, 100:110] = large[100:110, 100:110] = True

    assert 0 < growth_px(small, Grow(is_automatic=True)) < growth_px(large, Grow(is_automatic=True)) <= 40


def _ghost(grow: Grow, feather: int | None = None) -> float:
    """Remove a soft-edged disc whose mask ends short of its soft edge; return what is left of it around the mask."""
    wall = photos.textured(240, 200)
    mask = np.zeros((200, 240), np.uint8)
    cv2.circle(mask, (120, 100), 30, 255, -1)
    disc = cv2.GaussianBlur(cv2.circle(np.zeros((200, 240)), (120, 100), 32, 1.0, -1), (0, 0), 2)[..., None]
    scene = (wall * (1 - disc) + np.array([230, 20, 20]) * disc).astype(np.uint8)
    request = RemovalRequest(image=photos.png(scene), mask_png=photos.png(mask), grow=grow, feather=feather)

    result = run(request, engines=(ExemplarEngine(),), safety=NoFilter(), on_progress=lambda stage, percent: None)

    near = cv2.dilate(mask, np.ones((15, 15))) > 0
    picture = np.asarray(photos.opened(result.data)).astype(float)
    return float(np.percentile((picture[..., 0] - wall[..., 0])[near], 99))


def test_a_soft_edge_outside_the_mask_leaves_a_ghost_unless_the_mask_grows_over_it() -> None:
    assert _ghost(Grow()) > 60
    assert _ghost(Grow(px=12), feather=4) < 45
