"""What the package needs, and that it needs nothing of the server."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pixelsite_client import __version__


@pytest.fixture
def home(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "sdks" / "python"


def _imported(module: Path) -> set[str]:
    """First names of what a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            found.add(str(node.module).partition(".")[0])
    return found


def test_it_imports_httpx_and_nothing_of_the_server(home: Path) -> None:
    modules = list((home / "src").rglob("*.py"))

    imported = set().union(*map(_imported, modules)) - set(sys.stdlib_module_names)

    # tqdm if it is there; typing_extensions while types are checked.
    assert imported == {"pixelsite_client", "httpx", "tqdm", "typing_extensions"}


def test_what_is_needed_and_packed_is_what_is_there(home: Path) -> None:
    said: dict[str, Any] = tomllib.loads((home / "pyproject.toml").read_text())

    packages = {
        str(path.parent.relative_to(home / "src")).replace("/", ".") for path in (home / "src").rglob("__init__.py")
    }
    assert [line.partition(">")[0] for line in said["project"]["dependencies"]] == ["httpx"]
    assert set(said["tool"]["setuptools"]["packages"]) == packages
    assert (home / "src" / "pixelsite_client" / "py.typed").is_file()


def test_its_version_is_a_heading_of_the_changelog(home: Path) -> None:
    assert f"\n## {__version__} " in (home.parents[1] / "CHANGELOG.md").read_text()
