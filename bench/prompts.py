"""What sentences find: marks drawn on photos, whose pixels are known; things in photos; and what is found where nothing is.

    python -m bench.prompts [--photos FOLDER] [--cases FOLDER] [--models FOLDER] [--each N] [--sheets FOLDER] [--fill N]

FOLDER of photos holds NAME.jpg or NAME.png (files NAME.mask.png are passed over); without one, ../shared/photos/fill is
used where present, else textures drawn here. Fonts: see `bench.marks`. Nothing fails on a figure: this prints tables.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import marks, scenes
from bench.machine import describe
from inference.engines.base import Image as Pixels
from inference.engines.base import Mask
from inference.engines.exemplar import ExemplarEngine
from inference.errors import EngineError, NothingFound
from inference.pipeline import RemovalRequest
from inference.pipeline import run as remove
from inference.safety import NoFilter
from inference.targets.prompt import Finder, FinderSetup

_SHARED = Path(__file__).resolve().parents[2] / "shared"
_TOLERANCE_PX = 2  # a mask may be so much larger than what it covers
_FOUND_RECALL = 0.5
_MEGAPIXELS = (0.5, 1.0, 2.0, 12.0)  # photos are brought to these sizes in turn
_VISIBLE_LEVELS = 12  # a mark that changes its photo less, at its median pixel, nobody sees
_NEGATIVES = ("remove the watermark", "remove the date stamp", "remove the text", "remove the person", "remove the dog")
# What is in ../shared/photos/cases, looked at; the masks there are generous and hold the shadow at times.
CASES = (
    ("ia_cat", "remove the cat"), ("io_bench", "remove the dog"), ("io_unwant_person", "remove the person on the left"),
    ("ia_baseball", "remove the largest person"), ("ia_bridge", "remove the person on the left"),
    ("migan-obj-01", "remove all sheep"), ("migan-obj-07", "remove the surfer"),
    ("migan-obj-09", "remove the person on the left"), ("migan-obj-11", "remove the person on the right"),
    ("migan-obj-13", "remove the smallest sheep"), ("migan-obj-15", "remove the bird"),
    ("migan-obj-17", "remove the people"), ("migan-obj-19", "remove the people"),
    ("io_watermark", "remove the watermark"), ("watermark-1", "remove the watermark in the bottom right corner"),
    ("watermark-3", "remove the watermark"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one sentence fared."""

    kind: str
    opacity: float
    recall: float
    precision: float
    seconds: float
    is_visible: bool = True


def photos(folder: Path | None) -> list[tuple[str, Pixels]]:
    """Every photo of the folder; textures where there is none."""
    if folder is None or not folder.is_dir():
        return [(f"clouds {side}", scenes.photo(side, side * 2 // 3)) for side in (700, 900, 1200)]
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png") and ".mask" not in path.name)
    return [(path.stem, np.asarray(Image.open(path).convert("RGB"))) for path in paths]


def _sized(image: Pixels, megapixels: float) -> Pixels:
    scale = (megapixels * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def marked(grounds: Sequence[tuple[str, Pixels]], each: int) -> Iterator[tuple[marks.Marked, Pixels]]:
    """Marks of every kind on photos in turn, and the photo without."""
    random = np.random.default_rng(11)
    for number, draw in enumerate(marks.KINDS.values()):
        for turn in range(each):
            _, image = grounds[(number * 5 + turn * 7) % len(grounds)]
            # One in eight is as large as a camera's photo: enough to see what size does, at a bearable time.
            plain = _sized(image, _MEGAPIXELS[3 if turn % 8 == 7 else turn % 3])
            yield draw(plain, random), plain


def judge(mask: Mask, truth: Mask) -> tuple[float, float]:
    """Recall, and precision within the tolerance; both of pixels."""
    side = 2 * _TOLERANCE_PX + 1
    near = cv2.dilate(truth.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return float(mask[truth].mean()), float(near[mask].mean()) if mask.any() else 0.0


def _find(finder: Finder, image: Pixels, prompt: str) -> tuple[Mask, float]:
    started = time.perf_counter()
    try:
        mask = finder.find(image, prompt).mask
    except NothingFound:
        mask = np.zeros(image.shape[:2], bool)
    return mask, time.perf_counter() - started


def run_marks(finder: Finder, grounds: Sequence[tuple[str, Pixels]], each: int, sheets: Path | None) -> None:
    """Print how much of the drawn marks is found, by kind, for those one can see."""
    outcomes, strips = [], {kind: [] for kind in marks.KINDS}  # type: tuple[list[Outcome], dict[str, list[Pixels]]]
    for made, plain in marked(grounds, each):
        mask, seconds = _find(finder, made.image, made.prompt)
        recall, precision = judge(mask, made.mask)
        change = np.abs(made.image.astype(int) - plain).max(axis=2)[made.mask]
        is_visible = bool(np.median(change) >= _VISIBLE_LEVELS) or made.kind == "boxed caption"
        outcomes.append(
            Outcome(kind=made.kind, opacity=made.opacity, recall=recall, precision=precision, seconds=seconds,
                    is_visible=is_visible)
        )  # fmt: skip
        strips[made.kind].append(_tile(made.image, mask, made.mask))
    _print_marks(outcomes)
    if sheets:
        sheets.mkdir(parents=True, exist_ok=True)
        for kind, tiles in strips.items():
            rows = [np.hstack(tiles[start : start + 3]) for start in range(0, len(tiles) // 3 * 3, 3)]
            if rows:
                Image.fromarray(np.vstack(rows)).save(sheets / f"{kind.replace(' ', '-')}.png")


def _print_marks(outcomes: Sequence[Outcome]) -> None:
    print("\n| kind | opacity | visible ones | found | recall | precision | median s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind in marks.KINDS:
        for label, low, high in (("≥ 0.4", 0.4, 2.0), ("< 0.4", 0.0, 0.4)):
            chosen = [one for one in outcomes if one.kind == kind and low <= one.opacity < high and one.is_visible]
            if not chosen:
                continue
            found = [one for one in chosen if one.recall >= _FOUND_RECALL]
            seconds = float(np.median([one.seconds for one in chosen]))
            recall, precision = (
                f"{np.mean([getattr(one, measure) for one in found]):.2f}" if found else "–"
                for measure in ("recall", "precision")
            )
            print(f"| {kind} | {label} | {len(chosen)} | {len(found)} | {recall} | {precision} | {seconds:.1f} |")
    print("\nRecall and precision are means over those found.")


def run_negatives(finder: Finder, grounds: Sequence[tuple[str, Pixels]]) -> None:
    """Print what sentences find in photos as they are; scenes have writing and people of their own, which are listed."""
    print("\n| sentence | photos | found something | in |\n| --- | --- | --- | --- |")
    for prompt in _NEGATIVES:
        where = [name for name, image in grounds if _find(finder, _sized(image, 0.5), prompt)[0].any()]
        print(f"| {prompt} | {len(grounds)} | {len(where)} | {', '.join(where)} |")


def run_cases(finder: Finder, folder: Path) -> None:
    """Print, for real removals, how the mask found agrees with the one that somebody painted."""
    print("\n| case | sentence | IoU | inside the painted mask | s |\n| --- | --- | --- | --- | --- |")
    for name, prompt in CASES:
        path = next((folder / f"{name}{end}" for end in (".jpg", ".png") if (folder / f"{name}{end}").exists()), None)
        if path is None:
            continue
        image = np.asarray(Image.open(path).convert("RGB"))
        painted = Image.open(folder / f"{name}.mask.png").convert("L").resize(image.shape[1::-1])
        truth = np.asarray(painted) > 127
        mask, seconds = _find(finder, image, prompt)
        overlap = (mask & truth).sum() / max((mask | truth).sum(), 1)
        inside = f"{truth[mask].mean():.2f}" if mask.any() else "nothing found"
        print(f"| {name} | {prompt} | {overlap:.2f} | {inside} | {seconds:.1f} |")


def run_fills(finder: Finder, grounds: Sequence[tuple[str, Pixels]], each: int) -> None:
    """Print how near the photo is after the whole removal, in the mark's own area, beside leaving it and the true mask."""
    engine = ExemplarEngine()
    engine.warm_up()
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for made, plain in marked([(name, _sized(image, 0.5)) for name, image in grounds], each):
        mask, _ = _find(finder, made.image, made.prompt)
        if made.kind == "boxed caption" or judge(mask, made.mask)[0] < _FOUND_RECALL:
            continue
        filled = [_filled(made.image, one, engine) for one in (mask, made.mask)]
        scores = [_psnr(one, plain, made.mask) for one in (made.image, *filled)]
        rows.setdefault(made.kind, []).append((scores[0], scores[1], scores[2]))
    print("\n| kind | marks | PSNR left as it is | removed, mask found | removed, true mask |")
    print("| --- | --- | --- | --- | --- |")
    for kind, values in rows.items():
        left, found, true = np.mean(values, axis=0)
        print(f"| {kind} | {len(values)} | {left:.1f} | {found:.1f} | {true:.1f} |")


def _filled(image: Pixels, mask: Mask, engine: ExemplarEngine) -> Pixels:
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    request = RemovalRequest(image=scenes.png(image), mask_png=scenes.png_mask(grown), output_format="png")
    try:
        result = remove(request, engines=[engine], safety=NoFilter(), on_progress=lambda *_: None)
    except EngineError:
        return image  # as the customer would have it: unchanged
    return np.asarray(Image.open(io.BytesIO(result.data)).convert("RGB"))


def _psnr(image: Pixels, truth: Pixels, mask: Mask) -> float:
    error = float(((image[mask].astype(float) - truth[mask]) ** 2).mean())
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def _tile(image: Pixels, mask: Mask, truth: Mask) -> Pixels:
    """What was marked (magenta) and missed (green), cut to the mark."""
    shown = image.copy()
    shown[truth & ~mask] = (0, 255, 0)
    shown[mask] = (255, 0, 255)
    both = np.vstack([image, shown])
    small = Image.fromarray(both)
    small.thumbnail((400, 560))
    sheet = Image.new("RGB", (404, 564))
    sheet.paste(small)
    return np.asarray(sheet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=_SHARED / "photos" / "fill")
    parser.add_argument("--cases", type=Path, default=_SHARED / "photos" / "cases")
    parser.add_argument("--models", type=Path, default=_SHARED / "models" / "segmenters")
    parser.add_argument("--each", type=int, default=16, help="drawn marks of each kind")
    parser.add_argument("--fill", type=int, default=0, help="drawn marks of each kind that are removed as well")
    parser.add_argument("--sheets", type=Path, help="write a contact sheet for each kind here")
    options = parser.parse_args()
    run(
        options.photos,
        options.cases,
        options.models,
        each=options.each,
        removed=options.fill,
        sheets=options.sheets,
    )


def run(
    folder: Path = _SHARED / "photos" / "fill",
    cases: Path = _SHARED / "photos" / "cases",
    models: Path = _SHARED / "models" / "segmenters",
    *,
    each: int = 4,
    removed: int = 1,
    sheets: Path | None = None,
) -> None:
    """Print what is found of drawn marks, on photos without any, and in real cases."""
    classes, people = (models / name for name in ("deeplabv3_257_mv_gpu.tflite", "selfie_segmentation.tflite"))
    setup = FinderSetup(
        class_model=classes if classes.exists() else None, person_model=people if people.exists() else None
    )
    finder = Finder.load(setup)
    grounds = photos(folder)
    print(f"\n## Sentences\n\n{describe()}; {finder.name}; {len(grounds)} photos, {len(marks.FONTS)} fonts")
    run_marks(finder, grounds, each, sheets)
    run_negatives(finder, grounds)
    if cases.is_dir() and setup.class_model:
        run_cases(finder, cases)
    if removed:
        run_fills(finder, grounds, removed)


if __name__ == "__main__":
    main()
