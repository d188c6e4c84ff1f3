"""`make bench`: the exemplar engine beside OpenCV's fills, on the same pictures in the same run.

    python -m bench.fill [FOLDER] [--sheets FOLDER] [--most N]

FOLDER holds NAME.jpg or NAME.png with NAME.mask.png (white = fill); the true pixels lie under the mask and are blanked
before any method sees them. Without one, ../shared/photos/fill is used where present, else textures drawn here.
Nothing fails on a figure: this prints a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from inference import composite
from inference.crops import plan_crops
from inference.engines.base import Image as Pixels
from inference.engines.base import Mask
from inference.engines.exemplar import ExemplarEngine, fill_hole

Fill = Callable[[Pixels, Mask], Pixels]
_PATCH, _PROJECTIONS = 7, 32


def _telea(image: Pixels, mask: Mask) -> Pixels:
    return np.asarray(cv2.inpaint(image, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA), np.uint8)


def _shiftmap(image: Pixels, mask: Mask) -> Pixels:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    filled = np.empty_like(lab)
    cv2.xphoto.inpaint(lab, np.where(mask, 0, 255).astype(np.uint8), filled, cv2.xphoto.INPAINT_SHIFTMAP)
    # It changes known pixels too: only the hole counts.
    return np.where(mask[..., None], cv2.cvtColor(filled, cv2.COLOR_Lab2RGB), image).astype(np.uint8)


def _exemplar(image: Pixels, mask: Mask) -> Pixels:
    """As a job does it: on crops around the hole."""
    filled = image.copy()
    for crop in plan_crops(mask, ExemplarEngine.spec.framing):
        composite.paste(filled, crop, fill_hole(image[crop.window], mask[crop.window]))
    return filled


METHODS: dict[str, Fill] = {"exemplar": _exemplar, "SHIFTMAP": _shiftmap, "Telea": _telea}


@dataclass(frozen=True, kw_only=True)
class Score:
    """How near a fill is to the truth, and what it took."""

    psnr: float
    ssim: float
    texture: float
    seam: float
    seconds: float


def pairs(folder: Path | None, most: int) -> Iterator[tuple[str, Pixels, Mask]]:
    """Name, true picture and mask of each case."""
    if folder is None:
        yield from _drawn()
        return
    for path in sorted(folder.glob("*.mask.png"))[:most]:
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


def measure(fill: Fill, truth: Pixels, mask: Mask) -> tuple[Pixels, Score]:
    """Blank the hole, fill it, compare."""
    blanked = np.where(mask[..., None], 0, truth).astype(np.uint8)
    started = time.perf_counter()
    filled = fill(blanked, mask)
    seconds = time.perf_counter() - started
    error = (filled[mask].astype(float) - truth[mask]) ** 2
    _, similarity = structural_similarity(truth, filled, channel_axis=2, full=True)  # type: ignore[no-untyped-call]
    score = Score(
        psnr=float(10 * np.log10(255**2 / max(error.mean(), 1e-9))),
        ssim=float(similarity[mask].mean()),
        texture=_texture_distance(filled, truth, mask),
        seam=_seam(filled, mask),
        seconds=seconds,
    )
    return filled, score


def _texture_distance(filled: Pixels, truth: Pixels, mask: Mask) -> float:
    """Sliced Wasserstein distance between the patches of fill and truth inside the hole."""
    random = np.random.default_rng(0)
    whole = cv2.erode(mask.astype(np.uint8), np.ones((_PATCH, _PATCH)), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    centres = np.argwhere(whole > 0)
    if len(centres) < _PROJECTIONS:
        return 0.0
    centres = centres[random.integers(0, len(centres), 2000)]
    reach = np.arange(_PATCH) - _PATCH // 2
    rows, columns = centres[:, 0, None, None] + reach[:, None], centres[:, 1, None, None] + reach
    ours, true = (picture[rows, columns].reshape(len(centres), -1).astype(np.float32) for picture in (filled, truth))
    directions = random.normal(size=(ours.shape[1], _PROJECTIONS)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    return float(np.abs(np.sort(ours @ directions, axis=0) - np.sort(true @ directions, axis=0)).mean())


def _seam(filled: Pixels, mask: Mask) -> float:
    """How much more the picture changes across the mask's border than it does around it."""
    grey = filled.mean(axis=2)
    crossing, usual = [], []
    around = cv2.dilate(mask.astype(np.uint8), np.ones((31, 31))) > 0
    for axis in (0, 1):
        change = np.abs(np.diff(grey, axis=axis))
        one, two = (np.take(mask, range(*span), axis) for span in ((0, mask.shape[axis] - 1), (1, mask.shape[axis])))
        near = np.take(around, range(mask.shape[axis] - 1), axis)
        crossing.append(change[one != two])
        usual.append(change[(one == two) & near])
    return float(np.concatenate(crossing).mean() - np.concatenate(usual).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path("../shared/photos/fill")
    parser.add_argument("folder", nargs="?", type=Path, default=default if default.exists() else None)
    parser.add_argument("--sheets", type=Path, help="write a contact sheet for each case here")
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()

    started = time.perf_counter()
    ExemplarEngine().warm_up()
    print(f"exemplar: {time.perf_counter() - started:.1f} s to compile or read from the cache")
    scores: dict[str, list[Score]] = {name: [] for name in METHODS}
    for case, truth, mask in pairs(options.folder, options.most):
        strip = [np.where(mask[..., None], (255, 0, 255), truth).astype(np.uint8)]
        for name, fill in METHODS.items():
            filled, score = measure(fill, truth, mask)
            scores[name].append(score)
            strip.append(filled)
        if options.sheets:
            options.sheets.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(options.sheets / f"{case}.jpg"), np.hstack([*strip, truth])[..., ::-1])
    _print_table(scores)


def _print_table(scores: dict[str, list[Score]]) -> None:
    print(f"\n{len(scores['exemplar'])} pictures; mean of each measure")
    print("| method | PSNR ↑ | SSIM ↑ | texture ↓ | seam ↓ | seconds | times exemplar's |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    own = np.mean([score.seconds for score in scores["exemplar"]])
    for name, each in scores.items():
        psnr, ssim, texture, seam, seconds = (
            float(np.mean([getattr(score, field) for score in each]))
            for field in ("psnr", "ssim", "texture", "seam", "seconds")
        )
        print(
            f"| {name} | {psnr:.1f} | {ssim:.3f} | {texture:.2f} | {seam:.1f} | {seconds:.2f} | {seconds / own:.2f} |"
        )


if __name__ == "__main__":
    main()
