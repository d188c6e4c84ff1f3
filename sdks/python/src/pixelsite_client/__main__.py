"""`python -m pixelsite_client`: the command `pixelsite`."""

import sys

from pixelsite_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
