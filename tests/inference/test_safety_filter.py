"""What a filter is shown of a picture, how it judges, and the five-class model on real photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inference.engines.base import Image
from inference.errors import BadWeights, EngineError
from inference.safety import tfjs
from inference.safety.classifying import ClassifierFilter
from inference.safety.mobilenet import DEFAULT_POLICY, LABELS, MobileNetClassifier, load_classifier
from inference.safety.policy import BadPolicy, Category, Policy
from inference.safety.views import fitted, views_of
from tests import photos
from tests.inference.tiny_tfjs import tiny_model

SHARED = Path(__file__).resolve().parents[3] / "shared"
# A real model and real photos; where they are not at hand, these tests have no cases.
MODEL = [path for path in [SHARED / "models" / "nsfw_mobilenet_v2" / "model.json"] if path.exists()]
ORDINARY = [
    path
    for name in ("bsds500", "kodak", "urban100")
    for path in sorted((SHARED / "photos" / "fill").glob(f"d-{name}-*"))
    if MODEL and ".mask" not in path.name
]

REDNESS = Policy({"red": Category(labels=("red",), review=0.4, block=0.7)})


class Redness:
    """Says how red a view is, and remembers how many it was shown in one go."""

    labels = ("red", "other")
    side_px = 32

    def __init__(self) -> None:
        self.shown: list[int] = []

    def classify(self, views: Sequence[Image]) -> NDArray[np.float32]:
        self.shown.append(len(views))
        red = [float((view[..., 0].astype(int) - view[..., 1] > 100).mean()) for view in views]
        return np.array([[value, 1 - value] for value in red], np.float32)


def _grey(height: int, width: int, *, red: slice = slice(0)) -> Image:
    """A grey picture with some of its columns red."""
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[:, red] = (250, 0, 0)
    return picture


@settings(max_examples=40)
@given(st.integers(1, 700), st.integers(1, 700))
def test_views_are_the_whole_and_squares_of_its_shorter_side(height: int, width: int) -> None:
    whole, *squares = views_of(_grey(height, width), 32)

    assert abs(whole.shape[1] / whole.shape[0] / (width / height) - 1) < 0.1
    assert all(square.shape[0] == square.shape[1] == min(whole.shape[:2]) for square in squares)


@pytest.mark.parametrize(("height", "width"), [(300, 420), (900, 300), (200, 390)])
def test_squares_leave_no_part_out(height: int, width: int) -> None:
    ramp = np.arange(height * width, dtype=np.int64).reshape(height, width)
    picture = np.stack([ramp // 65536, ramp // 256 % 256, ramp % 256], axis=2).astype(np.uint8)

    _, *squares = views_of(picture, 200)

    shown = {int(r) * 65536 + int(g) * 256 + int(b) for square in squares for r, g, b in square.reshape(-1, 3)}
    assert len(shown) == height * width


def test_every_pixel_of_a_large_photo_counts() -> None:
    # Rows that a sampler of every fourth pixel would never see.
    picture = np.zeros((800, 800, 3), np.uint8)
    picture[1::4] = picture[2::4] = 255

    (whole,) = views_of(picture, 100)

    assert abs(float(whole.mean()) - 127.5) < 1


def test_a_view_is_stretched_to_the_size_asked_for() -> None:
    assert fitted(_grey(10, 90), 20, 30).shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("red", "decision"), [(slice(0, 10), "allow"), (slice(0, 60), "review"), (slice(0, 90), "block")]
)
def test_the_view_that_shows_most_decides(red: slice, decision: str) -> None:
    # Of 200 columns: in a square of 100 columns the share is twice that of the whole.
    assert ClassifierFilter("redness", Redness(), REDNESS).check(_grey(100, 200, red=red)).decision == decision


def test_many_pictures_are_judged_as_one_by_one_and_looked_at_together() -> None:
    classifier = Redness()
    judge = ClassifierFilter("redness", classifier, REDNESS)
    pictures = [_grey(100, 100 + 40 * number, red=slice(20 * number)) for number in range(9)]

    together = judge.check_many(pictures)
    calls = len(classifier.shown)

    assert together == [judge.check(picture) for picture in pictures]
    assert calls < len(pictures)


def test_a_policy_for_another_model_is_refused_at_the_start() -> None:
    with pytest.raises(BadPolicy, match="Its labels are red, other"):
        ClassifierFilter("redness", Redness(), DEFAULT_POLICY)


def test_a_model_that_gives_no_numbers_lets_nothing_pass() -> None:
    class Broken(Redness):
        def classify(self, views: Sequence[Image]) -> NDArray[np.float32]:
            return np.full((len(views), 2), np.nan, np.float32)

    with pytest.raises(EngineError):
        ClassifierFilter("broken", Broken(), REDNESS).check(_grey(50, 50))


def test_a_network_with_other_outputs_is_refused(tmp_path: Path) -> None:
    path = tiny_model(outputs=4).write(tmp_path)

    with pytest.raises(BadWeights, match="4 outputs; 5 are expected"):
        load_classifier(path)


def test_a_small_network_judges_pictures_of_any_size(tmp_path: Path) -> None:
    classifier = MobileNetClassifier(tfjs.read_folder(tiny_model().write(tmp_path)), device="cpu")

    found = classifier.classify([photos.gradient(1, 1), photos.gradient(300, 20), photos.with_object()])

    assert found.shape == (3, 5)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_pictures_are_shown_to_the_network_as_rgb_from_0_to_1(tmp_path: Path) -> None:
    tiny = tiny_model()
    picture = photos.with_object(18, 15)  # of the network's size: nothing is resized

    (found,) = MobileNetClassifier(tfjs.read_folder(tiny.write(tmp_path)), device="cpu").classify([picture])

    assert np.allclose(found, tiny.forward(picture / 255), atol=1e-5)


@pytest.fixture(scope="module", params=MODEL, ids=lambda path: path.parent.name)
def real(request: pytest.FixtureRequest) -> ClassifierFilter:
    return ClassifierFilter("nsfw-mobilenet", load_classifier(request.param, device="cpu"), DEFAULT_POLICY)


@pytest.mark.parametrize("photo", ORDINARY, ids=lambda path: path.stem)
def test_an_ordinary_photo_passes(real: ClassifierFilter, photo: Path) -> None:
    picture = np.array(PillowImage.open(photo).convert("RGB"))

    assert real.check(picture).decision == "allow"


def test_a_drawing_passes(real: ClassifierFilter) -> None:
    sketch = np.full((300, 300, 3), 255, np.uint8)
    for radius in range(20, 140, 30):
        cv2.circle(sketch, (150, 150), radius, (40, 40, 40), 3)

    assert real.check(sketch).decision == "allow"


@pytest.mark.parametrize("model", MODEL, ids=lambda path: path.parent.name)
def test_the_real_model_takes_a_landscape_for_neutral(model: Path) -> None:
    picture = np.array(PillowImage.open(SHARED / "photos" / "exif" / "Landscape_1.jpg").convert("RGB"))

    (found,) = load_classifier(model, device="cpu").classify([picture])

    assert found[LABELS.index("Neutral")] > 0.9
