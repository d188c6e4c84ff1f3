"""Every page by its name. What is not in `docs/` cannot be asked for: names are looked up, never made into paths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve, reverse
from PIL import Image

from pixelsite.docs_pages import markdown
from pixelsite.docs_pages.contents import READING_ORDER, SECTIONS, Entry, Section

FOLDER = Path(settings.BASE_DIR) / "docs"
_EXAMPLE_SITE = "https://pixelsite.example"
_PICTURE_TYPES = {".png": "image/png", ".webp": "image/webp", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The pages before and after one, in reading order."""

    before: Entry | None = None
    after: Entry | None = None


@lru_cache(maxsize=1)
def known_pages() -> dict[str, Path]:
    """Name of the page, as in its address, and its file."""
    files = sorted([*FOLDER.glob("*.md"), *FOLDER.glob("decisions/*.md")])
    return {file.relative_to(FOLDER).with_suffix("").as_posix(): file for file in files}


@lru_cache(maxsize=1)
def known_pictures() -> dict[str, Path]:
    """Name of the picture and its file."""
    return {file.name: file for file in sorted((FOLDER / "images").iterdir()) if file.suffix in _PICTURE_TYPES}


def picture_type(file: Path) -> str:
    return _PICTURE_TYPES[file.suffix]


def find_page(name: str) -> markdown.Rendered | None:
    """The page, rendered once for each state of its file; None where there is none of this name."""
    file = known_pages().get(name)
    return None if file is None else _rendered(name, file.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _rendered(name: str, changed_at: int) -> markdown.Rendered:
    file = known_pages()[name]
    text = file.read_text(encoding="utf-8").replace(_EXAMPLE_SITE, settings.SITE_URL)
    source = f"{name}.md"
    return markdown.render(text, resolve=lambda href: _place(source, href), picture=lambda href: _picture(source, href))


def _place(source: str, href: str) -> markdown.Place:
    """Where a link of this file leads."""
    own = source.removesuffix(".md")
    if href.startswith("#"):
        return markdown.Place(href=href, is_known=True, page=own)
    if href.startswith("/"):
        return markdown.Place(href=href, is_known=_is_address(urlsplit(href).path))
    name = markdown.joined(source, href).removesuffix(".md")
    if name not in known_pages() or not urlsplit(href).path.endswith(".md"):
        return markdown.Place(href=href, is_known=False)
    fragment = urlsplit(href).fragment
    address = reverse("docs_page", kwargs={"name": name})
    return markdown.Place(href=f"{address}#{fragment}" if fragment else address, is_known=True, page=name)


def _is_address(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _picture(source: str, href: str) -> dict[str, Any] | None:
    folder, _, name = markdown.joined(source, href).rpartition("/")
    if folder != "images" or name not in known_pictures():
        return None
    address = reverse("docs_picture", kwargs={"name": name})
    attributes: dict[str, Any] = {"src": address, "loading": "lazy", "decoding": "async"}
    if not name.endswith(".svg"):
        with Image.open(known_pictures()[name]) as picture:
            attributes |= {"width": picture.width, "height": picture.height}
    return attributes


def neighbours_of(name: str) -> Neighbours:
    entries = [entry for section in SECTIONS for entry in section.entries if entry.page]
    place = next((place for place, entry in enumerate(entries) if entry.page == name), None)
    if place is None:
        return Neighbours()
    return Neighbours(
        before=entries[place - 1] if place else None, after=entries[place + 1] if place + 1 < len(entries) else None
    )


def section_of(name: str) -> Section | None:
    return next((section for section in SECTIONS if any(entry.page == name for entry in section.entries)), None)


def search_index() -> list[dict[str, Any]]:
    """Titles and headings of every page, for the filter in the sidebar."""
    index = []
    for name in [*READING_ORDER, *sorted(set(known_pages()) - set(READING_ORDER))]:
        page = find_page(name)
        if page is not None:
            section = section_of(name)
            index.append(
                {
                    "title": page.title,
                    "section": section.title if section else "Decisions",
                    "url": reverse("docs_page", kwargs={"name": name}),
                    "headings": [[heading.text, heading.anchor] for heading in page.headings if heading.level <= 3],
                }
            )
    return index
