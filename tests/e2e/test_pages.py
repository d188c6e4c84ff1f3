"""Every page: reachable, readable, steady, and nobody is shut out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from playwright.sync_api import Page, Response, expect

from tests import photos
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Theme, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live]

PUBLIC = (
    "/",
    "/pricing",
    "/status",
    "/accounts/login/",
    "/docs/",
    "/docs/quick-start",
    "/docs/rate-limits",
    "/docs/errors",
)
SIGNED_IN = (
    "/account/delete/",
    "/webhooks/",
    "/dashboard/",
    "/photos/",
    "/editor/",
    "/keys/",
    "/usage/",
    "/billing/",
    "/billing/credits/",
    "/billing/alerts/",
    "/account/",
)
OWN_BYTES_MAX = 200_000
# The phone sees what the desktop sees; the narrowest is the 320 pixels of WCAG's reflow rule.
SIZES = {"desktop": (1280, 800), "phone": (390, 844), "narrow": (320, 640)}

_SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""


def _assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-") or "home"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_to_object_to_on_any_page(
    visit: Callable[..., Visitor], pictures: Path, size: str, theme: Theme
) -> None:
    width, height = SIZES[size]
    guest = visit(width=width, height=height, theme=theme, signed_in=False)
    member = visit(width=width, height=height, theme=theme)

    for visitor, paths in ((guest, PUBLIC), (member, SIGNED_IN)):
        for path in paths:
            visitor.page.goto(path, wait_until="networkidle")
            visitor.page.screenshot(path=pictures / f"{_name(path)}-{size}-{theme}.png", full_page=True)
            _assert_accessible(visitor.page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_editors_states_and_on_the_page_of_the_job(
    visit: Callable[..., Visitor], pictures: Path, theme: Theme
) -> None:
    editor = EditorPage(visit(theme=theme))
    editor.load(photos.with_object(360, 240))
    editor.paint_box((125, 82, 235, 158))
    _assert_accessible(editor.page)
    editor.erase()
    _assert_accessible(editor.page)

    editor.page.goto("/dashboard/")
    editor.page.get_by_test_id("job-card").first.get_by_role("link").click()
    expect(editor.page.get_by_test_id("job-compare")).to_be_visible()
    editor.page.get_by_test_id("receipt").locator("summary").click()
    editor.page.screenshot(path=pictures / f"job-{theme}.png", full_page=True)
    _assert_accessible(editor.page)


def test_no_page_moves_about_while_it_loads_or_scrolls_sideways(visit: Callable[..., Visitor]) -> None:
    for width, height in SIZES.values():
        guest = visit(width=width, height=height, signed_in=False)
        member = visit(width=width, height=height)
        for visitor, paths in ((guest, PUBLIC), (member, SIGNED_IN)):
            for path in paths:
                visitor.page.goto(path)

                assert visitor.page.evaluate(_SHIFT) < 0.02, path
                too_wide = visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert too_wide <= 0, f"{path} at {width}"


def test_no_page_weighs_more_than_it_may(visit: Callable[..., Visitor]) -> None:
    guest, member = visit(signed_in=False), visit()
    for visitor, paths in ((guest, PUBLIC), (member, SIGNED_IN)):
        for path in paths:
            weights: dict[str, int] = {}

            def weigh(response: Response, weights: dict[str, int] = weights) -> None:
                if "/static/" in response.url:
                    weights[response.url] = len(response.body())

            visitor.page.on("response", weigh)
            visitor.page.goto(path, wait_until="networkidle")
            visitor.page.remove_listener("response", weigh)

            # Unpacked, as the browser has to read them; over the wire it is a quarter of that.
            assert sum(weights.values()) < OWN_BYTES_MAX, (path, weights)


def test_the_api_documentation_loads_without_other_hosts(visit: Callable[..., Visitor]) -> None:
    page = visit(signed_in=False).page

    page.goto("/docs/api", wait_until="networkidle")

    expect(page.get_by_text("/v1/image/remove-object").first).to_be_visible()


def test_the_first_page_leads_a_stranger_through_sign_in_to_the_editor(visit: Callable[..., Visitor]) -> None:
    page = visit(signed_in=False).page
    page.goto("/")

    page.get_by_test_id("hero-editor").click()
    page.get_by_test_id("demo-login").click()

    expect(page.get_by_test_id("dropzone")).to_be_visible()
    assert page.url.endswith("/editor/")


def test_signing_out_leads_back_to_the_first_page(desktop: Visitor) -> None:
    page = desktop.page

    page.get_by_test_id("sign-out").click()

    expect(page.get_by_test_id("sign-in")).to_be_visible()
    page.goto("/dashboard/")
    assert "/accounts/login/" in page.url


def test_the_before_and_after_on_the_first_page_follows_finger_and_keys(visit: Callable[..., Visitor]) -> None:
    page = visit(width=390, height=844, touch=True, signed_in=False).page
    page.goto("/")
    compare = page.get_by_test_id("hero-compare")
    compare.scroll_into_view_if_needed()
    line = compare.locator("input")

    compare.get_by_role("slider").focus()
    before = float(line.input_value())
    page.keyboard.press("ArrowRight")
    assert float(line.input_value()) > before

    box = compare.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 4, box["y"] + 40)
    assert float(line.input_value()) == pytest.approx(25, abs=1)


def test_a_theme_once_chosen_is_remembered_and_taking_it_back_follows_the_system_again(
    visit: Callable[..., Visitor],
) -> None:
    page = visit(signed_in=False).page
    page.goto("/")
    shade = "getComputedStyle(document.documentElement).colorScheme"

    page.locator("[data-theme-toggle]").click()
    page.goto("/pricing")
    assert page.evaluate(shade) == "dark"

    page.locator("[data-theme-toggle]").click()
    page.reload()
    assert page.evaluate(shade) == "light dark"


def test_the_menu_on_a_phone_opens_and_closes(phone: Visitor) -> None:
    page = phone.page
    page.goto("/")
    link = page.get_by_role("link", name="Dashboard")
    expect(link).to_be_hidden()

    page.get_by_role("button", name="Menu").tap()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()

    page.get_by_role("button", name="Menu").tap()
    link.tap()
    page.wait_for_url("**/dashboard/")


def test_the_keyboard_reaches_the_content_past_the_menu(desktop: Visitor) -> None:
    page = desktop.page
    page.goto("/dashboard/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_new_key_is_shown_once_can_be_copied_and_is_revoked_after_asking(desktop: Visitor) -> None:
    page = desktop.page
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/keys/")
    page.get_by_label("Name of a new key").fill("Holiday album")
    page.get_by_test_id("key-create").click()

    new_key = page.get_by_test_id("new-key")
    key = new_key.locator("code").inner_text()
    assert re.fullmatch(r"pk_live_\w{20,}", key)
    new_key.get_by_role("button", name="Copy").click()
    expect(new_key.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key

    page.goto("/keys/")
    expect(page.get_by_test_id("new-key")).to_have_count(0)
    row = page.get_by_test_id("key-row").filter(has_text=key[-4:])
    row.get_by_role("button", name="Revoke Holiday album").click()
    row.get_by_role("button", name="Keep it").click()
    expect(row).to_contain_text("Active")

    row.get_by_role("button", name="Revoke Holiday album").click()
    _assert_accessible(page)
    row.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("status").get_by_text("The key is revoked")).to_be_visible()
    expect(page.get_by_test_id("key-row").filter(has_text=key[-4:])).to_contain_text("Revoked")


def test_a_job_that_ends_shows_up_on_an_open_dashboard_by_itself(desktop: Visitor) -> None:
    editor = EditorPage(desktop)
    editor.load(photos.with_object(360, 240))
    editor.paint_box((125, 82, 235, 158))
    dashboard = desktop.context.new_page()
    editor.part("erase").click()
    expect(editor.part("balance-chip")).to_be_visible()

    dashboard.goto("/dashboard/")

    newest = dashboard.get_by_test_id("job-card").first
    expect(newest.get_by_text("Done")).to_be_visible(timeout=30_000)
    expect(newest.locator("img")).to_be_visible()


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_error_pages_need_no_context(name: str) -> None:
    page = render_to_string(name)

    assert "<h1>" in page
    assert "Back to the start" in page
