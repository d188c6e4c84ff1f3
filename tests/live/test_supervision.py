"""Starting, stopping, and what `/healthz` says when a part is gone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.servers.site import running_site
from tests.servers.stack import running_stack

pytestmark = pytest.mark.live


def _processes_on(data: Path) -> list[str]:
    """Command lines of processes that were started for this data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PIXELSITE_DATA={data}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # ended meanwhile, or not ours
            continue
    return found


def test_ctrl_c_stops_everything_and_a_second_start_keeps_what_was_there(pytestconfig: pytest.Config) -> None:
    with running_stack(root=pytestconfig.rootpath) as site:
        key = site.demo_key
        assert len(_processes_on(site.data)) >= 3
        site.stop()
        assert _processes_on(site.data) == []
        assert "SIGKILL" not in site.log.read_text()  # every part listened

        site.greeting = ""
        started = time.monotonic()
        site.start()

        assert "pk_live_" not in site.greeting  # shown once
        assert time.monotonic() - started < 60
        with site.api(key) as api:
            assert api.get("/v1/account/usage").json()["results"][0]["status"] == "completed"


def test_health_is_503_and_names_the_worker_when_there_is_none(pytestconfig: pytest.Config) -> None:
    with running_site(root=pytestconfig.rootpath) as site:
        answer = httpx.get(f"{site.url}/healthz")

    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["database"] == answer.json()["broker"] == "ok"
    assert "worker" in answer.json()["worker"]


def test_the_web_process_never_imports_torch(pytestconfig: pytest.Config) -> None:
    check = (
        "import sys, pixelsite.asgi; from django.urls import get_resolver; get_resolver().url_patterns; "
        "import pixelsite.urls; print([m for m in ('torch', 'numpy', 'cv2', 'numba') if m in sys.modules])"
    )
    with running_site(root=pytestconfig.rootpath) as site:
        done = subprocess.run(
            [sys.executable, "-c", check],
            cwd=site.root,
            env=site.environment,
            capture_output=True,
            text=True,
            check=True,
        )

    assert done.stdout.strip() == "[]"
