"""The command `pixelsite`. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pixelsite_client import Pixelsite
from pixelsite_client.cli.arguments import UsageError, parser
from pixelsite_client.cli.commands import balance, over_pictures
from pixelsite_client.cli.exit_codes import INTERRUPTED, code_of
from pixelsite_client.cli.plans import planned
from pixelsite_client.errors import PixelsiteError


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says. Returns the exit code; `SystemExit(2)` where the line itself is wrong."""
    parse = parser()
    arguments = parse.parse_args(argv)
    try:
        plan = None if arguments.command == "balance" else planned(arguments)
        key = arguments.key_file.read_text().strip() if arguments.key_file else None
        settings = {"base_url": arguments.base_url, "timeout": arguments.timeout, "retries": arguments.retries}
        with Pixelsite(key, **settings) as client:
            return balance(client, arguments) if plan is None else over_pictures(client, plan, arguments)
    except UsageError as error:
        parse.error(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("pixelsite: interrupted. Jobs that were accepted go on and are in your usage.\n")
        return INTERRUPTED
    except (PixelsiteError, OSError) as error:
        sys.stderr.write(f"pixelsite: {error}\n")
        return code_of(error)
