"""The page of photos in a real browser: choosing, taking along, finding, opening again, running again, deleting."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Theme, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

OBJECT = (118.0, 72.0, 242.0, 168.0)


def _erase(visitor: Visitor, name: str) -> None:
    editor = EditorPage(visitor)
    editor.load_file(photos.saved(Image.fromarray(photos.with_object(360, 240)), "PNG"), name, "image/png")
    expect(editor.part("photos").locator("[aria-current=true]")).to_have_attribute("aria-label", f"Photo {name}")
    editor.paint_box(OBJECT)
    editor.erase()


def _names(page: Page) -> list[str]:
    return page.locator(".photo__name").all_inner_texts()


@pytest.fixture
def page(desktop: Visitor) -> Page:
    """The photos page, with two photos found by a name that no other test uses."""
    for name in ("harbour-one.png", "harbour-two.png"):
        _erase(desktop, name)
    desktop.page.goto("/photos/")
    desktop.page.get_by_test_id("search").fill("harbour")
    desktop.page.keyboard.press("Enter")
    desktop.page.wait_for_url("**q=harbour**")
    return desktop.page


def test_photos_are_found_chosen_taken_along_opened_run_again_and_deleted(page: Page, desktop: Visitor) -> None:
    assert _names(page)[:2] == ["harbour-two.png", "harbour-one.png"]

    expect(page.get_by_test_id("download-chosen")).to_be_disabled()
    page.get_by_test_id("choose").nth(0).check()
    page.get_by_test_id("choose").nth(1).check()
    expect(page.locator("[data-chosen-count]")).to_have_text("2 chosen")
    with page.expect_download() as waiting:
        page.get_by_test_id("download-chosen").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert sorted(archive.namelist()) == ["00-harbour-two.png", "01-harbour-one.png"]

    page.get_by_role("link", name="harbour-one.png").click()
    page.get_by_test_id("run-again").click()
    expect(page.get_by_test_id("download")).to_be_visible(timeout=60_000)

    page.get_by_test_id("open-in-editor").click()
    page.locator("#editor[data-state=ready]").wait_for()
    expect(page.get_by_test_id("canvas")).to_have_js_property("width", 360)
    assert page.url.endswith("/editor/")

    page.goto("/photos/?q=harbour")
    page.get_by_test_id("choose-all").check()
    page.get_by_test_id("delete-chosen").click()
    page.get_by_test_id("delete-confirm").click()
    expect(page.get_by_text("with their results")).to_be_visible()
    page.goto("/photos/?q=harbour")
    assert page.locator(".job__picture img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("size", "width"), [("desktop", 1280), ("phone", 390)])
def test_the_page_with_photos_chosen_is_accessible(
    visit: Callable[..., Visitor], pictures: Path, size: str, width: int, theme: Theme
) -> None:
    visitor = visit(width=width, height=844, theme=theme)
    _erase(visitor, "lake.png")
    visitor.page.goto("/photos/")
    visitor.page.get_by_test_id("choose").first.check()

    visitor.page.screenshot(path=pictures / f"photos-chosen-{size}-{theme}.png", full_page=True)

    report = Axe().run(visitor.page)
    assert [violation["id"] for violation in report.response["violations"]] == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
