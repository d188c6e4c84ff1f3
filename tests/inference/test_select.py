"""Clicks and boxes find what stands out, to its border, the same each time; where nothing does, that is said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference.engines.base import Image, Mask
from inference.errors import NothingFound
from inference.targets.select import GrabCutSelector
from inference.targets.shapes import main_pieces, overlap, surrounding, touched, without_small_holes
from jobs.targets import Box, Click
from tests import photos

WIDTH, HEIGHT = 320, 240
SELECTOR = GrabCutSelector()


def _ellipse(x: int, y: int, across: int, down: int, *, scale: int = 1) -> Mask:
    rows, columns = np.mgrid[: HEIGHT * scale, : WIDTH * scale] / scale
    return np.asarray(((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 <= 1)


def _painted(*figures: tuple[Mask, tuple[int, int, int]], seed: int = 1) -> Image:
    """Grainy figures on a grainy wall."""
    height, width = figures[0][0].shape
    picture = photos.textured(width, height, seed=seed).astype(np.float32)
    grain = np.random.default_rng(seed).normal(0, 12, (height, width, 1))
    for mask, colour in figures:
        picture = np.where(mask[..., None], np.array(colour) + grain, picture)
    return np.asarray(cv2.GaussianBlur(np.clip(picture, 0, 255).astype(np.uint8), (3, 3), 0))


FIGURE = _ellipse(150, 120, 40, 60)
PICTURE = _painted((FIGURE, (200, 60, 40)))
ON = Click(150, 120)


def test_one_click_finds_the_figure_to_its_border() -> None:
    assert overlap(SELECTOR.select(PICTURE, [ON], None), FIGURE) > 0.95


@pytest.mark.parametrize("where", [(125, 100), (150, 70), (170, 150)])
def test_it_does_not_matter_much_where_the_figure_is_clicked(where: tuple[int, int]) -> None:
    assert overlap(SELECTOR.select(PICTURE, [Click(*where)], None), FIGURE) > 0.9


@pytest.mark.parametrize(("across", "down"), [(12, 12), (25, 60), (90, 30), (100, 90)])
def test_small_and_large_slender_and_round_figures_are_found(across: int, down: int) -> None:
    figure = _ellipse(150, 120, across, down)

    assert overlap(SELECTOR.select(_painted((figure, (200, 60, 40))), [ON], None), figure) > 0.9


def test_a_loose_box_finds_the_figure_in_it() -> None:
    assert overlap(SELECTOR.select(PICTURE, [], Box(90, 40, 120, 160)), FIGURE) > 0.95


def test_a_figure_of_several_colours_is_found_whole_in_a_box() -> None:
    upper = FIGURE & (np.arange(HEIGHT)[:, None] < 120)
    picture = _painted((FIGURE, (200, 60, 40)), (upper, (30, 30, 160)))

    assert overlap(SELECTOR.select(picture, [], Box(90, 40, 120, 160)), FIGURE) > 0.9


def test_of_two_like_figures_the_clicked_one_is_found() -> None:
    other = _ellipse(250, 120, 35, 60)
    picture = _painted((FIGURE, (200, 60, 40)), (other, (200, 60, 40)))

    assert overlap(SELECTOR.select(picture, [ON], None), FIGURE) > 0.9


def test_clicks_on_two_figures_find_both() -> None:
    other = _ellipse(250, 120, 35, 60)
    picture = _painted((FIGURE, (200, 60, 40)), (other, (200, 60, 40)))

    assert overlap(SELECTOR.select(picture, [ON, Click(250, 120)], None), FIGURE | other) > 0.9


def test_a_click_beside_the_object_carves_it_out() -> None:
    # One colour, two bodies that touch: the click says that one of them is not meant.
    other = _ellipse(222, 120, 36, 60)
    picture = _painted((FIGURE | other, (200, 60, 40)))
    both = SELECTOR.select(picture, [ON], None)

    one = SELECTOR.select(picture, [ON, Click(225, 120, is_object=False)], None)

    assert both[120, 225]
    assert not one[120, 225]
    assert overlap(one, FIGURE) > 0.75


def test_pieces_without_a_click_are_left_out() -> None:
    found = SELECTOR.select(PICTURE, [ON], None)

    assert np.array_equal(touched(found, [ON]), found)


def test_small_holes_are_filled() -> None:
    pupil = _ellipse(150, 120, 4, 4)
    picture = _painted((FIGURE, (200, 60, 40)), (pupil, (120, 150, 160)))

    found = SELECTOR.select(picture, [Click(150, 90)], None)

    assert found[pupil].all()


def test_the_border_follows_the_photos_pixels_also_where_it_was_scaled_down() -> None:
    figure = _ellipse(150, 120, 40, 60, scale=8)
    picture = _painted((figure, (200, 60, 40)))

    found = SELECTOR.select(picture, [Click(1200, 960)], None)

    beyond = cv2.distanceTransform((~figure).astype(np.uint8), cv2.DIST_L2, 5)[found].max()
    lacking = cv2.distanceTransform(figure.astype(np.uint8), cv2.DIST_L2, 5)[~found].max()
    assert max(beyond, lacking) <= 12  # of 2560×1920


@pytest.mark.parametrize("prompt", [([ON], None), ([], Box(90, 40, 120, 160))], ids=["click", "box"])
def test_the_same_prompt_gives_the_same_mask(prompt: tuple[list[Click], Box | None]) -> None:
    cv2.setRNGSeed(1234)
    one = SELECTOR.select(PICTURE, *prompt)
    cv2.setRNGSeed(99)

    assert np.array_equal(SELECTOR.select(PICTURE, *prompt), one)


@pytest.mark.parametrize("prompt", [([ON], None), ([], Box(90, 40, 120, 160))], ids=["click", "box"])
def test_in_a_flat_picture_nothing_is_found(prompt: tuple[list[Click], Box | None]) -> None:
    with pytest.raises(NothingFound, match="stands out"):
        SELECTOR.select(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), *prompt)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2), (3, 5), (8, 8), (4, 3000)])
@pytest.mark.parametrize("is_box", [False, True])
def test_tiny_and_narrow_pictures_give_a_mask_or_nothing_found(shape: tuple[int, int], is_box: bool) -> None:
    height, width = shape
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    box = Box(0, 0, width, height) if is_box else None
    clicks = [] if is_box else [Click(width - 1, height - 1)]

    try:
        assert SELECTOR.select(picture, clicks, box).shape == shape
    except NothingFound:
        pass


@pytest.mark.parametrize("place", [(170, 121), (160, 100), (140, 135)])
def test_what_a_click_denies_is_never_marked(place: tuple[int, int]) -> None:
    found = SELECTOR.select(PICTURE, [ON, Click(*place, is_object=False)], Box(90, 40, 120, 160))

    assert not found[place[1], place[0]]
    assert found[ON.y, ON.x]


@pytest.mark.parametrize(
    "clicks", [[Click(0, 0)], [Click(319, 239)], [ON, Click(150, 121, is_object=False)], [ON] * 9 + [Click(9, 9)] * 9]
)
def test_odd_clicks_give_a_mask_or_nothing_found(clicks: list[Click]) -> None:
    try:
        assert SELECTOR.select(PICTURE, clicks, None).any()
    except NothingFound:
        pass


def test_clicks_that_lie_outside_the_box_do_not_disturb() -> None:
    found = SELECTOR.select(PICTURE, [ON, Click(5, 5), Click(300, 20, is_object=False)], Box(90, 40, 120, 160))

    assert overlap(found, FIGURE) > 0.9


def test_a_box_around_the_whole_photo_finds_the_figure() -> None:
    assert overlap(SELECTOR.select(PICTURE, [], Box(0, 0, WIDTH, HEIGHT)), FIGURE) > 0.9


def test_main_pieces_leaves_crumbs_out() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2:12, 2:12] = mask[2:6, 15:20] = mask[18, 28] = True

    kept = main_pieces(mask)

    assert kept[3, 3]
    assert kept[3, 16]
    assert not kept[18, 28]


def test_holes_that_are_large_or_open_stay() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:30, 5:35] = True
    mask[5:7, 10:12] = mask[10:25, 15:25] = mask[0:2, 20] = False

    filled = without_small_holes(mask)

    assert filled[5, 10]
    assert not filled[12, 18]
    assert not filled[0, 20]


def test_a_surrounding_box_stays_in_the_picture() -> None:
    mask = np.zeros((20, 30), bool)
    mask[0:10, 25:30] = True

    assert surrounding(mask, 0.2) == Box(22, 0, 8, 14)
