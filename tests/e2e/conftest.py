"""A real Chromium, and a visitor whose every request and console line is watched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.visitor import Visitor

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _chromium() -> str:
    path = os.environ.get("CHROMIUM") or next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path:
        return path
    message = f"No Chromium: install one of {', '.join(_NAMES)}, or set CHROMIUM to its path."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def launch_chromium(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)


# Not for the whole session: while it lives an event loop runs in this thread, and Django then refuses the ORM to others.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield (launched := launch_chromium(playwright))
        launched.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are kept for people to look at."""
    folder = Path(__file__).resolve().parents[2] / "test-results"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Browser, live_site: Any) -> Iterator[Callable[..., Visitor]]:
    """Start a visitor: `visit(width=390, touch=True, theme="dark", signed_in=False)`. Checks at the end that nothing was amiss."""
    visitors: list[Visitor] = []

    def start(**wishes: Any) -> Visitor:
        visitors.append(Visitor(browser, live_site.url, **wishes))
        return visitors[-1]

    yield start
    for visitor in visitors:
        visitor.context.close()
    assert [problem for visitor in visitors for problem in visitor.problems()] == []


@pytest.fixture
def desktop(visit: Callable[..., Visitor]) -> Visitor:
    return visit()


@pytest.fixture
def phone(visit: Callable[..., Visitor]) -> Visitor:
    return visit(width=390, height=844, touch=True)
