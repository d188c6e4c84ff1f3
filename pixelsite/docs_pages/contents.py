"""What is written in `docs/`, in the order in which it is offered to readers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the sidebar: a page of `docs/`, or an address of the site."""

    label: str
    page: str = ""
    route: str = ""
    """Name of the address, of what is no page."""
    says: str = ""
    """One line, for the card on the first page."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading of the sidebar with its lines."""

    title: str
    entries: tuple[Entry, ...]


def _page(page: str, label: str, says: str = "") -> Entry:
    return Entry(page=page, label=label, says=says)


SECTIONS = (
    Section(
        title="Start",
        entries=(
            _page("quick-start", "Quick start", "From a key to a clean picture in five minutes: curl, Python, Node."),
            _page("keys", "Keys and trying out", "What a key may do, test keys, dry runs, budgets."),
        ),
    ),
    Section(
        title="Guides",
        entries=(
            _page(
                "editor", "The editor", "Painting, selecting and undoing in the browser, by mouse, finger and keyboard."
            ),
            _page("pointing", "Pointing", "Masks, boxes, clicks, sentences: every way to say what goes."),
            _page("batch", "Batches", "Many pictures in one request, one progress, one ZIP."),
            _page("webhooks", "Webhooks", "Be told when a job ends, and be sure who tells you."),
            _page("receipt", "The receipt", "What was changed, what was not, and how to check it yourself."),
            _page("rate-limits", "Rate limits", "How much at a time, which headers say so, how to back off."),
            _page("errors", "Errors", "Every code, what it means and what to do."),
        ),
    ),
    Section(
        title="SDKs",
        entries=(
            _page("sdk-python", "Python", "A typed client, sync and async, and a command for the shell."),
            _page("sdk-node", "Node", "The same surface for Node, without dependencies."),
        ),
    ),
    Section(
        title="Moving here",
        entries=(
            _page("migrate-from-clipdrop", "From Clipdrop", "The same cleanup calls with another base URL."),
            _page("migrate-from-picwish", "From PicWish", "Tasks, states and results as your program knows them."),
            _page("migrate-from-maskr", "From Maskr", "Single removals and batches, unchanged."),
            _page("migrate-from-pixelapi", "From PixelAPI", "Its contract is a part of ours."),
        ),
    ),
    Section(
        title="Reference",
        entries=(
            Entry(route="api_docs", label="API reference", says="Every operation, field and answer, to try out."),
            Entry(route="openapi", label="OpenAPI 3.1 document", says="For code generators and validators."),
            Entry(
                route="docs_collection",
                label="Collection",
                says="For Postman, Bruno and Insomnia, with saved examples.",
            ),
        ),
    ),
    Section(
        title="Running it",
        entries=(
            _page("deployment", "Deployment", "Processes, proxies, production."),
            _page("operating", "Operating", "What operators can do in the admin."),
            _page("settings", "Settings", "Every environment variable."),
            _page("payments", "Payments", "Plans, packs and Stripe."),
            _page("models", "Models", "What can be fetched, and how it is checked."),
            _page("safety", "Content filter", "What is blocked, and who decides."),
            _page("engines", "Engines", "How holes are filled, with every figure."),
            _page("reliability", "Reliability", "What was done to break it."),
            _page("architecture", "Architecture", "The houses, and what passes between them."),
        ),
    ),
)

# In this order readers turn the pages.
READING_ORDER = tuple(entry.page for section in SECTIONS for entry in section.entries if entry.page)
