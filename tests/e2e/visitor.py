"""Somebody who visits the site, and what the browser complained about meanwhile."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

Theme = Literal["light", "dark"]


class Visitor:
    """A browser profile of its own with one page, signed in to the demo account unless told otherwise."""

    def __init__(
        self,
        browser: Browser,
        site: str,
        *,
        width: int = 1280,
        height: int = 800,
        theme: Theme = "light",
        touch: bool = False,
        signed_in: bool = True,
    ) -> None:
        self.site = site
        self.context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=touch,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(15_000)
        self._complaints: list[str] = []
        self._forgiven: list[str] = []
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self._complaints.append(f"uncaught: {error.error}"))
        self.context.on("request", self._see)
        self.page: Page = self.context.new_page()
        if signed_in:
            self.sign_in(self.page)

    def sign_in(self, page: Page, *, then: str = "/editor/") -> None:
        """By the button on the sign-in page, as people do."""
        page.goto(f"/accounts/login/?next={then}")
        page.get_by_test_id("demo-login").click()
        page.wait_for_url(f"**{then}")

    def forgive(self, words: str) -> None:
        """A complaint with these words is part of what the test does."""
        self._forgiven.append(words)

    def problems(self) -> list[str]:
        """What must never happen: console errors, policy violations, uncaught errors, requests to other hosts."""
        return [line for line in self._complaints if not any(words in line for words in self._forgiven)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(self.site).netloc:
            self._complaints.append(f"foreign request: {request.url}")
