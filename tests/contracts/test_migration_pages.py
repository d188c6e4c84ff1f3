"""What the pages for people who move here say, done: every block of code in them that is not the other vendor's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.conftest import Account
from tests.photos import sample_jpeg, sample_mask

pytestmark = pytest.mark.live

_PAGES = sorted((Path(__file__).parents[2] / "docs").glob("migrate-from-*.md"))
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}


def _blocks() -> Iterator[object]:
    for page in _PAGES:
        for number, (language, code) in enumerate(_BLOCK.findall(page.read_text())):
            yield pytest.param(language, code, id=f"{page.stem}-{number}-{language}")


def test_there_is_a_page_for_every_vendor() -> None:
    assert [page.stem for page in _PAGES] == [
        f"migrate-from-{vendor}" for vendor in ("clipdrop", "maskr", "picwish", "pixelapi")
    ]


@pytest.mark.parametrize(("language", "code"), list(_blocks()))
def test_it_runs_as_it_is_written(language: str, code: str, account: Account, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(sample_jpeg())
    (tmp_path / "mask.png").write_bytes(sample_mask())

    done = subprocess.run(
        [*_PROGRAMS[language], code],
        cwd=tmp_path,
        env=os.environ | {"SITE": account.site.url, "KEY": account.key, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
