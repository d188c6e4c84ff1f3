"""`make bench`: every table, one after the other, in one run on one machine (about half an hour on two cores).

    python -m bench [FOLDER] [--sheets FOLDER] [--largest MEGAPIXELS] [--jobs N]

FOLDER holds photos and masks as `bench.fill` describes. Each part also runs alone: `python -m bench.cost`, and so on.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench import check, cost, encode, fill, lama, overhead, prompts, safety, select, soak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=fill.default_folder())
    parser.add_argument("--sheets", type=Path, default=Path("bench-sheets"), help="where contact sheets are written")
    parser.add_argument("--largest", type=int, default=50, help="megapixels of the largest photo")
    parser.add_argument("--jobs", type=int, default=300, help="jobs of the soak")
    options = parser.parse_args()

    fill.run(options.folder, sheets=options.sheets)
    check.run(options.folder, 1.1)
    select.run(select.default_folder(), sheets=options.sheets)
    prompts.run(sheets=options.sheets)
    lama.run()
    with tempfile.TemporaryDirectory() as folder:
        cost.run(Path(folder), "lama", options.largest, beside=True)
        cost.run(Path(folder), "exemplar", options.largest, beside=False)
        soak.run(Path(folder), "lama", options.jobs)
    encode.run(options.folder)
    overhead.run(200)
    if (shared := safety.published_model()) is not None:
        safety.run(shared, safety.default_photos())


if __name__ == "__main__":
    main()
