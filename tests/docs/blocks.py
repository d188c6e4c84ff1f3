"""The blocks of code in `docs/`, as a CommonMark parser finds them, and which of them are run where.

A new block is run by `tests/docs/test_blocks.py` without further ado. One that cannot be run is named here, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pixelsite.docs_pages import markdown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

RUN = {"sh", "bash", "python", "js"}
SHOWN = {"json", "http", "text"}

# Pages whose blocks a test of their own runs, because they need more than a site and a key.
EXECUTED_ELSEWHERE = {
    "batch.md": "tests/jobs/test_batch_guide.py",
    "sdk-node.md": "tests/sdks/node/test_node_sdk.py",
    "sdk-python.md": "tests/sdks/python/test_docs.py",
    "webhooks.md": "tests/jobs/test_webhook_guide.py",
}

# Page and how the block begins, and why nobody runs it.
NOT_EXECUTED = {
    ("migrate-from-clipdrop.md", 'curl -X POST "$CLIPDROP_URL'): "the call as it was, at the other vendor's",
    ("migrate-from-maskr.md", 'curl -X POST "$MASKR_URL'): "the call as it was, at the other vendor's",
    ("migrate-from-picwish.md", 'curl -X POST "$PICWISH_URL'): "the call as it was, at the other vendor's",
    ("migrate-from-pixelapi.md", 'curl -X POST "$PIXELAPI_URL'): "the call as it was, at the other vendor's",
    ("models.md", "manage.py models list"): "fetches 230 MB from other hosts; tests/inference/test_models_command.py",
    ("payments.md", "STRIPE_SECRET_KEY="): "lines of a settings file, with secrets of Stripe's",
}

# What begins so is a command or a program, whatever its block is called.
_PROGRAMS = ("curl ", "pip ", "npm ", "npx ", "node ", "python", "manage.py ", "make ", "import ", "from ", "const ")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    code: str

    @property
    def is_listed(self) -> bool:
        return any(self.page == page and self.code.startswith(start) for page, start in NOT_EXECUTED)

    @property
    def is_program(self) -> bool:
        return self.language in RUN or self.code.startswith(_PROGRAMS)


def pages() -> list[str]:
    return [file.relative_to(DOCS).as_posix() for file in sorted(DOCS.rglob("*.md"))]


def blocks_of(page: str) -> list[Block]:
    tokens = markdown.parser().parse((DOCS / page).read_text())
    return [
        Block(page=page, line=(token.map or [0])[0] + 1, language=token.info.strip(), code=token.content)
        for token in tokens
        if token.type in ("fence", "code_block")
    ]


def runnable(page: str) -> list[Block]:
    """What this page asks its readers to run, and is run here."""
    if page in EXECUTED_ELSEWHERE:
        return []
    return [block for block in blocks_of(page) if block.language in RUN and not block.is_listed]
