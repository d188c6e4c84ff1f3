"""What is found from clicks and boxes, beside the truth that people drew: GrabCut, SAM, and two naive ways, in one run.

    python -m bench.select [FOLDER] [--sam DIRECTORY] [--sheets FOLDER] [--no-peers]

FOLDER holds photos and removal masks as `bench.fill` describes; those in `TRUTHS` outline one object. Without one,
../shared/photos/cases is used where present. A second set is drawn: blobs of one texture on another, whose truth is exact.
The first click lies where the object is thickest, the next ones where the largest mistake is thickest. Nothing fails on a
figure: this prints a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from bench.machine import describe
from inference.engines.base import Image, Mask
from inference.errors import NothingFound
from inference.targets.sam import SamSelector
from inference.targets.select import GrabCutSelector
from inference.targets.shapes import surrounding
from jobs.targets import Box, Click

Select = Callable[[Image, Sequence[Click], Box | None], Mask]

# Removal masks are drawn wider than their object, by about so many pixels (judged by eye): in that ring a pixel counts
# neither for nor against. "left" and "right" take one of a mask's pieces. Left out are masks of several objects, of
# writing, and those that hold a shadow or a plant as large as the object.
TRUTHS = {
    "ia_baseball": (9, None),
    "ia_bridge": (10, None),
    "ia_cat": (7, None),
    "io_bench": (6, None),
    "io_unwant_person": (5, None),
    "migan-obj-01": (7, "left"),
    "migan-obj-03": (9, None),
    "migan-obj-05": (14, "right"),
    "migan-obj-07": (12, None),
    "migan-obj-11": (8, None),
    "migan-obj-13": (25, None),
}
_LOOSE = 0.05  # of the mask's sides, on each side: a removal mask is itself drawn loosely
_CONTRAST = 40  # of 255, between the textures' mean colours: the grain of each has a deviation of about 20
PROMPTS = ("loose box", "1 click", "3 clicks")


@dataclass(frozen=True)
class Case:
    """A photo, the pixels that are the object for sure, and those that may be."""

    name: str
    image: Image
    truth: Mask
    unsure: Mask

    def iou(self, mask: Mask) -> float:
        """Intersection over union, the unsure pixels left out."""
        sure = mask & ~self.unsure
        return float((sure & self.truth).sum() / max((sure | self.truth).sum(), 1))

    @property
    def box(self) -> Box:
        return surrounding(self.truth | self.unsure, _LOOSE)


def default_folder() -> Path | None:
    """The photos at hand, if there are any."""
    folder = Path("../shared/photos/cases")
    return folder if folder.exists() else None


def photographed(folder: Path | None) -> Iterator[Case]:
    """Real objects in real photos, outlined by people."""
    for name, (margin_px, side) in TRUTHS.items() if folder else ():
        assert folder is not None
        picture = next(
            (folder / f"{name}{end}" for end in (".jpg", ".png") if (folder / f"{name}{end}").exists()), None
        )
        if picture is None:
            continue
        image = np.asarray(Pillow.open(picture).convert("RGB"))
        mask = np.asarray(Pillow.open(folder / f"{name}.mask.png").convert("L")) > 127
        mask = _piece(mask, side) if side else mask
        depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
        yield Case(name, image, depth > margin_px, mask & (depth <= margin_px))


def _piece(mask: Mask, side: str) -> Mask:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = [piece for piece in range(1, len(stats)) if stats[piece, cv2.CC_STAT_AREA] > 500]
    large.sort(key=lambda piece: int(stats[piece, cv2.CC_STAT_LEFT]))
    return np.asarray(pieces == large[0 if side == "left" else -1])


def drawn(count: int = 12) -> Iterator[Case]:
    """Blobs of one texture on another; colours, grain and shapes differ from case to case."""
    for seed in range(count):
        random = np.random.default_rng(seed)
        height, width = 360, 480
        coarse = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 18)
        rows, columns = np.mgrid[:height, :width]
        centre = random.uniform(0.35, 0.65, 2) * (height, width)
        radii = random.uniform(40, 110, 2)
        distance = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2
        truth = distance + 0.5 * coarse / coarse.std() < 1
        _, pieces, stats, _ = cv2.connectedComponentsWithStats(truth.astype(np.uint8))
        truth = pieces == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        colour, direction = random.uniform(70, 180, 3), random.normal(0, 1, 3)
        other = colour + _CONTRAST * direction / np.linalg.norm(direction)
        ground, figure = (_texture(random, (height, width), each) for each in (colour, other))
        soft = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 0.8)[..., None]
        image = np.clip(soft * figure + (1 - soft) * ground, 0, 255).astype(np.uint8)
        yield Case(f"drawn-{seed:02}", image, truth, np.zeros_like(truth))


def _texture(random: np.random.Generator, shape: tuple[int, int], colour: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros((*shape, 3), np.float32)
    for blur, strength in ((12, 14), (3, 10), (0.8, 10)):
        layer = random.normal(0, 1, (*shape, 1)) + 0.3 * random.normal(0, 1, (*shape, 3))
        smooth = np.asarray(cv2.GaussianBlur(layer.astype(np.float32), (0, 0), blur))
        total += strength * smooth / smooth.std()
    light = np.linspace(-1, 1, shape[1])[None, :, None] * random.uniform(-20, 20)
    return np.asarray(colour + total + light)


def opencv_grabcut(image: Image, clicks: Sequence[Click], box: Box | None) -> Mask:
    """`cv2.grabCut` as its manual shows it: the box as it is; for clicks, the whole photo with the clicks marked."""
    height, width = image.shape[:2]
    marks = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    cv2.setRNGSeed(1)
    for click in clicks:
        mark = cv2.GC_FGD if click.is_object else cv2.GC_BGD
        cv2.circle(marks, (click.x, click.y), max(3, width // 60), int(mark), -1)
    rectangle = (box.x, box.y, box.width, box.height) if box else (0, 0, 1, 1)
    mode = cv2.GC_INIT_WITH_RECT if box else cv2.GC_INIT_WITH_MASK
    bgr = np.ascontiguousarray(image[..., ::-1])
    cv2.grabCut(bgr, marks, rectangle, np.zeros((1, 65)), np.zeros((1, 65)), 5, mode)
    return np.asarray(marks & 1, bool)


def flood(image: Image, clicks: Sequence[Click], box: Box | None) -> Mask:
    """The magic wand: neighbours of like colour, from each click on the object; from a box, its middle."""
    on = [(click.x, click.y) for click in clicks if click.is_object]
    if box:
        on.append((box.x + box.width // 2, box.y + box.height // 2))
    found = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.uint8)
    for place in on:
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
        cv2.floodFill(image.copy(), found, place, 0, (40,) * 3, (40,) * 3, flags)
    return found[1:-1, 1:-1] > 0


def _deepest(region: Mask) -> tuple[float, Click]:
    depth = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(depth.max()), Click(int(column), int(row))


def next_click(case: Case, found: Mask) -> Click:
    """Where the largest mistake is thickest."""
    lacking, (too_much, beyond) = _deepest(case.truth & ~found), _deepest(found & ~case.truth & ~case.unsure)
    return lacking[1] if lacking[0] >= too_much else Click(beyond.x, beyond.y, is_object=False)


@dataclass(frozen=True)
class Try:
    """What one method found from one prompt."""

    case: Case
    found: Mask
    clicks: tuple[Click, ...]
    box: Box | None
    seconds: float


def tries(select: Select, case: Case) -> dict[str, Try]:
    """A loose box, then one click after the other, each answering the method's own mistake."""
    results = {"loose box": _try(select, case, (), case.box)}
    clicks: tuple[Click, ...] = ()
    found = np.zeros_like(case.truth)
    for number in (1, 2, 3):
        clicks += (next_click(case, found),)
        results[f"{number} click{'s' * (number > 1)}"] = tried = _try(select, case, clicks, None)
        found = tried.found
    return {prompt: results[prompt] for prompt in PROMPTS}


def _try(select: Select, case: Case, clicks: tuple[Click, ...], box: Box | None) -> Try:
    began = time.perf_counter()
    try:
        found = select(case.image, clicks, box)
    except NothingFound:
        found = np.zeros_like(case.truth)
    return Try(case, found, clicks, box, time.perf_counter() - began)


def sheet(results: Sequence[Try]) -> Image:
    """What was found, in red, with the truth's border, the clicks and the box; six to a row."""
    tiles = [_tile(each) for each in results]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 6)
    return np.vstack([np.hstack(tiles[first : first + 6]) for first in range(0, len(tiles), 6)])


def _tile(result: Try, side: int = 300) -> Image:
    case = result.case
    around = surrounding(case.truth | case.unsure, 0.4)
    window = (slice(around.y, around.y + around.height), slice(around.x, around.x + around.width))
    seen = case.image.copy()
    seen[result.found] = seen[result.found] // 2 + np.array([127, 0, 0], np.uint8)
    scale = (side - 20) / max(around.width, around.height)
    tile = cv2.resize(seen[window], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.resize(case.truth[window].astype(np.uint8), tile.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    borders, _ = cv2.findContours(small, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, borders, -1, (0, 255, 255), 1)

    def place(x: int, y: int) -> tuple[int, int]:
        return round((x - around.x) * scale), round((y - around.y) * scale)

    if result.box:
        box = result.box
        cv2.rectangle(tile, place(box.x, box.y), place(box.x + box.width, box.y + box.height), (255, 255, 0), 1)
    for click in result.clicks:
        cv2.circle(tile, place(click.x, click.y), 4, (0, 255, 0) if click.is_object else (0, 0, 255), -1)
    whole = np.zeros((side, side, 3), np.uint8)
    whole[20 : 20 + tile.shape[0], : tile.shape[1]] = tile
    label = f"{case.name[-14:]} {case.iou(result.found):.2f}"
    cv2.putText(whole, label, (3, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return whole


def run(folder: Path | None, *, sam: Path | None = None, sheets: Path | None = None, peers: bool = True) -> None:
    """Print a table for each set; for each method and set, write a sheet."""
    methods: dict[str, Select] = {"grabcut": GrabCutSelector().select}
    if sam:
        selector = SamSelector(sam)
        methods[selector.name] = selector.select
    if peers:
        methods |= {"cv2.grabCut": opencv_grabcut, "flood fill": flood}
    print(f"\n## Selections without a mask\n\n{describe()}")
    for title, cases in {"photos": list(photographed(folder)), "drawn": list(drawn())}.items():
        if not cases:
            continue
        print(f"\n{len(cases)} {title}; mean IoU with the truth, and the share of cases above 0.6; mean seconds")
        print("| method | " + " | ".join(PROMPTS) + " | seconds |\n| --- |" + " --- |" * (len(PROMPTS) + 1))
        for name, select in methods.items():
            results = [tries(select, case) for case in cases]
            _print_row(name, results)
            if sheets:
                sheets.mkdir(parents=True, exist_ok=True)
                flat = [each[prompt] for each in results for prompt in PROMPTS]
                cv2.imwrite(str(sheets / f"select-{title}-{name.replace(' ', '-')}.jpg"), sheet(flat)[..., ::-1])


def _print_row(name: str, results: Sequence[dict[str, Try]]) -> None:
    cells = []
    for prompt in PROMPTS:
        scores = np.array([each[prompt].case.iou(each[prompt].found) for each in results])
        cells.append(f"{scores.mean():.3f} ({(scores > 0.6).mean():.0%})")
    seconds = np.mean([each[prompt].seconds for each in results for prompt in PROMPTS])
    print(f"| {name} | {' | '.join(cells)} | {seconds:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--sam", type=Path, help="a directory with a model of the SAM family")
    parser.add_argument("--sheets", type=Path, help="write contact sheets here")
    parser.add_argument("--no-peers", action="store_true", help="leave out the naive ways: OpenCV's takes minutes")
    options = parser.parse_args()
    run(options.folder, sam=options.sam, sheets=options.sheets, peers=not options.no_peers)


if __name__ == "__main__":
    main()
