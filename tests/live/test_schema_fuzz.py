"""The API does what its OpenAPI document says, whatever is sent: Schemathesis asks a real site, with every check it has.

`FUZZ_EXAMPLES` (25) is how many cases each operation gets, `FUZZ_SEED` (1) which ones. What is left out, and why, is in
`schemathesis.toml`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.customers import open_accounts
from tests.servers.stack import LiveSite, running_stack

pytestmark = pytest.mark.live

_CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def site(pytestconfig: pytest.Config) -> Iterator[LiveSite]:
    # The vendors' own limits are off: every call is to reach what it asks for.
    limits = dict.fromkeys(
        ("PIXELSITE_CLIPDROP_PER_MINUTE", "PIXELSITE_MASKR_PER_MINUTE", "PIXELSITE_MASKR_BATCHES_PER_MINUTE"), "0"
    )
    # Each operation is asked without a key too, more often in a minute than one address may.
    limits["PIXELSITE_ANONYMOUS_PER_MINUTE"] = "1000000"
    with running_stack(root=pytestconfig.rootpath, **limits) as site:
        yield site


def test_every_operation_answers_as_its_schema_says(site: LiveSite, tmp_path: Path) -> None:
    (key,) = open_accounts(site, ["fuzz"])
    program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    options = {
        "--header": f"Authorization: Bearer {key}",
        "--phases": "examples,coverage,fuzzing,stateful",
        "--max-examples": os.environ.get("FUZZ_EXAMPLES", "25"),
        "--seed": os.environ.get("FUZZ_SEED", "1"),
        "--generation-database": "none",
    }
    arguments = [part for option in options.items() for part in option]

    done = subprocess.run(
        [*program, "--config-file", str(_CONFIG), "run", f"{site.url}/v1/openapi.json", *arguments],
        cwd=tmp_path,  # it leaves a folder behind
        env=os.environ | {"PYTHONPATH": str(site.root)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
