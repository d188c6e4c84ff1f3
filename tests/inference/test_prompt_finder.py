"""From a sentence to a mask: what it names, nothing else; else a reason that the person who asked can act on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from inference.engines.base import Image, Mask
from inference.errors import NothingFound
from inference.targets.prompt import Finder, FinderSetup, NotUnderstood
from inference.targets.prompt.networks import NetworkNotReady

SHARED = Path(__file__).resolve().parents[3] / "shared"
SEGMENTERS, CASES = SHARED / "models" / "segmenters", SHARED / "photos" / "cases"
# Facts about public models and photos; where they are not at hand, these tests have no cases.
FOUND = [
    ("ia_cat.jpg", "remove the cat"),
    ("io_bench.jpg", "remove the dog"),
    ("io_unwant_person.jpg", "remove the person on the left"),
    ("io_unwant_person.jpg", "remove the person in the background"),
    ("io_unwant_person.jpg", "remove all people except the largest person"),
    ("migan-obj-07.png", "remove the surfer"),
    ("migan-obj-11.png", "remove the person on the right"),
    ("watermark-1.jpg", "remove the watermark in the bottom-right corner"),
]  # fmt: skip
NOT_FOUND = [
    ("ia_cat.jpg", "remove the dog"),
    ("ia_cat.jpg", "remove the watermark"),
    ("io_unwant_person.jpg", "remove the woman"),
    ("migan-obj-13.png", "remove the lamb"),
    ("io_bench.jpg", "remove the people"),
]
IF_SHARED = SEGMENTERS.is_dir() and CASES.is_dir()


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder.load(FinderSetup())


@pytest.fixture(scope="module")
def whole() -> Finder:
    return Finder.load(
        FinderSetup(
            class_model=SEGMENTERS / "deeplabv3_257_mv_gpu.tflite",
            person_model=SEGMENTERS / "selfie_segmentation.tflite",
        )
    )


def surface(height: int = 320, width: int = 520) -> Image:
    coarse = np.random.default_rng(3).normal(110, 14, (height // 20, width // 20, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def with_text(image: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int] = (255, 255, 255)) -> Image:
    sheet = Pillow.fromarray(image)
    ImageDraw.Draw(sheet).text(at, text, font=ImageFont.load_default(30), fill=colour)
    return np.asarray(sheet)


@pytest.fixture(scope="module")
def signed() -> Image:
    """Writing in two corners and a date in a third."""
    image = with_text(surface(), "Main Street", (20, 12))
    image = with_text(image, "© PhotoMark", (320, 270))
    return with_text(image, "2004 08 15", (20, 270), (255, 140, 30))


def centre(mask: Mask) -> tuple[float, float]:
    """x and y in shares of the picture."""
    rows, columns = np.nonzero(mask)
    return float(columns.mean() / mask.shape[1]), float(rows.mean() / mask.shape[0])


@pytest.mark.parametrize(
    ("prompt", "is_right", "is_low"),
    [
        ("remove the text in the top left corner", False, False),
        ("remove the watermark", True, True),
        ("remove the watermark in the bottom-right corner", True, True),
        ("remove the date stamp", False, True),
    ],
)
def test_of_several_pieces_of_writing_the_one_that_is_named_is_marked(
    finder: Finder, signed: Image, prompt: str, is_right: bool, is_low: bool
) -> None:
    found = finder.find(signed, prompt)

    assert len(found.parts) == 1
    x, y = centre(found.mask)
    assert (x > 0.5, y > 0.5) == (is_right, is_low)


def test_what_is_to_stay_is_not_marked(finder: Finder, signed: Image) -> None:
    found = finder.find(signed, "remove all text except the text in the top left corner")

    assert found.mask.any()
    assert not found.mask[:100].any()


def test_the_answer_says_how_the_sentence_was_understood(finder: Finder, signed: Image) -> None:
    assert finder.find(signed, "erase the caption at the top, please").understood == "the caption at the top"


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("remove the unicorn", "'unicorn' is nothing that can be found by name here"),
        ("remove everything except the text", "'everything' names no single thing"),
        ("keep the text", "the text should stay. Nothing in the sentence says what to remove"),
        ("don't remove the text", "Nothing in the sentence says what to remove"),
        ("make it nicer", "Nothing in the sentence says what to remove"),
        ("", "Nothing in the sentence says what to remove"),
        ("entfernen Sie den Hund", "can be found by name here"),
        ("remove the text and the unicorn", "'unicorn'"),
        ("remove the dog", "needs a model that is not installed here"),
        ("remove the text, keep the text", "cannot be told"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_what_can_be_named(
    finder: Finder, signed: Image, prompt: str, reason: str
) -> None:
    with pytest.raises(NotUnderstood, match=reason):
        finder.find(signed, prompt)


def test_nothing_found_says_what_was_looked_for(finder: Finder) -> None:
    with pytest.raises(NothingFound, match=r"^Understood: the watermark in the top left corner\. Nothing like that"):
        finder.find(surface(), "the watermark in the top-left corner")


def test_a_sign_in_the_scene_is_no_watermark(finder: Finder) -> None:
    with pytest.raises(NothingFound):
        finder.find(with_text(surface(), "Bakery", (180, 130)), "remove the watermark")


def test_it_says_what_can_be_named(finder: Finder) -> None:
    assert finder.name == "text"
    assert finder.describe() == {
        "name": "text",
        "written": ["text", "watermark", "date stamp"],
        "classes": [],
        "vocabulary": None,
    }


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"no network")

    with pytest.raises(NetworkNotReady, match=r"model\.tflite cannot be loaded"):
        Finder.load(FinderSetup(class_model=tmp_path / "model.tflite"))


@pytest.mark.parametrize(("name", "prompt"), FOUND if IF_SHARED else [])
def test_things_in_photos_are_found(whole: Finder, name: str, prompt: str) -> None:
    image = np.asarray(Pillow.open(CASES / name).convert("RGB"))
    removed = Pillow.open(CASES / f"{Path(name).stem}.mask.png").convert("L").resize(image.shape[1::-1])

    mask = whole.find(image, prompt).mask

    assert (np.asarray(removed) > 127)[mask].mean() > 0.9  # others painted these masks, with room to spare


@pytest.mark.parametrize(("name", "prompt"), NOT_FOUND if IF_SHARED else [])
def test_what_is_not_there_or_not_told_apart_is_not_found(whole: Finder, name: str, prompt: str) -> None:
    image = np.asarray(Pillow.open(CASES / name).convert("RGB"))

    with pytest.raises(NothingFound):
        whole.find(image, prompt)
