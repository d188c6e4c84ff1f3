"""The quality check's hits and false alarms: on fills as engines make them, and on fills broken on purpose.

python -m bench.check [FOLDER] [--megapixels N]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bench import peers
from bench.fill import METHODS, default_folder, pairs
from inference import quality
from inference.crops import plan_crops
from inference.engines.base import Image, Mask
from inference.engines.exemplar import ExemplarEngine
from inference.errors import BadOutput

Fill = Callable[[Image, Mask], Image]


def good_fills(truth: Image, blanked: Image, mask: Mask) -> Iterator[tuple[str, Image]]:
    """What must pass: the true picture, and what engines that work give."""
    yield "the true picture", truth
    yield "exemplar", METHODS["exemplar"](blanked, mask)
    yield "Navier-Stokes (a blur)", peers.navier_stokes(blanked, mask)
    noise = np.random.default_rng(0).normal(0, 6, truth.shape)
    yield "the true picture with noise", np.clip(truth + noise * mask[..., None], 0, 255).astype(np.uint8)


def broken_fills(good: Image, mask: Mask) -> Iterator[tuple[str, Image]]:
    """What must not pass: a good fill, broken in one of the ways in which engines break."""

    def with_hole(values: Image | int | tuple[int, int, int]) -> Image:
        return np.where(mask[..., None], np.asarray(values), good).astype(np.uint8)

    random = np.random.default_rng(1)
    rows = np.flatnonzero(mask.any(axis=1))
    yield "black", with_hole(0)
    yield "white: the mask itself", with_hole(255)
    yield (
        "lower half left black",
        np.where((mask & _below(mask, int(np.median(rows))))[..., None], 0, good).astype(np.uint8),
    )
    yield "NaN, as integers", with_hole(random.choice(np.array([0, 255]), good.shape).astype(np.uint8))
    yield "noise", with_hole(random.integers(0, 256, good.shape, dtype=np.uint8))
    yield "one grey", with_hole((128, 128, 128))
    yield "a lighter fill: a seam", with_hole(np.clip(good.astype(int) + 70, 0, 255).astype(np.uint8))
    yield "a darker fill: a seam", with_hole(np.clip(good.astype(int) - 70, 0, 255).astype(np.uint8))
    yield "red and blue swapped", with_hole(good[..., ::-1])
    yield "green cast", with_hole(np.clip(good + np.array([-40, 60, -40]), 0, 255).astype(np.uint8))
    yield "negative", with_hole(255 - good)
    yield "another place of the picture", with_hole(np.roll(good, (good.shape[0] // 2, good.shape[1] // 2), (0, 1)))


def _below(mask: Mask, row: int) -> Mask:
    below = np.zeros_like(mask)
    below[row:] = True
    return below


def passes(before: Image, after: Image, mask: Mask) -> bool:
    try:
        quality.judge(before, after, mask, plan_crops(mask, ExemplarEngine.spec.framing))
    except BadOutput:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--megapixels", type=float, default=1.1)
    options = parser.parse_args()
    run(options.folder, options.megapixels)


def run(folder: Path | None, megapixels: float) -> None:
    """Print the table."""
    shown: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    good_names: set[str] = set()
    for _, truth, mask in pairs(folder, 1000):
        if mask.size > megapixels * 1e6:
            continue
        blanked = np.where(mask[..., None], 0, truth).astype(np.uint8)
        # As in a job, an object lies under the mask.
        before = np.where(mask[..., None], cv2.GaussianBlur(255 - truth, (0, 0), 3), truth).astype(np.uint8)
        fills = list(good_fills(truth, blanked, mask))
        good_names |= {name for name, _ in fills}
        for name, after in [*fills, *broken_fills(fills[1][1], mask), ("the object is still there", before)]:
            shown[name] += 1
            refused[name] += not passes(before, after, mask)
    print("\n## Quality check\n\n| fill | shown | refused | |\n| --- | --- | --- | --- |")
    for name, count in shown.items():
        print(f"| {name} | {count} | {refused[name]} | {'false alarms' if name in good_names else 'hits'} |")
    for title, is_good in (("false alarms", True), ("hits", False)):
        names = [name for name in shown if (name in good_names) is is_good]
        total = sum(shown[name] for name in names)
        print(f"\n{title}: {sum(refused[name] for name in names)} of {total} "
              f"({sum(refused[name] for name in names) / max(1, total):.1%})")  # fmt: skip


if __name__ == "__main__":
    main()
