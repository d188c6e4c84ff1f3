"""A wrong or half-set configuration stops start-up with a sentence that says what to set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inference.known_models import find_model

PRODUCTION = {
    "PIXELSITE_DEBUG": "0",
    "PIXELSITE_SECRET_KEY": "x" * 60,
    "PIXELSITE_SITE_URL": "https://pixelsite.example",
    "PIXELSITE_SAFETY_FILTER": "none",
}

_PRINT_FILTER = "from pixelsite import settings; print(settings.SAFETY_FILTER)"


def _start(
    tmp_path: Path, rootpath: Path, *, program: str = "import pixelsite.settings", **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIXELSITE_", "GOOGLE_"))}
    return subprocess.run(
        [sys.executable, "-c", program],
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
        (PRODUCTION | {"PIXELSITE_SAFETY_FILTER": ""}, "run `manage.py models fetch nsfw-mobilenet`, or set"),
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


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_filter_that_was_fetched_is_used_without_being_asked_for(
    tmp_path: Path, pytestconfig: pytest.Config, debug: str
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / find_model("nsfw-mobilenet").file_name).touch()
    unset = PRODUCTION | {"PIXELSITE_DEBUG": debug, "PIXELSITE_SAFETY_FILTER": ""}

    done = _start(tmp_path, pytestconfig.rootpath, program=_PRINT_FILTER, **unset)

    assert (done.stdout.strip(), done.stderr) == ("nsfw-mobilenet", "")


def test_a_filter_that_is_asked_for_need_not_be_there_yet(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """`manage.py models fetch` runs under the same settings, and web machines need no files. The worker looks."""
    asked = PRODUCTION | {"PIXELSITE_SAFETY_FILTER": "nsfw-mobilenet"}

    assert _start(tmp_path, pytestconfig.rootpath, program=_PRINT_FILTER, **asked).stdout.strip() == "nsfw-mobilenet"


def test_a_laptop_runs_without_a_filter(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    assert _start(tmp_path, pytestconfig.rootpath, program=_PRINT_FILTER).stdout.strip() == "none"
