"""The documentation as its readers use it: turning tabs, copying, searching, on a phone and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from pixelsite.docs_pages.pages import known_pages
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]


@pytest.fixture
def reader(visit: Callable[..., Visitor]) -> Visitor:
    return visit(signed_in=False)


def test_no_page_is_wider_than_the_narrowest_window(visit: Callable[..., Visitor]) -> None:
    page = visit(width=320, height=640, signed_in=False).page

    for name in known_pages():
        page.goto(f"/docs/{name}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


def test_the_keys_turn_the_tabs_of_code_and_copying_takes_the_one_in_sight(reader: Visitor) -> None:
    page = reader.page
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/docs/quick-start")
    tabs = page.get_by_role("group", name="The same in").first

    tabs.get_by_role("radio", name="cURL").focus()
    page.keyboard.press("ArrowRight")

    expect(tabs.get_by_role("radio", name="Python")).to_be_checked()
    expect(tabs.locator("pre:visible")).to_contain_text("from pixelsite_client import Pixelsite")
    tabs.locator("[data-copy]:visible").click()
    expect(tabs.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("from pixelsite_client import Pixelsite")


def test_the_search_finds_headings_and_leads_to_them(reader: Visitor) -> None:
    page = reader.page
    page.goto("/docs/")

    page.get_by_role("searchbox").press_sequentially("back off")
    page.get_by_role("link", name="Back off Rate limits").click()

    page.wait_for_url("**/docs/rate-limits#back-off")
    expect(page.get_by_role("heading", name="Back off")).to_be_in_viewport()


def test_a_search_that_finds_nothing_says_so_and_escape_brings_the_pages_back(reader: Visitor) -> None:
    page = reader.page
    page.goto("/docs/keys")
    pages = page.locator(".docs-side").get_by_role("navigation", name="Documentation")

    page.get_by_role("searchbox").fill("unicorn")
    expect(page.locator(".docs-side .docs-found__none")).to_be_visible()
    expect(pages).to_be_hidden()

    page.keyboard.press("Escape")
    expect(pages).to_be_visible()


def test_a_search_that_cannot_be_loaded_is_tried_again(reader: Visitor) -> None:
    page = reader.page
    reader.forgive("net::ERR_FAILED")
    page.route("**/docs/search.json", lambda route: route.abort())
    page.goto("/docs/")

    page.get_by_role("searchbox").fill("web")
    expect(page.locator(".docs-side .docs-found__none")).to_contain_text("could not be loaded")

    page.unroute("**/docs/search.json")
    page.get_by_role("searchbox").fill("webhooks")
    expect(page.locator(".docs-side").get_by_role("link", name="Webhooks", exact=False).first).to_be_visible()


def test_on_a_phone_the_pages_unfold_above_the_text(visit: Callable[..., Visitor]) -> None:
    page = visit(width=390, height=844, touch=True, signed_in=False).page
    page.goto("/docs/quick-start")
    menu = page.locator(".docs-menu")
    expect(menu.get_by_role("link", name="Rate limits")).to_be_hidden()

    menu.get_by_text("All pages").tap()
    menu.get_by_role("link", name="Rate limits").tap()

    page.wait_for_url("**/docs/rate-limits")
    expect(page.get_by_role("heading", name="Rate limits", level=1)).to_be_visible()


def test_the_heading_in_sight_is_marked_beside_the_text(reader: Visitor) -> None:
    page = reader.page
    page.goto("/docs/rate-limits")
    contents = page.get_by_role("navigation", name="On this page")

    contents.get_by_role("link", name="Back off").click()

    expect(contents.get_by_role("link", name="Back off")).to_have_attribute("aria-current", "true")


def test_without_scripts_every_page_and_every_tab_can_be_read(reader: Visitor) -> None:
    chromium = reader.context.browser
    assert chromium is not None
    plain = chromium.new_context(base_url=reader.site, java_script_enabled=False)
    page = plain.new_page()
    page.goto("/docs/quick-start")

    page.locator(".code-tabs__tab", has_text="Node").first.click()

    expect(page.get_by_text("import { Pixelsite } from").first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_count(0)
    plain.close()
