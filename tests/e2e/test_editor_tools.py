"""What a hand can do in the editor: every tool and gesture, seen in the mask that would be sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Theme, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

WIDTH, HEIGHT = 360, 240
CORNER = (20.0, 20.0, 80.0, 60.0)
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "phone-on-its-side": (844, 390)}


@pytest.fixture
def editor(desktop: Visitor) -> EditorPage:
    page = EditorPage(desktop)
    page.load(photos.with_object(WIDTH, HEIGHT))
    return page


def _box(left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask


def _overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_rectangle_marks_the_box_between_two_corners(editor: EditorPage) -> None:
    editor.page.keyboard.press("r")

    editor.paint([(40, 30), (140, 110)])

    assert _overlap(editor.mask(), _box(40, 30, 140, 110)) > 0.97


def test_a_rectangle_ends_at_the_edge_of_the_photo(editor: EditorPage) -> None:
    editor.part("rectangle").click()

    editor.paint([(300, 200), (500, 400)])

    assert _overlap(editor.mask(), _box(300, 200, WIDTH, HEIGHT)) > 0.97


def test_the_lasso_marks_what_it_encircles(editor: EditorPage) -> None:
    editor.page.keyboard.press("l")

    editor.paint([(60, 40), (200, 40), (200, 160), (60, 160)])

    mask = editor.mask()
    assert mask[100, 130]
    assert _overlap(mask, _box(60, 40, 200, 160)) > 0.95


def test_the_right_button_takes_away_with_the_lasso_and_the_rectangle_too(editor: EditorPage) -> None:
    editor.page.keyboard.press("r")
    editor.paint([(40, 30), (200, 150)])
    editor.paint([(40, 30), (120, 150)], button="right")
    editor.page.keyboard.press("l")
    editor.paint([(150, 10), (220, 10), (220, 180), (150, 180)], button="right")

    assert _overlap(editor.mask(), _box(120, 30, 150, 150)) > 0.9


def test_the_rectangle_takes_a_keyboard_and_no_mouse(editor: EditorPage) -> None:
    editor.part("canvas").focus()
    editor.page.keyboard.press("r")

    editor.page.keyboard.press("Space")
    for key in ["ArrowRight"] * 10 + ["ArrowDown"] * 10:
        editor.page.keyboard.press(key)
    editor.page.keyboard.press("Space")

    side = 80 / editor.scale
    middle = (WIDTH // 2, HEIGHT // 2)
    corner = (round(middle[0] + side), round(middle[1] + side))
    assert _overlap(editor.mask(), _box(*middle, *corner)) > 0.9


def test_turned_inside_out_the_mask_is_everything_else_and_undo_turns_it_back(editor: EditorPage) -> None:
    editor.paint_box(CORNER)
    painted = editor.mask()

    editor.page.keyboard.press("i")

    assert _overlap(editor.mask(), ~painted) > 0.999
    editor.part("undo").click()
    assert (editor.mask() == painted).all()


def test_the_mask_grows_and_shrinks_by_one_step_each_that_one_undo_takes_back(editor: EditorPage) -> None:
    editor.page.keyboard.press("r")
    editor.paint([(100, 80), (200, 160)])
    painted = editor.mask()

    editor.mask_menu("larger")
    larger = editor.mask()
    editor.part("undo").click()
    editor.mask_menu("smaller")
    smaller = editor.mask()
    editor.part("undo").click()

    assert larger[80:160, 100:200].all()
    assert smaller.sum() < painted.sum() < larger.sum()
    assert not (smaller & ~painted).any()
    assert (editor.mask() == painted).all()


def test_a_saved_mask_loads_as_it_was_painted(editor: EditorPage) -> None:
    editor.paint_box(CORNER)
    painted = editor.mask()
    with editor.page.expect_download() as waiting:
        editor.mask_menu("export-mask")
    saved = Path(waiting.value.path())
    assert waiting.value.suggested_filename == "photo-mask.png"
    editor.mask_menu("clear")

    editor.part("mask-input").set_input_files({"name": "m.png", "mimeType": "image/png", "buffer": saved.read_bytes()})

    expect(editor.part("erase")).to_be_enabled()
    assert (editor.mask() == painted).all()


@pytest.mark.parametrize(
    ("size", "grey", "words"), [((60, 60), 255, "must have the same shape"), ((WIDTH, HEIGHT), 0, "nothing white")]
)
def test_a_mask_that_cannot_be_meant_is_refused_with_the_reason(
    editor: EditorPage, size: tuple[int, int], grey: int, words: str
) -> None:
    file = photos.saved(Image.new("L", size, grey), "PNG")

    editor.part("mask-input").set_input_files({"name": "m.png", "mimeType": "image/png", "buffer": file})

    expect(editor.part("editor-error")).to_contain_text(words)
    assert not editor.mask().any()


def test_the_wheel_zooms_about_the_pointer_and_paint_lands_under_it(editor: EditorPage) -> None:
    before = editor.scale
    editor.page.mouse.move(*editor.spot(90, 60))

    editor.page.mouse.wheel(0, -600)

    assert editor.scale > 2 * before
    editor.paint([(90, 60)])
    ys, xs = np.nonzero(editor.mask())
    assert (xs.mean(), ys.mean()) == pytest.approx((89.5, 59.5), abs=1)


def test_space_and_a_drag_carry_the_photo_and_leave_no_paint(editor: EditorPage) -> None:
    for _ in range(4):
        editor.part("zoom-in").click()
    x, y = editor.spot(180, 120)
    mouse = editor.page.mouse
    mouse.move(x, y)

    editor.page.keyboard.down(" ")
    mouse.down()
    mouse.move(x - 70, y - 40, steps=4)
    mouse.up()
    editor.page.keyboard.up(" ")

    assert editor.spot(180, 120) == pytest.approx((x - 70, y - 40), abs=1)
    assert not editor.mask().any()
    assert editor.part("undo").is_disabled()


def test_shift_draws_straight_on_from_the_last_stroke(editor: EditorPage) -> None:
    editor.paint([(60, 60)])

    editor.page.keyboard.down("Shift")
    editor.paint([(260, 60)])
    editor.page.keyboard.up("Shift")

    assert editor.mask()[60, 60:260].all()
    editor.part("undo").click()
    assert not editor.mask()[60, 160]


def test_a_shaking_hand_draws_a_straight_line_while_shift_is_held(editor: EditorPage) -> None:
    editor.page.keyboard.down("Shift")
    editor.paint([(60, 60), (120, 200), (260, 60)])
    editor.page.keyboard.up("Shift")

    mask = editor.mask()
    assert mask[60, 60:260].all()
    assert not mask[150:].any()


def test_a_pen_that_is_pressed_draws_wider(editor: EditorPage) -> None:
    def drawn(pressure: float) -> int:
        x, y = editor.spot(100, 100)
        protocol = editor.visitor.context.new_cdp_session(editor.page)
        pen = {"pointerType": "pen", "button": "left", "force": pressure}
        protocol.send("Input.dispatchMouseEvent", {"type": "mousePressed", "x": x, "y": y, "clickCount": 1, **pen})
        for step in range(1, 9):
            where = {"x": x + 20 * step, "y": y, "buttons": 1}
            protocol.send("Input.dispatchMouseEvent", {"type": "mouseMoved", **where, **pen})
        protocol.send("Input.dispatchMouseEvent", {"type": "mouseReleased", "x": x + 160, "y": y, **pen})
        area = int(editor.mask().sum())
        editor.part("undo").click()
        return area

    assert drawn(0.9) > 1.5 * drawn(0.3) > 0


def test_the_brush_goes_from_one_pixel_to_five_hundred(editor: EditorPage) -> None:
    size = editor.part("brush-size")
    sizes = []
    for end in ("0", "100"):
        size.fill(end)
        sizes.append(editor.page.evaluate("document.querySelector('mask-canvas').brush"))
        expect(size).to_have_attribute("aria-valuetext", f"{sizes[-1]} pixels")

    assert sizes == [1, 500]


@pytest.mark.parametrize(
    ("soft", "done"), [("0", {"grow": "auto", "feather": None}), ("12", {"grow": "12", "feather": 12})]
)
def test_a_soft_edge_is_a_ring_that_passes_over_into_the_photo(
    editor: EditorPage, soft: str, done: dict[str, object]
) -> None:
    editor.paint_box(CORNER)
    editor.part("mask-menu").locator("summary").click()
    editor.part("soft").fill(soft)

    with editor.page.expect_response("**/editor/jobs/") as accepted:
        editor.erase()

    job = editor.page.request.get(f"/editor/jobs/{accepted.value.json()['id']}/").json()
    parameters = job["receipt"]["parameters"]
    assert {name: parameters[name] for name in done} == done


def test_a_photo_zoomed_into_is_shown_at_its_own_sharpness(desktop: Visitor) -> None:
    lines = np.zeros((3000, 4000, 3), np.uint8)
    lines[:, ::2] = 255  # one pixel each: the preview shows grey
    editor = EditorPage(desktop)
    editor.load(lines)
    editor.page.mouse.move(*editor.spot(2000, 1500))
    for _ in range(6):
        editor.page.mouse.wheel(0, -300)

    close_up = editor.page.locator("mask-canvas .close-up")
    expect(close_up).to_be_visible()
    contrast = close_up.evaluate(
        "(canvas) => { const {data} = canvas.getContext('2d').getImageData(canvas.width >> 1, canvas.height >> 1, 8, 1);"
        " const greys = [...data].filter((_, i) => i % 4 === 0); return Math.max(...greys) - Math.min(...greys); }"
    )
    assert contrast > 200


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_the_menus_fit_the_window_and_axe_finds_nothing(
    visit: Callable[..., Visitor], pictures: Path, size: str, theme: Theme
) -> None:
    width, height = SIZES[size]
    editor = EditorPage(visit(width=width, height=height, theme=theme, touch=width < 1000))
    editor.load(photos.with_object(WIDTH, HEIGHT))
    editor.paint_box(CORNER)

    editor.part("mask-menu").locator("summary").click()

    editor.page.screenshot(path=pictures / f"editor-mask-menu-{size}-{theme}.png")
    report = Axe().run(editor.page)
    assert [violation["id"] for violation in report.response["violations"]] == []
    panel = editor.part("mask-menu").locator(".menu__panel").bounding_box()
    assert panel is not None
    assert 0 <= panel["x"] <= panel["x"] + panel["width"] <= width, json.dumps(panel)
    assert 0 <= panel["y"] <= panel["y"] + panel["height"] <= height, json.dumps(panel)
    editor.page.keyboard.press("Escape")
    expect(editor.part("mask-menu").locator(".menu__panel")).to_be_hidden()
