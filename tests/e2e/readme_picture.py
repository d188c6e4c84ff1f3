"""`make screenshot`: docs/images/editor.png, the editor with the sample's ball painted over, as a person sees it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from pixelsite.sample import draw_sample
from tests.e2e.conftest import launch_chromium
from tests.e2e.editor_page import EditorPage
from tests.e2e.visitor import Visitor
from tests.servers.stack import running_stack

ROOT = Path(__file__).resolve().parents[2]
_BALL = (492, 404, 640, 548)
_SHADOW = (500, 530, 670, 566)


def main() -> None:
    target = ROOT / "docs" / "images" / "editor.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    with running_stack(root=ROOT) as site, sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        visitor = Visitor(chromium, site.url)
        editor = EditorPage(visitor)
        editor.load_file(draw_sample().photo_jpeg, "photo.jpg", "image/jpeg")
        for box in (_BALL, _SHADOW):
            editor.paint_box(box)
        visitor.page.screenshot(path=target)
        chromium.close()
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
