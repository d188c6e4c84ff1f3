"""The Node client's own tests, written in JavaScript, and every block of code in its guide."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.sdks.node.conftest import RunNode, npm

PLAIN = ["batch", "cli", "client", "many", "package", "results", "retries", "uploads", "webhooks"]
"""Against servers of their own, or none."""
TYPED = ["types"]
LIVE = ["live/batch", "live/cli", "live/client"]
"""Against a running site."""

PAGES = ["docs/sdk-node.md", "sdks/node/README.md"]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PASSED = re.compile(r"^# pass [1-9]", re.MULTILINE)
_LEFT_OUT = re.compile(r"^# (?:skipped|todo|cancelled) [1-9]", re.MULTILINE)
_FAILED = re.compile(r"^\s*not ok \d+ - (.*)$", re.MULTILINE)


def _assert_all_pass(done: subprocess.CompletedProcess[str]) -> None:
    failed = "\n".join(f"FAILED: {name}" for name in _FAILED.findall(done.stdout))
    assert done.returncode == 0, f"{failed}\n{done.stdout}{done.stderr}"
    assert _PASSED.search(done.stdout), f"no test ran:\n{done.stdout}{done.stderr}"
    assert not _LEFT_OUT.search(done.stdout), f"not every test ran:\n{done.stdout}"


def _test_file(name: str) -> list[str]:
    return ["--test", "--test-reporter=tap", f"test/{name}.test.js"]


@pytest.mark.parametrize("name", PLAIN)
def test_the_javascript_tests_pass(run_node: RunNode, node_home: Path, name: str) -> None:
    _assert_all_pass(run_node(*_test_file(name), cwd=node_home))


@pytest.mark.parametrize("name", TYPED)
def test_types_are_what_they_say(run_node: RunNode, node_home: Path, compiler: Path, name: str) -> None:
    assert compiler.is_file()
    _assert_all_pass(run_node(*_test_file(name), cwd=node_home))


@pytest.mark.live
@pytest.mark.parametrize("name", LIVE)
def test_the_javascript_tests_pass_on_a_running_site(
    run_node: RunNode, node_home: Path, site_settings: dict[str, str], name: str
) -> None:
    _assert_all_pass(run_node(*_test_file(name), cwd=node_home, env=site_settings))


def test_every_javascript_test_is_run(node_home: Path) -> None:
    tests = node_home / "test"
    written = {str(path.relative_to(tests)).removesuffix(".test.js") for path in tests.rglob("*.test.js")}

    assert written == {*PLAIN, *TYPED, *LIVE}


def test_a_failing_javascript_test_fails_here(run_node: RunNode, tmp_path: Path) -> None:
    (tmp_path / "wrong.test.js").write_text('require("node:test")("two is three", () => { throw new Error("no"); });')

    done = run_node("--test", "--test-reporter=tap", "wrong.test.js", cwd=tmp_path)

    with pytest.raises(AssertionError, match="FAILED: two is three"):
        _assert_all_pass(done)


@pytest.fixture
def program(run_node: RunNode, node_home: Path, tmp_path: Path, site_settings: dict[str, str]) -> Path:
    """The folder of a program that has installed what is published, and a photo with its mask in it."""
    folder = tmp_path / "program"
    folder.mkdir()
    npm("pack", "--ignore-scripts", "--pack-destination", str(tmp_path), cwd=node_home)
    (package,) = tmp_path.glob("pixelsite-client-*.tgz")
    npm("install", "--offline", "--no-save", "--prefix", str(folder), str(package), cwd=folder)
    for name in ("photo.jpg", "mask.png"):
        (folder / name).write_bytes((Path(site_settings["PIXELSITE_SAMPLE"]) / name).read_bytes())
    return folder


@pytest.mark.live
@pytest.mark.parametrize("page", PAGES)
def test_the_samples_run_as_printed(
    run_node: RunNode, program: Path, site_settings: dict[str, str], pytestconfig: pytest.Config, page: str
) -> None:
    text = (pytestconfig.rootpath / page).read_text()
    blocks = _BLOCK.findall(text)
    settings = {name: site_settings[name] for name in ("PIXELSITE_API_KEY",)}
    settings["PIXELSITE_BASE_URL"] = site_settings["PIXELSITE_URL"]
    # One module, as one pastes one block after the other.
    (program / "samples.mjs").write_text("\n".join(code for language, code in blocks if language == "js"))

    done = run_node("samples.mjs", cwd=program, env=settings)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert (program / "clean.jpg").stat().st_size > 10_000
    for language, code in blocks:
        if language == "sh":
            shell = subprocess.run(
                ["bash", "-euc", code],
                cwd=program,
                env=os.environ | settings,
                capture_output=True,
                text=True,
                check=False,
            )
            assert shell.returncode == 0, f"{code}{shell.stderr}"
    assert {language for language, _ in blocks} == {"js", "sh"}
    assert text.count("```") == 2 * len(blocks)


def test_the_guide_names_every_error(node_home: Path, pytestconfig: pytest.Config) -> None:
    text = (pytestconfig.rootpath / PAGES[0]).read_text()
    names = re.findall(r"^class (\w+) extends", (node_home / "src" / "errors.js").read_text(), re.MULTILINE)

    assert len(names) > 20
    assert [name for name in names if name != "ApiError" and f"`{name}`" not in text] == []
