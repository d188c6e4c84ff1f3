"""What was made stays at hand: versions, undo across erases, several photos, a reload, a lost session, another person."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import FilePayload, expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Theme, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

WIDTH, HEIGHT = 360, 240
OBJECT = (118.0, 72.0, 242.0, 168.0)
CORNER = (20.0, 20.0, 80.0, 60.0)
OTHER_CORNER = (280.0, 180.0, 340.0, 220.0)


@pytest.fixture
def editor(desktop: Visitor) -> EditorPage:
    page = EditorPage(desktop)
    page.load(photos.with_object(WIDTH, HEIGHT))
    return page


def _erase(editor: EditorPage, box: tuple[float, float, float, float]) -> None:
    editor.paint_box(box)
    editor.erase()
    editor.part("erase-more").click()
    editor.wait_for("ready")


def _shown(editor: EditorPage) -> photos.Pixels:
    """The picture under the mask, as the preview has it."""
    data = editor.page.evaluate(
        "async () => [...new Uint8Array(await (await new Promise((done) =>"
        " document.querySelector('mask-canvas canvas').toBlob(done))).arrayBuffer())]"
    )
    return np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGB"))


def _wait_until_shown(editor: EditorPage, picture: photos.Pixels) -> None:
    for _ in range(100):
        if (_shown(editor) == picture).all():
            return
        editor.page.wait_for_timeout(100)
    raise AssertionError("another picture is shown")


def _wait_until_kept(editor: EditorPage) -> None:
    """Nothing that was painted would be lost by a reload."""
    editor.page.locator("#editor[data-kept=yes]").wait_for()


def test_undo_goes_back_across_an_erase_to_what_was_painted_and_redo_returns_to_the_result(editor: EditorPage) -> None:
    before = _shown(editor)
    editor.paint_box(OBJECT)
    painted = editor.mask()
    editor.erase()
    editor.page.keyboard.press("Control+z")

    editor.wait_for("ready")
    assert (_shown(editor) == before).all()
    assert (editor.mask() == painted).all()
    editor.page.keyboard.press("Control+Shift+z")
    expect(editor.part("versions").locator("[aria-current=true]")).to_have_attribute("aria-label", "Version 1")
    assert (_shown(editor) != before).any()


def test_painting_anew_after_undo_begins_a_branch_and_the_first_result_stays(editor: EditorPage) -> None:
    _erase(editor, OBJECT)
    editor.part("undo").click()
    expect(editor.part("undo")).to_be_enabled()
    editor.mask_menu("clear")
    expect(editor.part("redo")).to_be_disabled()

    _erase(editor, CORNER)

    expect(editor.part("versions").get_by_role("button")).to_have_count(3)
    expect(editor.part("versions").locator("[aria-current=true]")).to_have_attribute("aria-label", "Version 2")
    mask = editor.mask()
    assert mask[40, 50]
    assert not mask[120, 180], "the branch does not hold what the other version erased"
    editor.part("versions").get_by_role("button", name="Version 1").click()
    expect(editor.part("versions").locator("[aria-current=true]")).to_have_attribute("aria-label", "Version 1")
    assert editor.mask()[120, 180]


def test_a_version_of_a_version_is_computed_with_the_united_mask(editor: EditorPage) -> None:
    _erase(editor, OBJECT)
    _erase(editor, CORNER)

    mask = editor.mask()

    assert mask[120, 180]
    assert mask[40, 50]


def test_a_reload_loses_no_stroke_no_version_and_no_photo(editor: EditorPage) -> None:
    _erase(editor, OBJECT)
    editor.page.keyboard.press("l")
    editor.paint([(20, 20), (80, 20), (80, 60), (20, 60)])
    editor.mask_menu("larger")
    painted, shown = editor.mask(), _shown(editor)
    _wait_until_kept(editor)

    again = EditorPage.of(editor.visitor)

    assert (again.mask() == painted).all()
    assert (_shown(again) == shown).all()
    expect(again.part("versions").get_by_role("button")).to_have_count(2)
    again.part("undo").click()
    assert again.mask().sum() < painted.sum()


def test_a_job_that_was_under_way_at_a_reload_comes_to_its_end(editor: EditorPage) -> None:
    editor.paint_box(OBJECT)
    # This page never hears what becomes of the job.
    for pattern in ("**/editor/jobs/*/**", "**/editor/events/**"):
        editor.page.route(pattern, lambda route: None)
    with editor.page.expect_response("**/editor/jobs/"):
        editor.part("erase").click()
    _wait_until_kept(editor)
    editor.page.unroute_all(behavior="ignoreErrors")

    again = EditorPage(editor.visitor)

    again.wait_for("done")
    expect(again.part("versions").get_by_role("button")).to_have_count(2)


def test_what_was_painted_survives_a_lost_session(editor: EditorPage) -> None:
    editor.paint_box(OBJECT)
    painted = editor.mask()
    _wait_until_kept(editor)
    editor.visitor.context.clear_cookies()
    editor.page.goto("/editor/")
    editor.visitor.sign_in(editor.page)

    again = EditorPage.of(editor.visitor)

    assert (again.mask() == painted).all()


def test_signing_out_leaves_nothing_in_the_browser(editor: EditorPage) -> None:
    editor.paint_box(OBJECT)
    _wait_until_kept(editor)
    assert editor.page.evaluate("async () => (await indexedDB.databases()).length") == 1

    editor.page.get_by_role("button", name="Sign out").click()
    expect(editor.page.get_by_test_id("hero-editor")).to_be_visible()

    assert editor.page.evaluate("async () => (await indexedDB.databases()).length") == 0


def test_several_photos_stay_open_each_with_its_own_mask(editor: EditorPage) -> None:
    editor.paint_box(CORNER)
    second = photos.saved(Image.fromarray(photos.textured(300, 200)), "PNG")

    editor.load_file(second, "second.png", "image/png")
    expect(editor.part("canvas")).to_have_js_property("width", 300)
    assert not editor.mask().any()
    editor.part("photos").get_by_role("button", name="photo.png").click()

    expect(editor.part("canvas")).to_have_js_property("width", WIDTH)
    editor.measure()
    assert editor.mask()[40, 50]
    editor.part("close-photo").click()
    expect(editor.part("photos").get_by_role("button")).to_have_count(1)
    editor.part("close-photo").click()
    expect(editor.part("dropzone")).to_be_visible()


def test_one_file_of_several_that_is_no_photo_is_told_and_the_others_open(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    good = photos.saved(Image.fromarray(photos.textured(300, 200)), "PNG")
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": data}
        for name, data in (("notes.png", b"not a picture"), ("one.png", good), ("two.png", good))
    ]

    editor.part("file-input").set_input_files(files)

    editor.wait_for("ready")
    expect(editor.part("editor-error")).to_contain_text("cannot read this file as a photo")
    labels = [f"Photo {name}" for name in ("one.png", "two.png")]
    buttons = editor.part("photos").get_by_role("button")
    expect(buttons).to_have_count(2)
    assert [button.get_attribute("aria-label") for button in buttons.all()] == labels


def test_quick_erase_works_at_the_end_of_each_stroke_and_goes_on_at_once(editor: EditorPage, pictures: Path) -> None:
    balance = editor.balance
    editor.part("mask-menu").locator("summary").click()
    editor.part("quick").check()
    for number, box in enumerate((OBJECT, CORNER), start=1):
        editor.paint_box(box)
        expect(editor.part("versions").get_by_role("button")).to_have_count(number + 1)
        editor.wait_for("ready")

    editor.page.screenshot(path=pictures / "editor-quick.png")
    expect(editor.part("editor-status")).to_contain_text("Done in")
    assert editor.balance == balance - 10
    assert not (editor.mask() & ~_grown(OBJECT, CORNER)).any()


def _grown(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for left, top, right, bottom in boxes:
        mask[max(0, int(top) - 30) : int(bottom) + 30, max(0, int(left) - 30) : int(right) + 30] = True
    return mask


def test_holding_c_shows_the_original_while_painting_goes_on(editor: EditorPage) -> None:
    before = _shown(editor)
    _erase(editor, OBJECT)
    after = _shown(editor)

    editor.page.keyboard.down("c")
    _wait_until_shown(editor, before)
    editor.page.keyboard.up("c")
    _wait_until_shown(editor, after)


@pytest.mark.parametrize(("name", "kind"), [("as-png", "PNG"), ("as-jpeg", "JPEG"), ("as-webp", "WEBP")])
def test_a_result_is_downloaded_in_the_format_one_likes(editor: EditorPage, name: str, kind: str) -> None:
    editor.paint_box(OBJECT)
    editor.erase()
    editor.part("download-menu").locator("summary").click()

    with editor.page.expect_download() as waiting:
        editor.part(name).click()

    with Image.open(waiting.value.path()) as image:
        assert (image.format, image.size) == (kind, (WIDTH, HEIGHT))
    assert waiting.value.suggested_filename.startswith("photo-clean.")


def test_a_result_is_copied_to_the_clipboard(editor: EditorPage) -> None:
    editor.visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.paint_box(OBJECT)
    editor.erase()
    editor.part("download-menu").locator("summary").click()

    editor.part("copy").click()

    expect(editor.part("editor-status")).to_contain_text("Copied")
    types = editor.page.evaluate("async () => (await navigator.clipboard.read())[0].types")
    assert types == ["image/png"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_call_that_does_the_same_is_told_in_three_languages(
    visit: Callable[..., Visitor], pictures: Path, theme: Theme
) -> None:
    editor = EditorPage(visit(theme=theme))
    editor.load(photos.with_object(WIDTH, HEIGHT))
    editor.paint_box(OBJECT)
    editor.erase()
    editor.part("download-menu").locator("summary").click()
    editor.page.screenshot(path=pictures / f"editor-download-menu-{theme}.png")

    editor.part("show-call").click()

    editor.page.screenshot(path=pictures / f"editor-call-{theme}.png")
    dialog = editor.part("call-dialog")
    for words in (
        "curl http",
        "photo-mask.png",
        "from pixelsite_client import Pixelsite",
        "await client.removeObject(",
    ):
        expect(dialog).to_contain_text(words)
    report = Axe().run(editor.page)
    assert [violation["id"] for violation in report.response["violations"]] == []


def test_the_time_taken_and_the_balance_are_told(editor: EditorPage) -> None:
    balance = editor.balance
    editor.paint_box(OTHER_CORNER)

    editor.erase()

    expect(editor.part("editor-status")).to_contain_text(" s, 5 credits.")
    assert editor.balance == balance - 5


def test_a_photo_from_the_phones_camera_is_taken_at_once(phone: Visitor, pictures: Path) -> None:
    editor = EditorPage(phone)
    expect(editor.page.locator("[data-action=camera]")).to_be_visible()
    editor.page.screenshot(path=pictures / "editor-empty-phone.png")

    picture = photos.sample_jpeg(WIDTH, HEIGHT)
    editor.part("camera-input").set_input_files({"name": "shot.jpg", "mimeType": "image/jpeg", "buffer": picture})

    editor.wait_for("ready")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_photo_stays_where_it_is_from_state_to_state(
    visit: Callable[..., Visitor], width: int, height: int
) -> None:
    editor = EditorPage(visit(width=width, height=height))
    stage = editor.page.locator(".editor__stage")
    editor.load(photos.with_object(WIDTH, HEIGHT))
    places = [stage.bounding_box()]

    editor.paint_box(OBJECT)
    places.append(stage.bounding_box())
    editor.erase()
    places.append(stage.bounding_box())
    editor.part("erase-more").click()
    editor.wait_for("ready")
    places.append(stage.bounding_box())

    assert places == [places[0]] * 4
