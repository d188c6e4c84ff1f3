"""Selecting by a click, a box or a sentence: against the running site and its worker, on pictures drawn here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Route, expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

WIDTH, HEIGHT = 480, 320
DISC, OTHER = (150, 150, 60), (370, 120, 40)  # x, y, radius
RED, BLUE = (200, 20, 30), (20, 60, 200)
JOB = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def editor(desktop: Visitor) -> EditorPage:
    page = EditorPage(desktop)
    page.load(_two_discs())
    page.part("select").click()
    return page


def _two_discs(scale: int = 1) -> photos.Pixels:
    picture = np.full((HEIGHT * scale, WIDTH * scale, 3), (190, 196, 188), np.uint8)
    picture[_disc(DISC, scale)] = RED
    picture[_disc(OTHER, scale)] = BLUE
    return picture


def _disc(disc: tuple[int, int, int], scale: int = 1) -> NDArray[np.bool_]:
    x, y, radius = (number * scale for number in disc)
    rows, columns = np.mgrid[: HEIGHT * scale, : WIDTH * scale]
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)


def _with_text() -> photos.Pixels:
    picture = photos.gradient(640, 400)
    cv2.putText(picture, "SAMPLE", (90, 230), cv2.FONT_HERSHEY_SIMPLEX, 4, (255, 255, 255), 12, cv2.LINE_AA)
    return picture


def _overlap(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((mask & truth).sum() / (mask | truth).sum())


def _error(editor: EditorPage) -> Any:
    return expect(editor.part("editor-error"))


def test_a_click_selects_the_object_it_is_on_and_costs_nothing(editor: EditorPage) -> None:
    balance = editor.balance

    editor.click(*DISC[:2])

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9
    expect(editor.part("editor-status")).to_contain_text("Found.")
    editor.page.reload()
    assert editor.balance == balance


def test_a_click_on_a_large_photo_selects_at_the_photos_own_size(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    editor.load_file(photos.saved(Image.fromarray(_two_discs(scale=9)), "JPEG", quality=80), "large.jpg", "image/jpeg")
    editor.part("select").click()

    with editor.page.expect_request("**/editor/find/") as asked:
        editor.click(DISC[0] * 9, DISC[1] * 9)

    assert len(asked.value.post_data_buffer or b"") < 1_000_000
    mask = editor.mask()
    assert mask.shape == (HEIGHT * 9, WIDTH * 9)
    assert _overlap(mask, _disc(DISC, scale=9)) > 0.9


def test_a_tap_on_a_phone_selects_the_object(phone: Visitor) -> None:
    editor = EditorPage(phone)
    editor.load(_two_discs())
    editor.part("select").tap()

    editor.page.touchscreen.tap(*editor.spot(*DISC[:2]))
    editor.wait_until_looked()

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


def test_the_keyboard_alone_selects_the_object_under_the_ring(editor: EditorPage) -> None:
    keyboard = editor.page.keyboard
    keyboard.press("b")
    editor.part("canvas").focus()
    keyboard.press("s")
    steps = round((WIDTH / 2 - DISC[0]) * editor.scale / 8)
    for _ in range(steps):
        keyboard.press("ArrowLeft")

    keyboard.press("Space")
    editor.wait_until_looked()

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


def test_a_box_selects_the_object_in_it(editor: EditorPage) -> None:
    editor.draw_box((70, 70, 230, 230))

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


@pytest.mark.parametrize("way", ["alt", "button", "key", "right"])
def test_a_click_on_what_does_not_belong_takes_it_out_again(editor: EditorPage, way: str) -> None:
    x, y, _ = OTHER
    editor.click(*DISC[:2])
    editor.click(x, y)
    assert _overlap(editor.mask(), _disc(DISC) | _disc(OTHER)) > 0.9

    if way == "button":
        editor.part("minus").click()
    elif way == "key":
        editor.page.keyboard.press("n")
    editor.click(x + 4, y, alt=way == "alt", button="right" if way == "right" else "left")

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


def test_refining_replaces_the_step_so_that_one_undo_takes_all_of_it_back(editor: EditorPage) -> None:
    editor.click(*DISC[:2])
    editor.click(*OTHER[:2])
    assert editor.mask()[OTHER[1], OTHER[0]]

    editor.part("undo").click()

    assert not editor.mask().any()
    assert editor.part("undo").is_disabled()
    assert editor.part("erase").is_disabled()
    editor.part("redo").click()
    assert editor.mask()[OTHER[1], OTHER[0]]


def test_the_tool_chosen_again_begins_another_selection(editor: EditorPage) -> None:
    editor.click(*DISC[:2])
    first = editor.mask()
    editor.page.keyboard.press("s")
    editor.click(*OTHER[:2])
    assert _overlap(editor.mask(), _disc(DISC) | _disc(OTHER)) > 0.9

    editor.part("undo").click()

    assert (editor.mask() == first).all()


def test_a_selection_is_painted_on_and_erased_like_any_paint(editor: EditorPage) -> None:
    editor.click(*DISC[:2])

    editor.part("brush").click()
    editor.paint([(400, 280)])
    editor.part("eraser").click()
    editor.paint_box((80, 80, 220, 150))

    mask = editor.mask()
    assert mask[280, 400]
    assert not mask[120, 150]
    assert mask[195, 150]


def test_a_sentence_finds_the_text_and_says_how_it_was_understood(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    picture = _with_text()
    editor.load(picture)

    editor.say("the text")

    letters = (picture != photos.gradient(640, 400)).any(axis=2)
    mask = editor.mask()
    assert mask[letters].mean() > 0.9
    assert not mask[:60].any()
    expect(editor.part("editor-status")).to_have_text("Found: the text.")


def test_who_names_a_watermark_is_asked_once_whether_the_photo_is_theirs(desktop: Visitor, pictures: Path) -> None:
    editor = EditorPage(desktop)
    editor.load(_with_text())
    editor.part("wish-input").fill("remove the watermark")

    editor.part("find").click()
    expect(editor.part("rights-dialog")).to_be_visible(timeout=60_000)
    editor.page.screenshot(path=pictures / "editor-rights.png")
    editor.part("rights-confirm").click()
    expect(editor.part("editor-status")).to_contain_text("Found: the watermark", timeout=60_000)

    assert editor.mask().any()
    editor.page.reload()
    expect(editor.part("rights-dialog")).to_have_count(0)


def test_typing_a_sentence_moves_no_tool_and_enter_sends_it(editor: EditorPage) -> None:
    editor.part("wish-input").focus()

    editor.page.keyboard.type("b e n")
    with editor.page.expect_request("**/editor/find/"):
        editor.page.keyboard.press("Enter")

    assert editor.part("wish-input").input_value() == "b e n"
    expect(editor.part("select")).to_have_attribute("aria-pressed", "true")
    expect(editor.part("minus")).to_have_attribute("aria-pressed", "false")


def test_nothing_found_says_so_in_the_sites_words_and_loses_nothing(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    editor.load(photos.gradient(WIDTH, HEIGHT))
    editor.paint([(60, 60)])
    before = editor.mask()
    balance = editor.balance

    with editor.page.expect_response("**/editor/find/") as answered:
        editor.say("the text")

    words = answered.value.json()["error"]["message"]
    _error(editor).to_contain_text(words)
    assert (editor.mask() == before).all()
    editor.page.reload()
    assert editor.balance == balance


def test_a_selected_object_is_erased(editor: EditorPage, pictures: Path) -> None:
    balance = editor.balance
    editor.click(*DISC[:2])
    editor.page.screenshot(path=pictures / "editor-selected.png")

    editor.erase()

    result = editor.download().astype(int)
    assert editor.balance == balance - 5
    assert np.abs(result - (190, 196, 188))[_disc(DISC)].mean() < 5
    assert (result[_disc(OTHER)] == BLUE).all()


def test_erasing_more_selects_in_the_result_and_keeps_the_earlier_area(editor: EditorPage) -> None:
    editor.click(*DISC[:2])
    editor.erase()
    editor.part("erase-more").click()
    editor.wait_for("ready")

    editor.click(*OTHER[:2])

    assert _overlap(editor.mask(), _disc(DISC) | _disc(OTHER)) > 0.9


def test_escape_stops_waiting_and_the_click_counts_no_more(editor: EditorPage) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    editor.page.route("**/editor/find/", hold)
    editor.page.mouse.click(*editor.spot(*OTHER[:2]))
    expect(editor.part("editor-status")).to_have_text("Looking for the object…")

    editor.page.keyboard.press("Escape")

    editor.wait_until_looked()
    expect(editor.part("editor-status")).to_contain_text("Click what should go")
    assert not editor.mask().any()
    editor.page.unroute("**/editor/find/", hold)
    editor.click(*DISC[:2])
    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


def test_a_search_that_takes_long_is_asked_after_until_it_ends(editor: EditorPage) -> None:
    with editor.page.expect_response("**/editor/find/") as answered:
        editor.click(*DISC[:2])
    found = answered.value.json()
    editor.part("undo").click()
    accepted = {"id": JOB, "status": "queued"}
    news = [{"id": JOB, "status": "processing"}, found]
    editor.page.route("**/editor/find/", lambda route: route.fulfill(status=202, json=accepted))
    editor.page.route(re.compile(f"/editor/jobs/{JOB}/"), lambda route: route.fulfill(json=news.pop(0)))

    editor.click(*DISC[:2])

    assert _overlap(editor.mask(), _disc(DISC)) > 0.9


def test_a_selection_asks_for_the_erase_under_a_new_key(editor: EditorPage) -> None:
    editor.visitor.forgive("ERR_FAILED")
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    editor.page.route("**/editor/jobs/", lose)
    for place in (DISC, OTHER):
        editor.click(*place[:2])
        editor.part("erase").click()
        editor.wait_for("ready")

    assert len(set(keys)) == 2


def test_a_click_on_nothing_of_the_photo_asks_nobody(editor: EditorPage) -> None:
    asked: list[str] = []
    editor.page.on("request", lambda request: asked.append(request.url))
    editor.page.mouse.click(*editor.spot(-5, 20))

    editor.click(*DISC[:2], alt=True)

    assert asked == []
    expect(editor.part("editor-status")).to_contain_text("First click the object itself")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (844, 390)], ids=str)
def test_selecting_fits_the_window_and_axe_finds_nothing(
    visit: Callable[..., Visitor], pictures: Path, size: tuple[int, int], theme: str
) -> None:
    width, height = size
    editor = EditorPage(visit(width=width, height=height, theme=theme, touch=width < 1000))
    editor.load(_two_discs())
    editor.part("select").click()
    editor.click(*DISC[:2])

    editor.page.screenshot(path=pictures / f"editor-select-{width}-{theme}.png")

    report = Axe().run(editor.page)
    assert [violation["id"] for violation in report.response["violations"]] == []
    for part in ("wish-input", "find", "plus", "minus", "erase", "mask-menu"):
        box = editor.part(part).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, part
        assert box["y"] + box["height"] <= height, part
