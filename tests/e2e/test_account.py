"""The pages of an account in a real browser: signing in by mail with the keyboard alone, and the account page on a phone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visitor import Visitor
from tests.servers.site import SiteServer, running_site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def mail_site(pytestconfig: pytest.Config) -> Iterator[SiteServer]:
    """A site where codes are sent by mail. Nobody sends it here: it is read where it waits."""
    with running_site(root=pytestconfig.rootpath, PIXELSITE_EMAIL_SIGN_IN="1") as site:
        yield site


def _code(site: SiteServer) -> str:
    with sqlite3.connect(site.database, timeout=20) as connection:
        (code,) = connection.execute(
            "SELECT json_extract(context, '$.code') FROM accounts_letter ORDER BY id DESC LIMIT 1"
        ).fetchone()
    connection.close()
    return str(code)


def test_signing_in_by_mail_takes_a_keyboard_and_no_mouse(mail_site: SiteServer, browser: Browser) -> None:
    visitor = Visitor(browser, mail_site.url, signed_in=False)
    page = visitor.page
    page.goto("/accounts/login/?next=/account/")
    page.get_by_test_id("email").focus()
    page.keyboard.type("new.person@example.com")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/code/")
    page.keyboard.type(_code(mail_site).lower())  # the field has the focus
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")

    expect(page.get_by_text("new.person@example.com")).to_be_visible()
    assert visitor.problems() == []
    visitor.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/account/", "/account/delete/"])
def test_no_page_of_the_account_is_wider_than_a_phone(
    visit: Callable[..., Visitor], pictures: Path, path: str, theme: str
) -> None:
    page = visit(width=390, height=844, touch=True, theme=theme).page
    page.goto(path)

    page.screenshot(path=pictures / f"account{path.strip('/').replace('/', '-')}-{theme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_another_browser_is_signed_out_from_here(visit: Callable[..., Visitor]) -> None:
    here, there = visit().page, visit().page
    here.goto("/account/")
    here.get_by_test_id("end-others").click()
    expect(here.get_by_role("status")).to_contain_text("Signed out")

    there.goto("/account/")
    there.wait_for_url("**/accounts/login/**")
