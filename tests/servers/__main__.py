"""`python -m tests.servers`: are the programs here that the tests start? Says which are missing; exits 1 if any is."""

from __future__ import annotations

import sys

from tests.servers import postgres, redis
from tests.servers.processes import MissingServer


def main() -> int:
    """Look for every program; return the exit status."""
    missing = 0
    for find in (postgres.find_binaries, redis.find_binary):
        try:
            find()
        except MissingServer as error:
            print(error, file=sys.stderr)
            missing = 1
    return missing


if __name__ == "__main__":
    sys.exit(main())
