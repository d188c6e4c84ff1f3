"""Ways to write the same lossless picture: seconds and size, ours first.

python -m bench.encode [FOLDER]
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import scenes
from bench.fill import default_folder, pairs
from bench.machine import best_seconds, describe
from inference.codecs.png import write_png
from inference.engines.base import Image as Pixels


def _pillow(pixels: Pixels, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[Pixels], bytes]] = {
    "PNG, ours": lambda pixels: write_png(pixels, "RGB"),
    "PNG, Pillow's default": lambda pixels: _pillow(pixels, "PNG"),
    "PNG, Pillow level 1": lambda pixels: _pillow(pixels, "PNG", compress_level=1),
    "PNG, OpenCV's default": lambda pixels: bytes(cv2.imencode(".png", pixels)[1]),
    "WebP, ours (method 1, effort 20)": lambda pixels: _pillow(pixels, "WEBP", lossless=True, quality=20, method=1),
    "WebP, method 0, effort 0": lambda pixels: _pillow(pixels, "WEBP", lossless=True, quality=0, method=0),
    "WebP, Pillow's default": lambda pixels: _pillow(pixels, "WEBP", lossless=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    run(parser.parse_args().folder)


def run(folder: Path | None) -> None:
    """Print the table."""
    pictures = (
        [np.ascontiguousarray(truth) for _, truth, _ in pairs(folder, 8)] if folder else [scenes.photo(2000, 1500)]
    )
    megapixels = sum(picture.shape[0] * picture.shape[1] for picture in pictures) / 1e6
    print(f"\n## Encoding {len(pictures)} pictures, {megapixels:.0f} megapixels\n\n{describe()}\n")
    print("| writer | seconds a megapixel | MB a megapixel |\n| --- | --- | --- |")
    for name, write in WRITERS.items():
        seconds = sum(best_seconds(lambda: write(picture), times=2, warm=0) for picture in pictures)  # noqa: B023
        size = sum(len(write(picture)) for picture in pictures) / 1e6
        print(f"| {name} | {seconds / megapixels:.3f} | {size / megapixels:.2f} |", flush=True)


if __name__ == "__main__":
    main()
