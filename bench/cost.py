"""Whole jobs, from file to file: what a hole costs in photos of many sizes, beside the open tool's strategy.

    python -m bench.cost [--engine lama|exemplar] [--largest MEGAPIXELS] [--alone]

With lama the weights are random: the picture means nothing, the cost is big-lama's. Memory is what the process and its
decoders held at most beyond what they held before the job.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench import scenes
from bench.machine import PeakMemory, describe
from bench.peers import OpenTool
from bench.weights import random_big_lama
from inference import pipeline, worker
from inference.engines.base import Crop, Engine, EngineSpec, Image, Mask
from inference.engines.registry import load_engine
from inference.pipeline import RemovalRequest
from inference.safety import NoFilter

_SIZES = {1: (1024, 1024), 2: (1920, 1080), 12: (4000, 3000), 24: (6000, 4000), 50: (8160, 6120)}
_HOLES: dict[str, Callable[[int, int], Mask]] = {
    "1 %": lambda width, height: scenes.one_hole(width, height, 0.01),
    "5 %": lambda width, height: scenes.one_hole(width, height, 0.05),
    "20 %": lambda width, height: scenes.one_hole(width, height, 0.20),
    "20 spots": scenes.twenty_holes,
    "text line": scenes.text_line,
    "wire": scenes.wire,
}
# Where the open tool's own figures are known.
_COMPARED = ((1, "1 %"), (1, "5 %"), (1, "20 %"), (2, "20 spots"), (2, "text line"), (12, "1 %"), (12, "5 %"),
             (12, "20 spots"), (24, "5 %"))  # fmt: skip
_GRAIN = np.random.default_rng(0).integers(0, 24, 49_999, np.uint8)
_GROWTH = ("1 %", "5 %", "20 %", "20 spots", "wire")


@dataclass(frozen=True, kw_only=True)
class _Cost:
    decode: float
    fill: float
    encode: float
    total: float
    peak_mb: float


class Plausible:
    """Lets an engine with random weights work, and then paints what passes the quality check: the surround's mean, with grain."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def spec(self) -> EngineSpec:
        return self._engine.spec

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        self._engine.fill(crops)
        return [_smeared(crop) for crop in crops]


def _smeared(crop: Crop) -> Image:
    height, width = crop.mask.shape
    small = (max(1, width // 8), max(1, height // 8))
    known = cv2.resize((~crop.mask).astype(np.uint8), small, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    colours = cv2.resize(crop.image, small, interpolation=cv2.INTER_NEAREST) * known[..., None]
    size = (2 * max(small) + 1,) * 2
    means = cv2.boxFilter(colours, -1, size, normalize=False)
    means = np.asarray(means) / (np.asarray(cv2.boxFilter(known, -1, size, normalize=False))[..., None] + 1e-6)
    smeared = cv2.resize(means.astype(np.uint8), (width, height))
    smeared += np.resize(_GRAIN, smeared.shape)
    return np.where(crop.mask[..., None], smeared, crop.image).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("lama", "exemplar"), default="lama")
    parser.add_argument("--largest", type=int, default=50, help="megapixels of the largest photo")
    parser.add_argument("--alone", action="store_true", help="do not run the open tool")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.engine, options.largest, beside=not options.alone)


def run(folder: Path, engine_name: str, largest: int, *, beside: bool) -> None:
    """Print the tables."""
    print(f"\n## Whole jobs, {engine_name}\n\n{describe()}\n")
    weights = random_big_lama(folder) if engine_name == "lama" else None
    loaded = load_engine(engine_name, weights_path=weights)
    loaded.warm_up()
    engine: Engine = Plausible(loaded) if weights else loaded
    _job(engine, scenes.jpeg(scenes.photo(640, 480)), scenes.one_hole(640, 480, 0.02))
    if beside and weights is not None:
        _print_beside(engine, OpenTool(weights), largest)
    _print_growth(engine, largest)
    _print_same_hole(engine, min(largest, 50))


def _print_beside(engine: Engine, tool: OpenTool, largest: int) -> None:
    print("| photo | hole | open tool's strategy, s | peak, MB | ours, s | peak, MB | times faster |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for megapixels, hole in _COMPARED:
        if megapixels > largest:
            continue
        data, mask = _scene(megapixels, hole)
        with PeakMemory() as memory:
            started = time.perf_counter()
            tool.job(data, mask)
            theirs = time.perf_counter() - started
        ours = _job(engine, data, mask)
        print(
            f"| {megapixels} MP | {hole} | {theirs:.1f} | {memory.mb:.0f} | {ours.total:.2f} | {ours.peak_mb:.0f} "
            f"| {theirs / ours.total:.1f} |",
            flush=True,
        )


def _print_growth(engine: Engine, largest: int) -> None:
    print("\n| photo | hole | decode, s | fill, s | encode, s | all, s | peak, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for megapixels in (size for size in _SIZES if size <= largest):
        for hole in _GROWTH:
            cost = _job(engine, *_scene(megapixels, hole))
            print(
                f"| {megapixels} MP | {hole} | {cost.decode:.2f} | {cost.fill:.2f} | {cost.encode:.2f} "
                f"| {cost.total:.2f} | {cost.peak_mb:.0f} |",
                flush=True,
            )


def _print_same_hole(engine: Engine, megapixels: int) -> None:
    """The same hole in a large photo, and in a piece of 2 megapixels cut out of it."""
    width, height = _SIZES[megapixels]
    picture, mask = scenes.photo(width, height), scenes.one_hole(width, height, 0.01)
    middle = slice(height // 2 - 700, height // 2 + 700), slice(width // 2 - 700, width // 2 + 700)
    large = min(_job(engine, scenes.jpeg(picture), mask).fill for _ in range(3))
    small = min(_job(engine, scenes.jpeg(picture[middle]), mask[middle]).fill for _ in range(3))
    print(
        f"\nThe same hole of {mask.sum() / 1e6:.2f} megapixels: fill {large:.2f} s in {megapixels} MP, {small:.2f} s in a "
        f"2 MP piece: {large / small:.2f} times"
    )


def _scene(megapixels: int, hole: str) -> tuple[bytes, Mask]:
    width, height = _SIZES[megapixels]
    return scenes.jpeg(scenes.photo(width, height)), _HOLES[hole](width, height)


def _job(engine: Engine, data: bytes, mask: Mask) -> _Cost:
    request = RemovalRequest(image=data, mask_png=scenes.png_mask(mask))
    with PeakMemory() as memory:
        started = time.perf_counter()
        result = pipeline.run(
            request,
            engines=(engine,),
            safety=NoFilter(),
            on_progress=lambda stage, percent: None,
            codec=worker.codec(),
        )
        total = time.perf_counter() - started
    seconds = result.receipt["seconds"]
    return _Cost(
        decode=seconds["decoding"],
        fill=seconds["filling"],
        encode=seconds["encoding"],
        total=total,
        peak_mb=memory.mb,
    )


if __name__ == "__main__":
    main()
