"""The exemplar engine beside every other fill that needs no weights, on the same pictures in the same run.

    python -m bench.fill [FOLDER] [--sheets FOLDER] [--most N]

FOLDER holds NAME.jpg or NAME.png with NAME.mask.png (white = fill); the true pixels lie under the mask and are blanked
before any method sees them. Without one, ../shared/photos/fill is used where present, else textures drawn here.
Nothing fails on a figure: this prints a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import peers
from bench.machine import describe
from bench.measures import MEASURES, Score, score
from inference import composite
from inference.crops import plan_crops
from inference.engines.base import Crop, Mask
from inference.engines.base import Image as Pixels
from inference.engines.exemplar import ExemplarEngine

Fill = Callable[[Pixels, Mask], Pixels]


def _exemplar(image: Pixels, mask: Mask) -> Pixels:
    """As a job does it: on crops around the hole."""
    engine, filled, unknown = ExemplarEngine(), image.copy(), mask.copy()
    for crop in plan_crops(mask, engine.spec.framing):
        (fill,) = engine.fill([Crop(filled[crop.window], unknown[crop.window])])
        composite.paste(filled, crop, fill)
        if crop.turn:
            unknown[crop.window] &= ~crop.own
    return filled


METHODS: dict[str, Fill] = {
    "exemplar": _exemplar,
    "SHIFTMAP": peers.shiftmap,
    "Telea": peers.telea,
    "Navier-Stokes": peers.navier_stokes,
    "FSR fast": peers.fsr_fast,
    "biharmonic": peers.biharmonic,
}


def default_folder() -> Path | None:
    """The photos at hand, if there are any."""
    folder = Path("../shared/photos/fill")
    return folder if folder.exists() else None


def pairs(folder: Path | None, most: int) -> Iterator[tuple[str, Pixels, Mask]]:
    """Name, true picture and mask of each case."""
    if folder is None:
        yield from _drawn()
        return
    paths = sorted(folder.glob("*.mask.png"))
    for path in paths[:: -(-len(paths) // most)]:
        name = path.name.removesuffix(".mask.png")
        picture = next(folder / f"{name}{end}" for end in (".jpg", ".png") if (folder / f"{name}{end}").exists())
        yield name, np.asarray(Image.open(picture).convert("RGB")), np.asarray(Image.open(path).convert("L")) > 127


def _drawn() -> Iterator[tuple[str, Pixels, Mask]]:
    rows, columns = np.mgrid[0:400, 0:600]
    noise = np.random.default_rng(1).normal(0, 60, rows.shape).astype(np.float32)
    planes = {
        "stripes": 128 + 80 * np.sign(np.sin((columns + 0.4 * rows) / 4)),
        "checks": np.where((rows // 16 + columns // 16) % 2, 200, 60),
        "grass": 120 + cv2.GaussianBlur(noise, (0, 0), sigmaX=1, sigmaY=4),
    }
    mask = np.zeros(rows.shape, bool)
    mask[150:240, 230:350] = True
    for name, plane in planes.items():
        yield name, np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2), mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--sheets", type=Path, help="write a contact sheet for each case here")
    parser.add_argument("--most", type=int, default=1000, help="cases at most, spread over the folder")
    parser.add_argument("--megapixels", type=float, default=1.1, help="larger pictures are left out: the peers crawl")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    options = parser.parse_args()
    run(
        options.folder,
        sheets=options.sheets,
        most=options.most,
        megapixels=options.megapixels,
        methods=options.methods,
    )


def run(
    folder: Path | None,
    *,
    sheets: Path | None = None,
    most: int = 1000,
    megapixels: float = 1.1,
    methods: Sequence[str] = tuple(METHODS),
) -> None:
    """Print the table; for each case, write a sheet: the hole, each method's fill, the truth."""
    print(f"\n## Fills without weights\n\n{describe()}\n")
    started = time.perf_counter()
    ExemplarEngine().warm_up()
    print(f"exemplar: {time.perf_counter() - started:.1f} s to compile or read from the cache")
    scores: dict[str, list[Score]] = {name: [] for name in methods}
    for case, truth, mask in pairs(folder, most):
        if mask.size > megapixels * 1e6:
            continue
        strip = [np.where(mask[..., None], (255, 0, 255), truth).astype(np.uint8)]
        for name in methods:
            blanked = np.where(mask[..., None], 0, truth).astype(np.uint8)
            began = time.perf_counter()
            filled = METHODS[name](blanked, mask)
            scores[name].append(score(filled, truth, mask, time.perf_counter() - began))
            strip.append(filled)
        if sheets:
            sheets.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(sheets / f"{case}.jpg"), np.hstack([*strip, truth])[..., ::-1])
    _print_table(scores)


def _print_table(scores: dict[str, list[Score]]) -> None:
    print(f"\n{len(next(iter(scores.values())))} pictures; mean of each measure")
    print("| method | PSNR ↑ | SSIM ↑ | GMSD ↓ | texture ↓ | seam ↓ | seconds | times the first's |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    first = next(iter(scores.values()))
    own = np.mean([each.seconds for each in first])
    for name, all_of in scores.items():
        psnr, ssim, gmsd, texture, seam, seconds = (
            float(np.mean([getattr(each, measure) for each in all_of])) for measure in MEASURES
        )
        print(
            f"| {name} | {psnr:.1f} | {ssim:.3f} | {gmsd:.3f} | {texture:.2f} | {seam:.1f} | {seconds:.2f} "
            f"| {seconds / own:.2f} |"
        )


if __name__ == "__main__":
    main()
