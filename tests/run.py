"""`make test`: every test. First on the embedded defaults, then what touches database, cache or broker once more on
PostgreSQL and Redis, real servers that live as long as the run."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers.postgres import running_postgres
from tests.servers.redis import running_redis

# Two at a time: the smallest machine the project promises to be tested on has two cores.
_PARALLEL = ["-n", "2", "--dist", "loadfile"]
_ON_SERVERS = ["tests/accounts", "tests/billing", "tests/jobs", "tests/hostile", "tests/pixelsite", "tests/live"]


def _pytest(title: str, arguments: list[str], **environment: str) -> int:
    print(f"\n=== {title} ===", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


def main() -> int:
    """Run both rounds, even if the first fails. Returns 0 only if both passed."""
    with running_postgres() as postgres, running_redis() as redis:
        servers = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        rounds = [
            _pytest("PostgreSQL and Redis", [*_PARALLEL, *_ON_SERVERS], **servers),
            _pytest(
                "Embedded defaults", [*_PARALLEL, "-m", "not postgres and not live and not browser and not faults"]
            ),
            _pytest("Real processes and a real browser, embedded defaults", ["-m", "live or browser"]),
        ]
    # Alone, on servers of its own that it may kill; it prints what it did.
    rounds.append(_pytest("Faults: kills, freezes, outages", ["-s", "-m", "faults", "tests/faults"]))
    return max(rounds)


if __name__ == "__main__":
    sys.exit(main())
