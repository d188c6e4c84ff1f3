"""The editor as a person sees it: points are pixels of the photo, whatever its size on the screen."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page

from tests import photos
from tests.e2e.visitor import Visitor

Point = tuple[float, float]
Box = tuple[float, float, float, float]

_EXPORT = """async () => {
  const blob = await document.querySelector("mask-canvas").exportMask();
  const reader = new FileReader();
  reader.readAsDataURL(blob);
  await new Promise((done) => { reader.onload = done; });
  return reader.result.split(",")[1];
}"""


class EditorPage:
    """Opens the editor of a signed-in visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page: Page = visitor.page
        self.page.goto("/editor/")
        self.page.locator("#editor[data-is-ready]").wait_for(state="attached")
        self.width = self.height = 0

    @classmethod
    def of(cls, visitor: Visitor) -> EditorPage:
        """The editor as this visitor left it, with a photo in work."""
        editor = cls(visitor)
        editor.wait_for("ready")
        editor.measure()
        return editor

    def mask_menu(self, name: str) -> None:
        """Press something in the menu of the mask."""
        self.part("mask-menu").locator("summary").click()
        self.part(name).click()

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def load(self, pixels: photos.Pixels) -> None:
        """Choose a PNG of these pixels through the file input."""
        self.load_file(photos.saved(Image.fromarray(pixels), "PNG"), "photo.png", "image/png")

    def load_file(self, data: bytes, name: str, kind: str) -> None:
        self.part("file-input").set_input_files({"name": name, "mimeType": kind, "buffer": data})
        self.wait_for("ready")
        self.measure()

    def measure(self) -> None:
        """Look how large the photo in work is."""
        self.width, self.height = self.page.evaluate(
            "(({width, height}) => [width, height])(document.querySelector('mask-canvas'))"
        )

    def wait_for(self, state: str) -> None:
        self.page.locator(f"#editor[data-state={state}]").wait_for(timeout=60_000)

    @property
    def scale(self) -> float:
        """Screen pixels per pixel of the photo."""
        return float(self._photo_box()["width"]) / self.width

    def spot(self, x: float, y: float) -> Point:
        """Where a pixel of the photo is in the window."""
        box = self._photo_box()
        return box["x"] + x * box["width"] / self.width, box["y"] + y * box["height"] / self.height

    def _photo_box(self) -> Any:
        box = self.page.locator("mask-canvas canvas").first.bounding_box()
        assert box is not None
        return box

    def paint(self, points: Iterable[Point], *, button: Any = "left") -> None:
        """One stroke of the mouse through these pixels of the photo."""
        mouse = self.page.mouse
        first, *rest = [self.spot(*point) for point in points]
        mouse.move(*first)
        mouse.down(button=button)
        for point in rest:
            mouse.move(*point, steps=4)
        mouse.up(button=button)

    def paint_box(self, box: Box, *, button: Any = "left") -> None:
        """Cover a box (left, top, right, bottom) with one stroke to and fro."""
        self.paint(_to_and_fro(box, gap=20 / self.scale), button=button)

    def touch_box(self, box: Box) -> None:
        """The same with a finger."""
        points = [self.spot(*point) for point in _to_and_fro(box, gap=20 / self.scale)]
        self.touch([[point] for point in points])

    def touch(self, moments: list[list[Point]]) -> None:
        """Fingers in the window, moment by moment: put down, carry along, lift."""
        protocol = self.visitor.context.new_cdp_session(self.page)
        down = 0
        for fingers in [*moments, []]:
            if not fingers:
                # Lifted in full swing it would be a fling, and Chromium swallows a tap that comes right after one.
                self.page.wait_for_timeout(150)
            kind = "touchStart" if len(fingers) > down else "touchMove" if fingers else "touchEnd"
            down = len(fingers)
            where = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
            protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    def click(self, x: float, y: float, *, alt: bool = False, button: Any = "left") -> None:
        """Click a pixel of the photo, and wait until the site has looked."""
        if alt:
            self.page.keyboard.down("Alt")
        self.page.mouse.click(*self.spot(x, y), button=button)
        if alt:
            self.page.keyboard.up("Alt")
        self.wait_until_looked()

    def draw_box(self, box: Box) -> None:
        """Drag a box (left, top, right, bottom) with the select tool, and wait until the site has looked into it."""
        self.paint([box[:2], box[2:]])
        self.wait_until_looked()

    def say(self, sentence: str) -> None:
        """Name what should go, and wait until the site has looked for it."""
        self.part("wish-input").fill(sentence)
        self.part("find").click()
        self.wait_until_looked()

    def wait_until_looked(self) -> None:
        self.page.locator("#editor:not(.is-looking)").wait_for(timeout=60_000)

    def mask(self) -> NDArray[np.bool_]:
        """What would be sent: H×W, True = remove."""
        return self.mask_file()[1]

    def mask_file(self) -> tuple[Image.Image, NDArray[np.bool_]]:
        image = Image.open(io.BytesIO(base64.b64decode(self.page.evaluate(_EXPORT))))
        return image, np.asarray(image.convert("L")) >= 128

    def erase(self) -> None:
        """Press Erase and wait for the result of the real worker."""
        self.part("erase").click()
        self.wait_for_result()

    def wait_for_result(self) -> None:
        over = "#editor[data-state=done], .editor__alert .callout"
        self.page.locator(over).first.wait_for(timeout=60_000)
        assert self.part("editor-error").inner_text() == ""

    def download(self) -> photos.Pixels:
        """The result, by the Download button, as pixels."""
        with self.page.expect_download() as waiting:
            self.part("download").click()
        with Image.open(waiting.value.path()) as image:
            assert image.format == "PNG"
            return np.asarray(image.convert("RGB"))

    @property
    def balance(self) -> int:
        return int(self.page.locator("[data-balance]").first.inner_text().replace(",", ""))

    def compare_at(self) -> float:
        """Share of the original shown, in percent."""
        return float(self.part("result").evaluate("(element) => parseFloat(element.style.getPropertyValue('--at'))"))


def _to_and_fro(box: Box, *, gap: float) -> Iterator[Point]:
    left, top, right, bottom = box
    rows = max(2, int((bottom - top) / gap) + 1)
    for number, y in enumerate(np.linspace(top, bottom, rows)):
        yield from [(left, y), (right, y)] if number % 2 == 0 else [(right, y), (left, y)]
