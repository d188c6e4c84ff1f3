"""A folder to stand in as the pages say: a photo, its mask, and a job that has been done."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.docs.blocks import ROOT, Block
from tests.servers.stack import LiveSite


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who follows a page: where, with which key."""

    folder: Path
    site: LiveSite
    key: str
    job_id: str

    def program(self, block: Block) -> list[str]:
        """The block as a program, with the reader's own site, key and job in it."""
        code = (
            block.code.replace("https://pixelsite.example", self.site.url)
            .replace("pk_live_…", self.key)
            .replace("--job ID", f"--job {self.job_id}")
        )
        if block.language == "python":
            return [sys.executable, "-W", "error", "-c", code]
        if block.language == "js":
            script = self.folder / f"block-{block.line}.mjs"
            script.write_text(code)
            return ["node", script.name]
        return ["bash", "-euo", "pipefail", "-c", code]

    @property
    def environment(self) -> dict[str, str]:
        names = {
            "PIXELSITE_API_KEY": self.key,
            "PIXELSITE_KEY": self.key,
            "KEY": self.key,
            "PIXELSITE_BASE_URL": self.site.url,
            "SITE": self.site.url,
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(ROOT / "sdks" / "python" / "src"),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        return os.environ | names


def _shim(path: Path, *command: str, **environment: str) -> None:
    """A program of this name that runs the command there is."""
    path.parent.mkdir(exist_ok=True)
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    path.write_text(f'#!/bin/sh\n{given} exec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


def _finished_job(site: LiveSite, key: str, photo: Path, mask: Path) -> tuple[str, bytes]:
    """The job as the API answers it, and the result."""
    with site.api(key) as api:
        answer = api.post(
            "/v1/image/remove-object",
            files={"image": photo.read_bytes(), "mask": mask.read_bytes()},
            headers={"Prefer": "wait=60"},
        )
        assert answer.json()["status"] == "completed", answer.text
        return answer.text, httpx.get(answer.json()["output_url"]).content


@pytest.fixture
def reader(live_site: LiveSite, tmp_path: Path) -> Reader:
    key = live_site.manage("createapikey", f"reader-{time.monotonic_ns()}@example.com").strip()
    for name in ("photo.jpg", "mask.png"):
        (tmp_path / name).write_bytes((live_site.data / "sample" / name).read_bytes())
    job, result = _finished_job(live_site, key, tmp_path / "photo.jpg", tmp_path / "mask.png")
    (tmp_path / "receipt.json").write_text(job)
    (tmp_path / "input.jpg").write_bytes((tmp_path / "photo.jpg").read_bytes())
    (tmp_path / "output.jpg").write_bytes(result)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "pixelsite-client").symlink_to(ROOT / "sdks" / "node")
    site = {
        name: value
        for name, value in live_site.environment.items()
        if name.startswith("PIXELSITE_") or name in ("PORT", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }
    _shim(tmp_path / "bin" / "manage.py", sys.executable, str(ROOT / "manage.py"), **site)
    return Reader(folder=tmp_path, site=live_site, key=key, job_id=json.loads(job)["id"])
