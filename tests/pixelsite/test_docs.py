"""The pages of `/docs`: every file is one, every link leads somewhere, and nothing else of the disk can be had."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site_settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Plan
from pixelsite.docs_pages import markdown, pages
from pixelsite.docs_pages.contents import READING_ORDER, SECTIONS

DOCS = Path(site_settings.BASE_DIR) / "docs"
ADDRESSES = [f"/docs/{name}" for name in pages.known_pages()]


def _rendered(text: str) -> markdown.Rendered:
    return markdown.render(
        text, resolve=lambda href: markdown.Place(href=f"/docs/{href}", is_known=True), picture=lambda _: None
    )


class _Opened(HTMLParser):
    """Tags and attributes of a page, as a browser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def attributes(self, tag: str, name: str) -> list[str]:
        return [value for found, attrs in self.tags if found == tag and (value := attrs.get(name))]


# --- every file is a page


def test_every_file_of_the_folder_is_a_page() -> None:
    files = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}

    assert set(pages.known_pages()) == files


def test_every_page_but_the_decisions_is_in_the_sidebar_and_every_line_of_it_exists() -> None:
    files = {name for name in pages.known_pages() if not name.startswith("decisions/")}

    assert set(READING_ORDER) == files
    assert len(READING_ORDER) == len(set(READING_ORDER))


@pytest.mark.parametrize("address", ["/docs/", *ADDRESSES])
def test_a_page_is_whole(db: None, client: Client, address: str) -> None:
    answer = client.get(address)
    html = answer.content.decode()
    page = _Opened(html)
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]

    assert answer.status_code == 200
    assert '<html lang="en">' in html
    assert f'<link rel="canonical" href="{site_settings.SITE_URL}{address}">' in html
    assert len([tag for tag, _ in page.tags if tag == "h1"]) == 1
    assert re.search(r'<meta name="description" content="[^"]{30,200}">', html)
    assert len(ids) == len(set(ids))
    assert [attrs for _, attrs in page.tags if "style" in attrs or any(name.startswith("on") for name in attrs)] == []
    assert "noindex" not in html


@pytest.mark.parametrize("name", list(pages.known_pages()))
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = pages.find_page(name)
    assert page is not None

    assert page.broken == []
    for linked, anchor in page.links:
        if linked and anchor:
            target = pages.find_page(linked)
            assert target is not None
            assert anchor in [heading.anchor for heading in target.headings], f"{linked}#{anchor}"


@pytest.mark.parametrize("address", ["/docs/", "/docs/quick-start", "/docs/rate-limits"])
def test_every_address_on_a_page_is_one_of_the_site(db: None, client: Client, address: str) -> None:
    hrefs = set(_Opened(client.get(address).content.decode()).attributes("a", "href"))

    for href in sorted(hrefs):
        if href.startswith("/"):
            assert client.get(urlsplit(href).path).status_code in (200, 302), href


def test_pages_can_be_turned_from_the_first_to_the_last(db: None, client: Client) -> None:
    address, turned = f"/docs/{READING_ORDER[0]}", 1
    while match := re.search(r'href="([^"]+)" rel="next"', client.get(address).content.decode()):
        address, turned = match[1], turned + 1

    assert (address, turned) == (f"/docs/{READING_ORDER[-1]}", len(READING_ORDER))


def test_the_first_page_has_a_card_for_every_page(db: None, client: Client) -> None:
    html = client.get("/docs/").content.decode()
    cards = html[html.index("docs-cards") :]

    for section in SECTIONS:
        for entry in section.entries:
            assert f">{entry.label}</a>" in cards
            assert entry.says


# --- nothing else can be had


@pytest.mark.parametrize(
    "address",
    [
        "/docs/nothing",
        "/docs/quick-start.md",
        "/docs/../README",
        "/docs/%2e%2e/README",
        "/docs/..%2fREADME",
        "/docs/decisions/../quick-start",
        "/docs/decisions",
        "/docs//quick-start",
        "/docs/quick-start%00",
        "/docs/images/..%2f..%2fREADME.md",
        "/docs/images/../errors.md",
        "/docs/images/",
        "/docs/images/nothing.png",
    ],
)
def test_what_is_no_page_is_the_sites_own_404(db: None, client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


@given(st.text(max_size=60))
def test_no_name_but_that_of_a_page_finds_anything(name: str) -> None:
    assert (pages.find_page(name) is not None) == (name in pages.known_pages())


def test_a_page_with_a_final_slash_leads_to_the_page(db: None, client: Client) -> None:
    answer = client.get("/docs/quick-start/")

    assert (answer.status_code, answer["Location"]) == (301, "/docs/quick-start")


def test_the_pictures_of_the_folder_are_served(db: None, client: Client) -> None:
    answer = client.get("/docs/images/editor.png")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer.content == (DOCS / "images" / "editor.png").read_bytes()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("address", ["/docs/", "/docs/quick-start", "/docs/search.json", "/docs/images/editor.png"])
def test_pages_are_only_read(db: None, client: Client, method: str, address: str) -> None:
    assert getattr(client, method)(address).status_code == 405


# --- caches


@pytest.mark.parametrize(
    "address", ["/docs/search.json", "/docs/pixelsite.postman_collection.json", "/docs/images/editor.png"]
)
def test_what_is_the_same_for_everybody_may_be_kept_and_asked_for_again(db: None, client: Client, address: str) -> None:
    first = client.get(address)
    again = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])

    assert first["Cache-Control"] == "public, max-age=3600"
    assert (again.status_code, again.content) == (304, b"")
    assert "Cookie" not in first.get("Vary", "")


@pytest.mark.parametrize("address", ["/docs/", "/docs/quick-start"])
def test_a_page_is_nobody_elses_copy_and_is_asked_for_again(db: None, client: Client, address: str) -> None:
    first = client.get(address)
    again = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])

    assert set(first["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert again.status_code == 304


def test_a_page_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pages.find_page("errors")
    monkeypatch.setattr(markdown, "render", lambda *_, **__: pytest.fail("rendered again"))

    assert pages.find_page("errors") is pages.find_page("errors")


# --- what becomes of Markdown


def test_html_in_a_page_is_text() -> None:
    page = _rendered("# T\n\n<script>alert(1)</script> and <b onclick=x>this</b>\n\n```html\n<script>\n```\n")

    assert "<script" not in page.html
    assert "<b " not in page.html


@given(st.text(max_size=300))
def test_no_text_makes_a_script_or_a_style(text: str) -> None:
    page = _Opened(_rendered(f"# T\n\n{text}\n\n```python\n{text}\n```\n").html)

    assert {tag for tag, _ in page.tags} & {"script", "style", "iframe", "object"} == set()
    assert [attrs for _, attrs in page.tags if "style" in attrs or any(name.startswith("on") for name in attrs)] == []
    assert [href for href in page.attributes("a", "href") if href.lower().startswith("javascript:")] == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Look before you pay", "look-before-you-pay"),
        ("`grow` and `feather`", "grow-and-feather"),
        ("What's new: 2 things", "whats-new-2-things"),
    ],
)
def test_headings_have_the_anchors_that_forges_give_them(heading: str, anchor: str) -> None:
    page = _rendered(f"# T\n\n## {heading}\n")

    assert [found.anchor for found in page.headings] == [anchor]
    assert f'<h2 id="{anchor}">' in page.html


def test_the_same_heading_twice_has_two_anchors() -> None:
    page = _rendered("# T\n\n## A\n\n## A\n\n## A\n")

    assert [found.anchor for found in page.headings] == ["a", "a-1", "a-2"]


def test_a_link_to_a_file_leads_to_its_page_and_one_to_nothing_is_told() -> None:
    page = markdown.render(
        "# T\n\n[a](webhooks.md#verify-before-you-believe) [b](nothing.md) [c](../README.md) [d](/pricing) [e](/nowhere)\n",
        resolve=lambda href: pages._place("keys.md", href),
        picture=lambda _: None,
    )

    assert 'href="/docs/webhooks#verify-before-you-believe"' in page.html
    assert page.broken == ["nothing.md", "../README.md", "/nowhere"]


def test_code_is_coloured_by_classes_scrolls_by_keyboard_and_can_be_copied() -> None:
    html = _rendered('# T\n\n```python\nprint("<&>")\n```\n').html

    assert 'class="hl-' in html
    assert "&lt;&amp;&gt;" in html
    assert '<pre tabindex="0" role="group" aria-label="Code: Python">' in html
    assert "data-copy" in html


def test_the_same_in_several_languages_lies_behind_tabs_and_the_same_language_twice_does_not() -> None:
    several = _rendered("# T\n\n```sh\ncurl x\n```\n\n```python\nx\n```\n\n```js\nx\n```\n").html
    twice = _rendered("# T\n\n```python\nx\n```\n\n```python\ny\n```\n").html

    assert re.findall(r'code-tabs__tab" for="[^"]+">(\w+)<', several) == ["cURL", "Python", "Node"]
    assert several.count("checked") == 1
    assert "code-tabs" not in twice


def test_a_table_scrolls_by_keyboard_and_an_empty_cell_is_no_heading() -> None:
    html = _rendered("# T\n\n## Limits\n\n| | a |\n| --- | --- |\n| 1 | 2 |\n").html

    assert '<div class="docs-table" tabindex="0" role="group" aria-label="Table: Limits">' in html
    assert html.count("<th>") == 1


def test_a_long_name_in_a_table_may_break_behind_an_underscore_and_stays_the_same_text() -> None:
    html = _rendered("# T\n\n| a |\n| --- |\n| `too_<b>_many` |\n").html

    assert "<code>too_<wbr>&lt;b&gt;_<wbr>many</code>" in html


def test_the_examples_address_is_this_sites_own() -> None:
    page = pages.find_page("quick-start")

    assert page is not None
    assert site_settings.SITE_URL in page.html
    assert "pixelsite.example" not in page.html


# --- what the pages say


def test_the_search_knows_every_page_and_its_headings(db: None, client: Client) -> None:
    index = client.get("/docs/search.json").json()

    assert {entry["url"] for entry in index} == set(ADDRESSES)
    assert ["Back off", "back-off"] in next(entry for entry in index if entry["url"] == "/docs/rate-limits")["headings"]


def _table(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, or of the page's first one."""
    start = text.index(heading)
    rows = re.findall(r"^\|(.+)\|$", text[start:].split("\n\n##")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def test_the_limits_of_the_plans_are_those_that_plans_begin_with(db: None) -> None:
    text = (DOCS / "rate-limits.md").read_text()

    rows = _table(text, "# Rate limits")
    assert [[cell.replace(",", "") for cell in row] for row in rows[: len(Plan.objects.all())]] == [
        [plan.name, str(plan.requests_per_minute), str(10 * plan.requests_per_minute), str(plan.active_jobs_max)]
        for plan in Plan.objects.order_by("position")
    ]


def test_the_limits_of_the_vendors_are_the_settings() -> None:
    rows = {row[0]: row[1:] for row in _table((DOCS / "rate-limits.md").read_text(), "## Programs of other vendors")}

    assert rows == {
        "Clipdrop": [str(site_settings.CLIPDROP_PER_MINUTE), f"{site_settings.CLIPDROP_WAIT_S} s"],
        "PicWish": ["as the plan allows", f"{site_settings.PICWISH_WAIT_S} s, with `sync=1`"],
        "Maskr": [str(site_settings.MASKR_PER_MINUTE), f"{site_settings.MASKR_WAIT_S} s"],
        "Maskr's batches": [str(site_settings.MASKR_BATCHES_PER_MINUTE), f"{site_settings.MASKR_BATCH_WAIT_S} s"],
    }


def test_every_code_of_the_error_page_says_what_it_means_and_what_to_do() -> None:
    text = (DOCS / "errors.md").read_text()

    rows = re.findall(r"^\| `(\w+)` \|(.+)\|$", text, re.MULTILINE)
    assert len(rows) > 100
    assert [code for code, cells in rows if not all(cell.strip() for cell in re.split(r"(?<!\\)\|", cells))] == []
