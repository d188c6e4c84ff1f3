"""CommonMark with tables to HTML that fits the site: anchors, code with a copy button, links that lead to pages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_LABELS = {
    "bash": "Shell",
    "sh": "Shell",
    "python": "Python",
    "js": "Node",
    "javascript": "Node",
    "ts": "TypeScript",
    "json": "JSON",
    "http": "HTTP",
    "": "Text",
    "text": "Text",
}
_IN_TABS = {"cURL", "Shell", "Python", "Node"}
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="hl-")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading that can be linked to."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a link of a page leads: an address, whether something is there, and which page and heading it names."""

    href: str
    is_known: bool
    page: str = ""


@dataclass(kw_only=True)
class Rendered:
    """A page as HTML, and what is in it."""

    html: SafeString = field(default_factory=SafeString)
    title: str = ""
    description: str = ""
    headings: list[Heading] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """Pages and anchors that are linked to."""
    broken: list[str] = field(default_factory=list)
    """Links that lead nowhere."""


def parser() -> MarkdownIt:
    """The one dialect of the pages. Raw HTML is text."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def slug_of(text: str, taken: Sequence[str] = ()) -> str:
    """The anchor of a heading, as code forges make it, so that links work in both places."""
    plain = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    number = 0
    while (slug := f"{plain}-{number}" if number else plain) in taken:
        number += 1
    return slug


def label_of(language: str, code: str) -> str:
    """What the head of a block says."""
    if code.lstrip().startswith("curl"):
        # What is not to be run is the call as it was, on the pages for those who move here.
        return "cURL" if language in ("sh", "bash") else "cURL, before"
    return _LABELS.get(language, language.upper())


def render(text: str, *, resolve: Callable[[str], Place], picture: Callable[[str], dict[str, Any] | None]) -> Rendered:
    """A page. `resolve` finds where a relative link leads, `picture` the address and size of an image."""
    page = Rendered()
    markdown = parser()
    tokens = _without_title(markdown.parse(text), page)
    _mark_headings(tokens, page)
    _point_links(tokens, page, resolve)
    _place_pictures(tokens, page, picture)
    _frame_tables(tokens, page)
    _let_names_break(tokens)
    page.description = _description(tokens)
    html = markdown.renderer.render(_framed(tokens), markdown.options, {})
    page.html = mark_safe(html)  # noqa: S308 - raw HTML is off, and code is escaped by its highlighter
    return page


def _without_title(tokens: list[Token], page: Rendered) -> list[Token]:
    """The first heading is the page's title, which the template shows."""
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        page.title = _text_of(tokens[1])
        return tokens[3:]
    return tokens


def _text_of(inline: Token) -> str:
    parts = [" " if part.type == "softbreak" else part.content for part in inline.children or ()]
    return " ".join("".join(parts).split())


def _mark_headings(tokens: list[Token], page: Rendered) -> None:
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = _text_of(inline)
        anchor = slug_of(text, [heading.anchor for heading in page.headings])
        opening.attrSet("id", anchor)
        page.headings.append(Heading(level=int(opening.tag[1]), text=text, anchor=anchor))
        link = Token("html_inline", "", 0, content=_anchor_html(anchor, text))
        inline.children = [*(inline.children or ()), link]


def _anchor_html(anchor: str, text: str) -> str:
    return f'<a class="docs-anchor" href="#{escape(anchor)}" aria-label="Link to “{escape(text)}”">#</a>'


def _inlines(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _point_links(tokens: list[Token], page: Rendered, resolve: Callable[[str], Place]) -> None:
    for token in _inlines(tokens):
        if token.type != "link_open":
            continue
        href = str(token.attrGet("href") or "")
        if urlsplit(href).scheme:
            token.attrSet("rel", "noopener")
            continue
        place = resolve(href)
        token.attrSet("href", place.href)
        if not place.is_known:
            page.broken.append(href)
        page.links.append((place.page, urlsplit(href).fragment))


def _place_pictures(tokens: list[Token], page: Rendered, picture: Callable[[str], dict[str, Any] | None]) -> None:
    for token in _inlines(tokens):
        if token.type == "image":
            source = str(token.attrGet("src") or "")
            attributes = picture(source)
            if attributes is None:
                page.broken.append(source)
                continue
            for name, value in attributes.items():
                token.attrSet(name, str(value))


def _frame_tables(tokens: list[Token], page: Rendered) -> None:
    """Wide tables scroll inside; a header cell without words is no header."""
    headings = iter(page.headings)
    about = page.title
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            about = next(headings).text
        elif token.type == "table_open":
            token.meta["about"] = about
        elif token.type == "th_open" and not tokens[place + 1].content.strip():
            token.tag = tokens[place + 2].tag = "td"


def _let_names_break(tokens: list[Token]) -> None:
    """In a table a long name may go on in the next line, behind an underscore."""
    for opening, inline in pairwise(tokens):
        if opening.type != "td_open":
            continue
        for part in inline.children or ():
            if part.type == "code_inline":
                name = escape(part.content).replace("_", "_<wbr>")
                part.type, part.content = "html_inline", f"<code>{name}</code>"


def _description(tokens: list[Token]) -> str:
    """The first sentences, for search engines."""
    first = next((later for token, later in pairwise(tokens) if token.type == "paragraph_open"), None)
    words = _text_of(first) if first is not None else ""
    return words if len(words) <= 180 else words[:180].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _framed(tokens: list[Token]) -> list[Token]:
    """The same with code and tables in their frames."""
    framed: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type in ("fence", "code_block"):
            group = _tabbed(tokens[place:])
            framed.append(_html(_code_html(group)))
            place += len(group)
            continue
        if token.type == "table_open":
            about = escape(f"Table: {token.meta['about']}")
            framed.append(_html(f'<div class="docs-table" tabindex="0" role="group" aria-label="{about}">\n'))
        framed.append(token)
        if token.type == "table_close":
            framed.append(_html("</div>\n"))
        place += 1
    return framed


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _tabbed(tokens: list[Token]) -> list[Token]:
    """The blocks from here on that say the same in different languages; one alone otherwise."""
    group: list[Token] = []
    labels: set[str] = set()
    for token in tokens:
        label = label_of(token.info.strip(), token.content) if token.type == "fence" else ""
        if label not in _IN_TABS or label in labels:
            break
        group.append(token)
        labels.add(label)
    return group if len(group) > 1 else [tokens[0]]


def _code_html(group: list[Token]) -> str:
    blocks = [
        {
            "label": label_of(token.info.strip(), token.content),
            "code": mark_safe(_highlighted(token.content, token.info.strip())),  # noqa: S308 - Pygments escapes
        }
        for token in group
    ]
    line = (group[0].map or [0])[0]
    return render_to_string("docs/code.html", {"blocks": blocks, "group": f"code-{line}"})


def _highlighted(code: str, language: str) -> str:
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    return str(highlight(code, lexer, _FORMATTER))


def joined(base: str, href: str) -> str:
    """The path inside `docs/` that a relative link of the file `base` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), urlsplit(href).path))
