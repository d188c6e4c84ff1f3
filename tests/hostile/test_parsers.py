"""What is not taken reaches no parser, no program and no network; what is taken costs little. In this process: the site
itself looks at pictures in children, where nobody could watch."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.images import ImageError, inspect_image
from tests.hostile import pictures
from tests.jobs.conftest import photo

TAKEN = {"JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF", "MPO"}

UNWANTED: dict[str, Callable[[], bytes]] = {
    **{name: lambda data=data: data for name, data in pictures.DANGEROUS.items()},  # type: ignore[misc]
    "whole GIF": lambda: photo("GIF"),
    "whole ICO": lambda: photo("ICO"),
    "whole JPEG 2000": lambda: photo("JPEG2000"),
    "SVG": lambda: pictures.SVG_THAT_FETCHES,
    "ZIP": pictures.zip_bomb_like,
    "HEIC": pictures.high_definition_image_container,
}

SLOW: dict[str, Callable[[], bytes]] = {
    "TIFF in circles": pictures.tiff_whose_directory_follows_itself,
    "text bomb": pictures.png_with_text_bomb,
    "profile bomb": pictures.png_with_profile_bomb,
    "endless pixels": pictures.png_with_endless_pixels,
    "text bomb behind the pixels": pictures.png_with_late_text_bomb,
    "a million empty chunks": pictures.png_of_a_million_chunks,
    "claims 65500×65500": lambda: pictures.png_header_only(65_500, 65_500),
}


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch, dialled: list[Any]) -> Iterator[list[str]]:
    """Parsers of formats that are not taken, programs and connections that were started."""
    photo("ICO")  # Pillow registers its many formats when it first saves an unusual one
    called: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            called.append(name)
            raise SyntaxError

        return call

    for name in set(Image.OPEN) - TAKEN:
        monkeypatch.setitem(Image.OPEN, name, (watched(name), None))
    monkeypatch.setattr(subprocess, "Popen", watched("a program"))
    monkeypatch.setattr("os.posix_spawn", watched("a program"))
    yield called
    assert dialled == []


@pytest.mark.parametrize("make", UNWANTED.values(), ids=UNWANTED.keys())
def test_what_is_not_taken_reaches_no_parser(make: Callable[[], bytes], woken: list[str]) -> None:
    with pytest.raises(ImageError):
        inspect_image(make(), megapixels_max=50)

    assert woken == []


def test_the_watch_would_hear_a_parser(woken: list[str]) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(pictures.DANGEROUS["PSD"]))

    assert "PSD" in woken


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW.keys())
def test_a_hostile_file_is_judged_quickly(make: Callable[[], bytes]) -> None:
    data = make()
    started = time.process_time()

    with contextlib.suppress(ImageError):
        inspect_image(data, megapixels_max=50)

    assert time.process_time() - started < 1


_MEMORY_OF_A_LOOK = """
import resource, sys
from jobs.images import ImageError, inspect_image
from pathlib import Path
plain, hostile = (Path(name).read_bytes() for name in sys.argv[1:])
inspect_image(plain, megapixels_max=50)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    inspect_image(hostile, megapixels_max=50)
except ImageError:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    "name", ["endless pixels", "text bomb", "text bomb behind the pixels", "profile bomb", "claims 65500×65500"]
)
def test_a_picture_made_to_take_memory_takes_none(name: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "plain.png").write_bytes(photo())
    (tmp_path / "hostile.png").write_bytes(SLOW[name]())

    done = subprocess.run(
        [sys.executable, "-c", _MEMORY_OF_A_LOOK, tmp_path / "plain.png", tmp_path / "hostile.png"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(done.stdout) < 50_000  # kB
