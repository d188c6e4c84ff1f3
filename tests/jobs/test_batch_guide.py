"""Every block of code in docs/batch.md does what it says, one after the other, on a real site."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from jobs.api.batch_serializers import BatchLineSerializer, BatchStandingSerializer
from tests.servers.stack import LiveSite

_PAGE = Path(__file__).parents[2] / "docs" / "batch.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}


@pytest.mark.live
def test_the_blocks_run_as_printed(live_site: LiveSite, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    key = live_site.manage("createapikey", f"batches-{time.monotonic_ns()}@example.com").strip()
    sample = live_site.data / "sample"
    for name, source in (("photo.jpg", "photo.jpg"), ("second.jpg", "photo.jpg"), ("mask.png", "mask.png")):
        (tmp_path / name).write_bytes((sample / source).read_bytes())
    environment = os.environ | {
        "PIXELSITE_API_KEY": key,
        "PIXELSITE_BASE_URL": live_site.url,
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(pytestconfig.rootpath / "sdks/python/src"),
    }

    for language, code in _BLOCK.findall(_PAGE.read_text()):
        if language == "json":
            continue
        done = subprocess.run(
            [*_PROGRAMS[language], code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"

    names = zipfile.ZipFile(tmp_path / "results.zip").namelist()
    assert names == ["00-photo.jpg", "01-second.jpg", "manifest.json"]
    assert (tmp_path / "clean-1.jpg").stat().st_size > 10_000


def test_the_answer_that_is_shown_has_the_fields_there_are() -> None:
    (shown,) = [json.loads(code) for language, code in _BLOCK.findall(_PAGE.read_text()) if language == "json"]

    assert [*shown] == [name for name in map(str, BatchStandingSerializer().fields.keys()) if name != "sandbox"]
    assert all([*line] == [*BatchLineSerializer().fields] for line in shown["jobs"])
