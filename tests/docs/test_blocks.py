"""What the pages tell their readers to run, run as it is written, in the order of the page, against a running site."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.docs.blocks import (
    DOCS,
    EXECUTED_ELSEWHERE,
    NOT_EXECUTED,
    ROOT,
    RUN,
    SHOWN,
    blocks_of,
    pages,
    runnable,
)
from tests.docs.conftest import Reader

_ALL = [block for page in pages() for block in blocks_of(page)]


@pytest.mark.live
@pytest.mark.parametrize("page", [page for page in pages() if runnable(page)])
def test_every_block_of_the_page_runs_as_it_is_written(page: str, reader: Reader) -> None:
    for block in runnable(page):
        done = subprocess.run(
            reader.program(block),
            cwd=reader.folder,
            env=reader.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{page}:{block.line}\n{done.stdout}{done.stderr}"


def test_every_block_says_in_which_language_it_is() -> None:
    assert [(block.page, block.line) for block in _ALL if block.language not in RUN | SHOWN] == []


def test_no_program_hides_behind_another_name() -> None:
    """What looks like a command is run, or is on the list of those that are not."""
    hidden = [
        (block.page, block.line)
        for block in _ALL
        if block.page not in EXECUTED_ELSEWHERE
        and block.is_program
        and not block.is_listed
        and block not in runnable(block.page)
    ]

    assert hidden == []


def test_the_list_of_what_is_not_run_names_blocks_that_exist() -> None:
    stale = [
        (page, start)
        for page, start in NOT_EXECUTED
        if not any(block.page == page and block.code.startswith(start) for block in _ALL)
    ]

    assert stale == []
    assert all(NOT_EXECUTED.values())


@pytest.mark.parametrize("page", sorted(EXECUTED_ELSEWHERE))
def test_a_page_that_is_run_elsewhere_is_named_there(page: str) -> None:
    assert (DOCS / page).is_file()
    assert page in (ROOT / EXECUTED_ELSEWHERE[page]).read_text()


def test_every_page_is_run_here_or_elsewhere_unless_it_has_nothing_to_run() -> None:
    run = {page for page in pages() if runnable(page)} | set(EXECUTED_ELSEWHERE)
    to_run = {block.page for block in _ALL if block.is_program and not block.is_listed}

    assert to_run <= run


def test_what_is_shown_as_json_is_json() -> None:
    for block in _ALL:
        if block.language == "json":
            json.loads(block.code)


def test_there_is_a_page_for_everybody_who_moves_here() -> None:
    assert [page for page in pages() if page.startswith("migrate-from-")] == [
        f"migrate-from-{vendor}.md" for vendor in ("clipdrop", "maskr", "picwish", "pixelapi")
    ]
