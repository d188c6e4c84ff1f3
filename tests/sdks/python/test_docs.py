"""Every block of code in the guide and the README does what it says, on a real site."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pixelsite_client
import pytest

from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["docs/sdk-python.md", "sdks/python/README.md"]


@pytest.fixture
def commands(tmp_path: Path, pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment of a shell that finds `pixelsite`."""
    source = pytestconfig.rootpath / "sdks/python/src"
    program = tmp_path / "bin" / "pixelsite"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(source))} exec {shlex.quote(sys.executable)} -m pixelsite_client "$@"\n'
    )
    program.chmod(0o755)
    return os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def _close_clients(clients: list[Any]) -> None:
    """The samples leave theirs open, as a short program would."""
    for client in clients:
        if client is not None:
            getattr(client, "pixelsite", client).close()


@pytest.mark.parametrize("page", PAGES)
def test_the_samples_run_as_printed(
    request: pytest.FixtureRequest,
    page: str,
    live_site: LiveSite,
    key: str,
    sample: Path,
    commands: dict[str, str],
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"PIXELSITE_API_KEY": key, "PIXELSITE_BASE_URL": live_site.url}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    text = (pytestconfig.rootpath / page).read_text()
    blocks = _BLOCK.findall(text)
    namespace: dict[str, Any] = {"__name__": "samples"}
    request.addfinalizer(lambda: _close_clients(clients))
    clients: list[Any] = []

    for language, code in blocks:
        if language == "python":
            exec(compile(code, page, "exec"), namespace)  # one namespace, as one pastes one block after the other
            clients.append(namespace.get("client"))
        else:
            done = subprocess.run(
                ["bash", "-euc", code], env=commands | settings, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr

    assert {language for language, _ in blocks} == {"python", "sh"}
    assert text.count("```") == 2 * len(blocks)
    assert (sample / "clean.jpg").stat().st_size > 10_000
    assert len(list((sample / "cleaned").iterdir())) >= 2


def test_the_guide_names_every_exit_code_and_exception(pytestconfig: pytest.Config) -> None:
    text = (pytestconfig.rootpath / PAGES[0]).read_text()

    errors = [
        name
        for name in pixelsite_client.__all__
        if isinstance(kind := getattr(pixelsite_client, name), type) and issubclass(kind, Exception)
    ]
    assert [name for name in errors if name not in ("ApiError",) and f"`{name}`" not in text] == []
