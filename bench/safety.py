"""The content filter: seconds per picture, its share of a job, and what it says of ordinary photos.

    python -m bench.safety MODEL [PHOTOS] [--sheet FILE]

MODEL is the models folder with a fetched nsfw-mobilenet, or its published model.json. PHOTOS is a folder with folders of
photos that nobody could object to: whatever is not allowed there is a false alarm, and the sheet shows the nearest to one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from bench import scenes
from bench.cost import Plausible
from bench.machine import best_seconds, describe
from bench.weights import random_big_lama
from inference.engines.base import Engine
from inference.engines.base import Image as Pixels
from inference.engines.registry import load_engine
from inference.known_models import find_model
from inference.pipeline import RemovalRequest
from inference.pipeline import run as remove
from inference.safety import SafetyFilter, Verdict, words
from inference.safety.classifying import ClassifierFilter
from inference.safety.mobilenet import DEFAULT_POLICY, load_classifier
from inference.safety.policy import Category, Policy

_SIZES = {
    "0.3 MP": (640, 480),
    "1 MP": (1024, 1024),
    "2 MP": (1920, 1080),
    "12 MP": (4000, 3000),
    "50 MP": (8160, 6120),
}
_PROMPTS = {
    "remove the man on the left": "a sentence",
    "remove the her naked make clothes " * 58: "2,000 characters of the list's own words",
    "\ufdfa" * 2000: "2,000 characters that fold into 36,000",
}
_NEAREST = 12  # on the sheet
_THUMB_PX = 240
_CUT_OUTS = 24  # of each photo


def default_photos() -> Path | None:
    """The photos at hand, if there are any."""
    folder = Path("../shared/photos")
    return folder if folder.exists() else None


def published_model() -> Path | None:
    """The classifier's published files at hand, if there are any."""
    path = Path("../shared/models/nsfw_mobilenet_v2/model.json")
    return path if path.exists() else None


def load(model: Path, policy: Policy = DEFAULT_POLICY) -> ClassifierFilter:
    path = model / find_model("nsfw-mobilenet").file_name if model.is_dir() else model
    return ClassifierFilter("nsfw-mobilenet", load_classifier(path, device="cpu"), policy)


def _without_consequence(model: Path) -> ClassifierFilter:
    """The same work, but drawn scenes, which no photo looks like, go through."""
    return load(model, Policy({"explicit": Category(labels=("Porn", "Hentai"), review=1.0)}))


def times(judge: ClassifierFilter) -> None:
    print("\nOne check, and one prompt\n\n| picture | ms | ms of processor time |\n| --- | --- | --- |")
    for name, (width, height) in _SIZES.items():
        picture = scenes.photo(width, height)
        print(f"| {name} | {_milliseconds(partial(judge.check, picture))} |")
    for text, name in _PROMPTS.items():
        print(f"| {name} | {_milliseconds(partial(words.check_prompt, text))} |")


def _milliseconds(check: Callable[[], Verdict]) -> str:
    """The best of many runs, by the clock and by the processor: other work on the machine lengthens the former."""
    wall = best_seconds(check, times=20)
    cpu = min(_cpu_seconds(check) for _ in range(20))
    return f"{1e3 * wall:.1f} | {1e3 * cpu:.1f}"


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


class _Timed:
    """Adds up the seconds that a filter takes."""

    def __init__(self, judge: SafetyFilter) -> None:
        self._judge, self.name, self.seconds = judge, judge.name, 0.0

    def check(self, image: Pixels) -> Verdict:
        started = time.perf_counter()
        try:
            return self._judge.check(image)
        finally:
            self.seconds += time.perf_counter() - started


def shares(judge: SafetyFilter) -> None:
    """Of a job that fills 5 % of a photo: two checks, of what comes in and of what goes out."""
    print("\nJobs of a 5 % hole in a JPEG, medians\n")
    print("| engine | photo | job, s | of it both checks, ms | share |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        lama = Plausible(load_engine("lama", weights_path=random_big_lama(Path(folder)), device="cpu"))
    for engine in (load_engine("exemplar"), lama):
        for size in ("1 MP", "2 MP"):
            jobs, checks = _medians(size, engine, judge)
            print(f"| {engine.spec.name} | {size} | {jobs:.2f} | {1e3 * checks:.0f} | {checks / jobs:.0%} |")


def _medians(size: str, engine: Engine, judge: SafetyFilter) -> tuple[float, float]:
    """Seconds of a job, and of the checks in it."""
    width, height = _SIZES[size]
    request = RemovalRequest(
        image=scenes.jpeg(scenes.photo(width, height)),
        mask_png=scenes.png_mask(scenes.one_hole(width, height, 0.05)),
    )
    jobs, checks = [], []
    for _ in range(8):
        timed, started = _Timed(judge), time.perf_counter()
        remove(request, engines=(engine,), safety=timed, on_progress=lambda stage, percent: None)
        jobs.append(time.perf_counter() - started)
        checks.append(timed.seconds)
    return statistics.median(jobs[1:]), statistics.median(checks[1:])  # the first warms up


@dataclass(frozen=True)
class _Seen:
    path: Path
    verdict: Verdict
    thumb: Image.Image

    @property
    def score(self) -> float:
        return max(self.verdict.scores.values())


def cut_outs(judge: ClassifierFilter, photos: Path) -> None:
    """The same photos as many more pictures: squares of random place and size, framed as nobody would frame them."""
    random = np.random.default_rng(0)
    counts = dict.fromkeys(("allow", "review", "block"), 0)
    for _, picture in _ordinary(photos):
        short = min(picture.shape[:2])
        for _ in range(_CUT_OUTS):
            side = int(short * random.uniform(0.3, 1))
            top, left = (int(random.integers(0, length - side + 1)) for length in picture.shape[:2])
            counts[judge.check(picture[top : top + side, left : left + side]).decision] += 1
    print(f"\n{sum(counts.values())} squares cut out of them: {counts}")


def false_alarms(judge: ClassifierFilter, photos: Path, sheet: Path | None) -> None:
    seen = [_Seen(path, judge.check(picture), _thumb(picture)) for path, picture in _ordinary(photos)]
    print("\nOrdinary photos\n\n| folder | photos | allow | review | block | highest score | of |\n|" + " --- |" * 7)
    for folder in sorted({one.path.parent for one in seen}):
        own = [one for one in seen if one.path.parent == folder]
        counts = [sum(one.verdict.decision == decision for one in own) for decision in ("allow", "review", "block")]
        highest = max(own, key=lambda one: one.score)
        cells = (folder.name, len(own), *counts, f"{highest.score:.2f}", highest.path.name)
        print(f"| {' | '.join(map(str, cells))} |")
    ordered = sorted(seen, key=lambda one: -one.score)[:_NEAREST]
    print("\nNearest to an alarm: " + ", ".join(f"{one.path.name} {one.score:.2f}" for one in ordered))
    if sheet is not None:
        _write_sheet(ordered, sheet)


def _ordinary(photos: Path) -> Iterator[tuple[Path, Pixels]]:
    for path in sorted(photos.glob("*/*")):
        if path.suffix in (".jpg", ".png") and ".mask" not in path.name:
            with Image.open(path) as opened:
                yield path, np.array(opened.convert("RGB"))


def _thumb(picture: Pixels) -> Image.Image:
    thumb = Image.fromarray(picture)
    thumb.thumbnail((_THUMB_PX, _THUMB_PX))
    return thumb


def _write_sheet(seen: list[_Seen], sheet: Path) -> None:
    canvas = Image.new("RGB", (4 * _THUMB_PX, -(-len(seen) // 4) * _THUMB_PX))
    for number, one in enumerate(seen):
        canvas.paste(one.thumb, (number % 4 * _THUMB_PX, number // 4 * _THUMB_PX))
    canvas.save(sheet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", nargs="?", type=Path, default=default_photos())
    parser.add_argument("--sheet", type=Path, help="a picture of the photos nearest to an alarm")
    options = parser.parse_args()

    run(options.model, options.photos, sheet=options.sheet)


def run(model: Path, photos: Path | None, *, sheet: Path | None = None) -> None:
    """Print the tables; `photos` are looked at where there are any."""
    print(f"\n## Content filter\n\n{describe()}")
    judge = load(model)
    times(judge)
    if photos is not None:
        false_alarms(judge, photos, sheet)
        cut_outs(judge, photos)
    shares(_without_consequence(model))


if __name__ == "__main__":
    main()
