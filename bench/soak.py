"""Many mixed jobs in one process: does memory grow?

python -m bench.soak [--jobs 300] [--engine lama|exemplar]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from bench import scenes
from bench.cost import Plausible
from bench.machine import describe, resident_mb
from bench.weights import random_big_lama
from inference import pipeline, worker
from inference.engines.base import Engine
from inference.engines.registry import load_engine
from inference.memory import give_back
from inference.pipeline import RemovalRequest
from inference.safety import NoFilter

_SIZES = ((640, 480), (800, 1200), (1024, 768), (1600, 900), (333, 517))
_HOLES = (
    lambda width, height: scenes.one_hole(width, height, 0.01),
    lambda width, height: scenes.one_hole(width, height, 0.06),
    scenes.twenty_holes,
    scenes.text_line,
    scenes.wire,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--engine", choices=("lama", "exemplar"), default="lama")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.engine, options.jobs)


def run(folder: Path, engine_name: str, jobs: int) -> None:
    """Print resident memory on the way."""
    print(f"\n## Soak: {jobs} mixed jobs, {engine_name}\n\n{describe()}\n")
    weights = random_big_lama(folder) if engine_name == "lama" else None
    loaded = load_engine(engine_name, weights_path=weights)
    loaded.warm_up()
    engine: Engine = Plausible(loaded) if weights else loaded
    print("| jobs done | resident, MB | seconds |\n| --- | --- | --- |")
    started = time.perf_counter()
    random = np.random.default_rng(0)
    for done in range(jobs + 1):
        if done % max(1, jobs // 10) == 0:
            give_back()
            print(f"| {done} | {resident_mb():.0f} | {time.perf_counter() - started:.0f} |", flush=True)
        width, height = _SIZES[random.integers(len(_SIZES))]
        mask = _HOLES[random.integers(len(_HOLES))](width, height)
        picture = scenes.photo(width, height)
        image = scenes.jpeg(picture) if random.random() < 0.5 else scenes.png(picture)
        request = RemovalRequest(image=image, mask_png=scenes.png_mask(mask))
        pipeline.run(
            request,
            engines=(engine,),
            safety=NoFilter(),
            on_progress=lambda stage, percent: None,
            codec=worker.codec(),
        )


if __name__ == "__main__":
    main()
