"""Painting, erasing, comparing, downloading: against the running site and its worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from inference.targets.grow import growth_px
from jobs.targets import Grow
from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

WIDTH, HEIGHT = 360, 240
OBJECT = (118.0, 72.0, 242.0, 168.0)  # around the ellipse of photos.with_object
CORNER = (20.0, 20.0, 80.0, 60.0)


@pytest.fixture
def editor(desktop: Visitor) -> EditorPage:
    page = EditorPage(desktop)
    page.load(photos.with_object(WIDTH, HEIGHT))
    return page


def _assert_gone_and_nothing_else_changed(result: photos.Pixels, mask: NDArray[np.bool_]) -> None:
    before = photos.with_object(WIDTH, HEIGHT).astype(int)
    wall = photos.textured(WIDTH, HEIGHT).astype(int)
    hole = photos.object_mask(WIDTH, HEIGHT)

    assert result.shape == before.shape
    assert (mask | ~hole).all(), "the test must paint over the whole object"
    # The editor asks for a few pixels more than the brush reached, over soft edges.
    ring = growth_px(mask, Grow(is_automatic=True))
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert 0 < ring < 10
    assert (result[distance > ring] == before[distance > ring]).all()
    was_off = np.abs(before - wall)[hole].mean()
    is_off = np.abs(result.astype(int) - wall)[hole].mean()
    assert is_off < was_off / 3


def test_an_object_painted_over_with_the_mouse_is_gone_and_every_other_pixel_stays(
    editor: EditorPage, pictures: Path
) -> None:
    balance = editor.balance
    editor.paint_box(OBJECT)
    mask = editor.mask()
    editor.page.screenshot(path=pictures / "editor-painted.png")

    editor.erase()

    editor.page.screenshot(path=pictures / "editor-result.png")
    assert editor.balance == balance - 5
    _assert_gone_and_nothing_else_changed(editor.download(), mask)


def test_an_object_painted_over_with_a_finger_on_a_phone_is_gone(phone: Visitor, pictures: Path) -> None:
    editor = EditorPage(phone)
    editor.load(photos.with_object(WIDTH, HEIGHT))
    editor.touch_box(OBJECT)
    mask = editor.mask()
    editor.page.screenshot(path=pictures / "editor-phone-painted.png")

    editor.part("erase").tap()
    editor.wait_for_result()

    editor.page.screenshot(path=pictures / "editor-phone-result.png")
    _assert_gone_and_nothing_else_changed(editor.download(), mask)


def test_an_object_painted_over_with_the_keyboard_alone_is_gone(editor: EditorPage) -> None:
    keyboard = editor.page.keyboard
    editor.part("canvas").focus()
    for _ in range(8):
        keyboard.press("]")
    for key, times in (("ArrowLeft", 22), ("ArrowUp", 8)):
        for _ in range(times):
            keyboard.press(key)
    keyboard.press("Space")
    for _ in range(3):
        for key, times in (("ArrowRight", 44), ("ArrowDown", 8), ("ArrowLeft", 44)):
            for _ in range(times):
                keyboard.press(key)
    keyboard.press("Space")
    mask = editor.mask()

    editor.part("erase").focus()
    keyboard.press("Enter")
    editor.wait_for_result()

    _assert_gone_and_nothing_else_changed(editor.download(), mask)


def test_erasing_more_sends_the_earlier_area_too_and_keeps_it_out_of_reach_of_undo(editor: EditorPage) -> None:
    editor.paint_box(OBJECT)
    first = editor.mask()
    editor.erase()
    editor.part("erase-more").click()
    editor.wait_for("ready")

    editor.paint_box(CORNER)
    editor.paint_box(OBJECT, button="right")  # the eraser cannot bring the object back either
    both = editor.mask()
    editor.erase()

    assert (both & first == first).all()
    assert both[40, 50]
    _assert_gone_and_nothing_else_changed(editor.download(), both)


def test_the_mask_has_the_photos_size_and_is_white_exactly_where_was_painted(editor: EditorPage) -> None:
    editor.paint([(100, 120), (200, 120)])

    image, mask = editor.mask_file()

    radius = 18 / editor.scale  # the brush starts 36 screen pixels wide
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    away = np.hypot(x - np.clip(x, 100, 200), y - 120)
    assert image.size == (WIDTH, HEIGHT)
    assert image.getbands() == ("1",)
    assert mask[away < radius - 1].all()
    assert not mask[away > radius + 1].any()


def test_a_turned_photo_is_shown_upright_and_its_mask_fits_the_upright_photo(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    editor.load_file(photos.sample_jpeg(WIDTH, HEIGHT, orientation=6), "turned.jpg", "image/jpeg")

    editor.paint_box((0, 0, 40, 20))

    assert (editor.width, editor.height) == (WIDTH, HEIGHT)
    mask = editor.mask()
    assert mask.shape == (HEIGHT, WIDTH)
    assert mask[10, 20]
    assert not mask[120:, :].any()


def test_a_photo_of_twelve_megapixels_gets_a_mask_of_twelve_megapixels(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    editor.load_file(photos.sample_jpeg(4000, 3000, quality=60), "large.jpg", "image/jpeg")

    editor.paint_box((1500, 1100, 2500, 1900))

    mask = editor.mask()
    assert mask.shape == (3000, 4000)
    assert mask[1500, 2000]
    assert not mask[:900].any()
    assert not mask[2100:].any()


def test_a_stroke_may_leave_the_photo_and_come_back(editor: EditorPage) -> None:
    editor.paint([(30, 30), (-200, 30), (-200, 90), (30, 90)])

    mask = editor.mask()

    assert mask[30, 0:30].all()
    assert mask[90, 0:30].all()
    assert not mask[60, 30]


def test_undo_redo_and_clear(editor: EditorPage) -> None:
    editor.paint_box(CORNER)
    one = editor.mask()
    editor.paint_box(OBJECT)
    two = editor.mask()

    editor.page.keyboard.press("Control+z")
    assert (editor.mask() == one).all()
    editor.page.keyboard.press("Control+Shift+z")
    assert (editor.mask() == two).all()
    editor.mask_menu("clear")
    assert not editor.mask().any()
    assert editor.part("erase").is_disabled()
    editor.part("undo").click()
    assert (editor.mask() == two).all()
    assert editor.part("erase").is_enabled()


def test_the_eraser_takes_paint_away_by_button_by_key_and_by_the_right_mouse_button(editor: EditorPage) -> None:
    for choose, button in (("click", "left"), ("key", "left"), ("", "right")):
        editor.part("brush").click()
        editor.paint_box(CORNER)
        assert editor.mask().any()
        if choose == "click":
            editor.part("eraser").click()
        elif choose == "key":
            editor.page.keyboard.press("e")

        editor.paint_box((0, 0, 110, 90), button=button)

        assert not editor.mask().any()
        assert editor.part("erase").is_disabled()


def test_the_bracket_keys_and_the_slider_change_the_brush(editor: EditorPage) -> None:
    def painted() -> int:
        editor.paint([(60, 60)])
        area = int(editor.mask().sum())
        editor.part("undo").click()
        return area

    normal = painted()
    editor.page.keyboard.press("]")
    larger = painted()
    editor.part("brush-size").fill("4")
    smallest = painted()

    assert larger > normal > smallest > 0


def test_two_fingers_zoom_and_leave_no_paint(phone: Visitor) -> None:
    editor = EditorPage(phone)
    editor.load(photos.with_object(WIDTH, HEIGHT))
    x, y = editor.spot(WIDTH / 2, HEIGHT / 2)
    before = editor.scale

    editor.touch([[(x, y)], *([(x - spread, y), (x + spread, y)] for spread in (20, 40, 60))])

    assert editor.scale == pytest.approx(before * 3, rel=0.05)
    assert not editor.mask().any()
    assert editor.part("undo").is_disabled()


def test_paint_lands_where_the_pointer_is_while_zoomed_in(editor: EditorPage) -> None:
    for _ in range(4):
        editor.part("zoom-in").click()

    editor.paint([(180, 120)])

    ys, xs = np.nonzero(editor.mask())
    assert (xs.mean(), ys.mean()) == pytest.approx((179.5, 119.5), abs=0.6)


def test_the_compare_line_follows_mouse_and_keys_and_holding_shows_the_original(editor: EditorPage) -> None:
    editor.paint_box(OBJECT)
    editor.erase()
    box = editor.part("result").bounding_box()
    assert box is not None
    mouse = editor.page.mouse

    mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=3)
    mouse.up()
    assert editor.compare_at() == pytest.approx(75, abs=1)
    editor.page.keyboard.press("ArrowLeft")
    assert editor.compare_at() == pytest.approx(74, abs=1)

    editor.part("hold").hover()
    mouse.down()
    assert editor.compare_at() == 100
    mouse.up()
    assert editor.compare_at() == pytest.approx(74, abs=1)


def test_a_photo_can_be_dropped_and_pasted(desktop: Visitor) -> None:
    for event, holder, target in (("drop", "dataTransfer", "#editor"), ("paste", "clipboardData", "body")):
        editor = EditorPage(desktop)
        before = editor.part("photos").get_by_role("button").count()
        editor.page.locator(target).evaluate(
            """async (element, [kind, holder, address]) => {
              const blob = await (await fetch(address)).blob();
              const transfer = new DataTransfer();
              transfer.items.add(new File([blob], "sample.webp", { type: "image/webp" }));
              const init = { bubbles: true, cancelable: true, [holder]: transfer };
              element.dispatchEvent(kind === "drop" ? new DragEvent(kind, init) : new ClipboardEvent(kind, init));
            }""",
            [event, holder, editor.part("sample").get_attribute("data-sample")],
        )
        expect(editor.part("photos").get_by_role("button")).to_have_count(before + 1)
        editor.wait_for("ready")


def test_the_sample_is_one_press_away(desktop: Visitor) -> None:
    editor = EditorPage(desktop)

    editor.part("sample").click()

    editor.wait_for("ready")
    assert "Paint over what should go" in editor.part("editor-status").inner_text()


def test_painting_in_a_dark_room(visit: Callable[..., Visitor], pictures: Path) -> None:
    editor = EditorPage(visit(theme="dark"))
    editor.load(photos.with_object(WIDTH, HEIGHT))
    editor.paint_box(OBJECT)

    editor.page.screenshot(path=pictures / "editor-dark.png")

    shade = editor.page.locator(".dock").evaluate("(dock) => getComputedStyle(dock).backgroundColor")
    assert max(int(part) for part in shade.removeprefix("rgb(").rstrip(")").split(",")) < 64
