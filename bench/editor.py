"""How smoothly a large photo moves in the editor: frames a second while it is carried and zoomed, in a real Chromium.

    python -m bench.editor [MEGAPIXELS]

Without a graphics card Chromium draws with the processor, so a machine with one does better.
"""

from __future__ import annotations

import io
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bench.machine import describe
from tests.e2e.conftest import launch_chromium
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Visitor
from tests.servers.stack import running_stack

SECONDS = 4
# Carries or zooms the photo before each frame, and notes how long the frame took.
_MOVE = """([kind, seconds]) => new Promise((done) => {
  const {view} = document.querySelector("mask-canvas");
  const start = performance.now();
  const times = [];
  let last = start;
  const frame = (now) => {
    times.push(now - last);
    last = now;
    const phase = (now - start) / 400;
    if (kind === "carry") view.pan(12 * Math.cos(phase), 9 * Math.sin(phase));
    else view.zoom(Math.exp(0.05 * Math.cos(phase)));
    if (now - start < 1000 * seconds) requestAnimationFrame(frame); else done(times.slice(2));
  };
  requestAnimationFrame(frame);
})"""


def photo_of(megapixels: int) -> bytes:
    """A JPEG of that size, with detail everywhere."""
    width = round((megapixels * 1e6 * 3 / 2) ** 0.5)
    noise = np.random.default_rng(1).integers(0, 255, (width // 12, width // 8, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((width, width * 2 // 3), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def frames(page: Page, kind: str) -> dict[str, float]:
    """Frames a second, and how long the median and the slowest of twenty frames took, in milliseconds."""
    times: list[float] = page.evaluate(_MOVE, [kind, SECONDS])
    slow = statistics.quantiles(times, n=20)[-1]
    return {"fps": 1000 * len(times) / sum(times), "median_ms": statistics.median(times), "slow_ms": slow}


def run(megapixels: int = 24) -> None:
    print(f"\n## Editor: a photo of {megapixels} megapixels, {describe()}\n")
    print("| movement | frames a second | median frame | 19 of 20 frames within |\n| --- | --- | --- | --- |")
    root = Path(__file__).resolve().parents[1]
    with running_stack(root=root, PIXELSITE_DEBUG="1") as site, sync_playwright() as playwright:
        browser: Any = launch_chromium(playwright)
        editor = EditorPage(Visitor(browser, site.url))
        editor.load_file(photo_of(megapixels), "large.jpg", "image/jpeg")
        editor.paint_box((editor.width * 0.3, editor.height * 0.3, editor.width * 0.6, editor.height * 0.6))
        for name, kind, zoomed in (
            ("carried, whole", "carry", 0),
            ("zoomed in and out", "zoom", 0),
            ("carried, 1:1", "carry", 6),
        ):
            for _ in range(zoomed):
                editor.part("zoom-in").click()
            found = frames(editor.page, kind)
            print(
                f"| {name} | {found['fps']:.0f} | {found['median_ms']:.1f} ms | {found['slow_ms']:.1f} ms |", flush=True
            )
        browser.close()


if __name__ == "__main__":
    run(*(int(argument) for argument in sys.argv[1:2]))
