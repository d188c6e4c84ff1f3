from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.servers.stack import LiveSite

MISSING = "{} The tests of the Node client need Node.js 18 or newer and npm: scripts/fetch-test-tools.sh installs them."

_POOR = """
from accounts import api_keys, services
from billing import ledger
user = services.register_user(email={email!r})
wallet = ledger.wallet_of(user)
ledger.adjust(wallet=wallet, amount={credits} - wallet.available, actor=user, reason="for the test")
print(api_keys.mint_key(user=user, name="poor")[1])
"""

RunNode = Callable[..., subprocess.CompletedProcess[str]]
"""`run_node("--test", "file.js", cwd=…, env=…)`: Node with an environment that knows no site and no key but the given."""


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIXELSITE_", "NODE_"))}
    return own | {"NO_COLOR": "1", "npm_config_update_notifier": "false"} | dict(more)


@pytest.fixture(scope="session")
def run_node() -> RunNode:
    """Fails where Node or npm is missing or too old: nothing is skipped."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.fail(MISSING.format("Node.js or npm is not here."), pytrace=False)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < 18:
        pytest.fail(MISSING.format(f"Node.js {version} is too old."), pytrace=False)

    def run(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [node, *arguments], cwd=cwd, env=_environment(env or {}), capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="session")
def node_home(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "sdks" / "node"


@pytest.fixture(scope="session")
def compiler(run_node: RunNode, node_home: Path) -> Path:
    """TypeScript as the lock file pins it, fetched once."""
    lock, fetched = node_home / "package-lock.json", node_home / "node_modules" / ".fetched-lock.json"
    if not fetched.is_file() or fetched.read_bytes() != lock.read_bytes():
        npm("ci", "--ignore-scripts", cwd=node_home)
        shutil.copyfile(lock, fetched)
    return node_home / "node_modules" / "typescript" / "bin" / "tsc"


def npm(*arguments: str, cwd: Path) -> str:
    """Run npm, and return what it says. Fails with its own words."""
    done = subprocess.run(
        ["npm", *arguments], cwd=cwd, env=_environment({}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def site_settings(live_site: LiveSite) -> dict[str, str]:
    """What the JavaScript tests are told of the site: accounts of their own, and a folder with a photo and its mask."""
    number = time.monotonic_ns()
    poor = _POOR.format(email=f"node-poor-{number}@example.com", credits=7)
    return {
        "PIXELSITE_URL": live_site.url,
        "PIXELSITE_API_KEY": live_site.manage("createapikey", f"node-{number}@example.com").strip(),
        "PIXELSITE_POOR_KEY": live_site.manage("shell", "--verbosity", "0", "-c", poor).strip(),
        "PIXELSITE_SAMPLE": str(live_site.data / "sample"),
    }
