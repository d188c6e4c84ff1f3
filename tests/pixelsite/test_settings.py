"""A wrong or half-set configuration stops start-up with a sentence that says what to set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCTION = {
    "PIXELSITE_DEBUG": "0",
    "PIXELSITE_SECRET_KEY": "x" * 60,
    "PIXELSITE_SITE_URL": "https://pixelsite.example",
}


def _start(tmp_path: Path, rootpath: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIXELSITE_", "GOOGLE_"))}
    return subprocess.run(
        [sys.executable, "-c", "import pixelsite.settings"],
        cwd=rootpath,
        env=kept | {"PIXELSITE_DATA": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PIXELSITE_DEBUG": "0"}, "PIXELSITE_SECRET_KEY is not set"),
        (PRODUCTION | {"PIXELSITE_SITE_URL": "http://x"}, "PIXELSITE_SITE_URL must start with https://"),
        ({"GOOGLE_CLIENT_ID": "id"}, "GOOGLE_CLIENT_SECRET is not: set both or neither"),
        ({"PIXELSITE_DEBUG": "maybe"}, "set it to 1 or 0"),
        ({"PORT": "http"}, "set it to a whole number"),
        ({"PIXELSITE_UPLOAD_MB": "0"}, "set it to 1 or more"),
        ({"COMPAT_SUBMIT_STATUS": "201"}, "set it to 202 or 200"),
    ],
)
def test_is_refused_with_a_sentence(
    tmp_path: Path, pytestconfig: pytest.Config, environment: dict[str, str], sentence: str
) -> None:
    done = _start(tmp_path, pytestconfig.rootpath, **environment)

    assert done.returncode != 0
    assert sentence in done.stderr


@pytest.mark.parametrize("environment", [{}, PRODUCTION], ids=["laptop", "production"])
def test_a_right_configuration_starts(tmp_path: Path, pytestconfig: pytest.Config, environment: dict[str, str]) -> None:
    assert _start(tmp_path, pytestconfig.rootpath, **environment).stderr == ""


def test_a_laptops_secret_key_is_its_own_and_survives_a_restart(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    keys = set()
    for folder in ("a", "a", "b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        _start(tmp_path / folder, pytestconfig.rootpath)
        keys.add((tmp_path / folder / "secret_key").read_text())

    assert len(keys) == 2
