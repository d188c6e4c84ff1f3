"""What callers write, in any form: every parser gives a value or its own refusal."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from jobs import idempotency
from jobs.api.preferences import (
    CancelAfterInvalid,
    Preferences,
    asked_wait_s,
    cancel_after_s,
    preferences_of,
)
from jobs.api.waiting import WAIT_S_MAX
from jobs.images import ImageError, ImageFacts, NormalisedMask, inspect_image, normalise_mask
from jobs.targets import (
    COORDINATE_MAX,
    Box,
    Grow,
    TargetError,
    boxes_from_json,
    boxes_to_json,
    parse_rectangles,
)
from tests import photos
from tests.fuzz import examples, outcome
from tests.mutations import mutated

# Pillow warns of oddities that it then gets over.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SEEDS = st.integers(0, 2**32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["x", "y", "w", "width", "a"]), inner),
    max_leaves=10,
)
NEARLY_A_BOX = st.fixed_dictionaries({name: JSON | st.integers(0, 9) for name in ("x", "y", "width", "height")})
WRITTEN = JSON | NEARLY_A_BOX | st.lists(NEARLY_A_BOX) | JSON.map(json.dumps) | NEARLY_A_BOX.map(json.dumps)
BOXES = st.builds(
    Box, *[st.integers(-COORDINATE_MAX, COORDINATE_MAX)] * 2, *[st.integers(1, COORDINATE_MAX)] * 2
)  # fmt: skip


@examples(400)
@given(value=WRITTEN | st.text())
@example(value="[" * 100_000)
@example(value="1" * 5000)
@example(value="[" + "9" * 5000 + ",1,1,1]")
@example(value=[float("nan"), float("inf"), 1e308, 2**63])
@example(value='{"x":1,"x":1,"y":1,"width":1,"height":1}')
@pytest.mark.parametrize("parse", [Box.parse, Grow.parse, parse_rectangles, lambda value: boxes_from_json([value])])
def test_a_target_is_read_or_refused(parse, value: Any) -> None:
    found = outcome(lambda: parse(value), TargetError)

    assert not isinstance(found, TargetError) or found.status in (400, 422)


@examples(250)
@given(numbers=st.lists(st.integers() | st.floats() | st.integers(-9, 9), min_size=4, max_size=4))
@example(numbers=[1e308, 1, 1, 1])
def test_a_box_that_is_read_is_made_of_numbers_that_can_be_pixels(numbers: list[float]) -> None:
    found = outcome(lambda: Box.parse(numbers), TargetError)

    assert isinstance(found, TargetError) or max(map(abs, found.to_json().values())) <= COORDINATE_MAX


@examples(300)
@given(boxes=st.lists(BOXES, min_size=1, max_size=50))
def test_boxes_come_back_from_storage_as_they_were(boxes: list[Box]) -> None:
    stored = json.loads(json.dumps(boxes_to_json(boxes)))

    assert list(boxes_from_json(stored)) == boxes


@examples(300)
@given(
    box=BOXES, spelling=st.sampled_from(["{0.x},{0.y},{0.width},{0.height}", "[{0.x}, {0.y}, {0.width}, {0.height}]"])
)
def test_a_box_is_the_same_however_it_is_spelt(box: Box, spelling: str) -> None:
    assert Box.parse(spelling.format(box)) == Box.parse(box.to_json()) == box


@examples(300)
@given(
    grow=st.builds(Grow, px=st.integers(0, 500))
    | st.builds(Grow, percent=st.integers(1, 100_000).map(lambda n: n / 1000))
)
def test_growth_comes_back_from_storage_as_it_was(grow: Grow) -> None:
    assert Grow.parse(str(grow)) == grow


FILES = {name: make() for name, make in {**photos.LOSSLESS, **photos.LOSSY}.items()}


@examples(400)
@given(seed=SEEDS)
def test_a_damaged_picture_is_described_or_refused(seed: int) -> None:
    names = sorted(FILES)
    data = mutated(FILES[names[seed % len(names)]], seed, others=tuple(FILES.values()))

    found = outcome(lambda: inspect_image(data, megapixels_max=50), ImageError)

    assert isinstance(found, ImageFacts) or found.status in (400, 413, 422)


MASKS = {**FILES, "mask": photos.sample_mask()}


@examples(400)
@given(seed=SEEDS)
def test_a_damaged_mask_is_normalised_or_refused(seed: int) -> None:
    names = sorted(MASKS)
    data = mutated(MASKS[names[seed % len(names)]], seed, others=(MASKS["mask"],))

    found = outcome(lambda: normalise_mask(data, size=(photos.WIDTH, photos.HEIGHT), megapixels_max=50), ImageError)

    assert isinstance(found, NormalisedMask) or found.status in (400, 413, 422)


def _request(**headers: str) -> Request:
    return Request(
        APIRequestFactory().get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    )


HEADERS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200) | st.lists(
    st.sampled_from(
        ["wait", "=", "60", "-1", ",", ";", '"', "respond-async", "status=200", " ", "\t", "s", "m", "h", "1e9"]
    )
).map("".join)


@examples(250)
@given(prefer=HEADERS)
@example(prefer="wait=" + "9" * 900)
@example(prefer="wait" + " " * 900 + ";")
def test_any_prefer_header_is_honoured_or_ignored(prefer: str) -> None:
    said = preferences_of(_request(prefer=prefer))

    assert isinstance(said, Preferences)
    assert said.wait_s in (None, *range(WAIT_S_MAX + 1))
    assert said.status in (None, 200, 202)
    assert said.applied.isascii()


@examples(250)
@given(written=HEADERS)
def test_any_cancel_after_header_is_a_time_in_its_bounds_or_refused(written: str) -> None:
    found = outcome(lambda: cancel_after_s(_request(cancel_after=written)), CancelAfterInvalid)

    assert isinstance(found, CancelAfterInvalid) or found in range(5, 24 * 3600 + 1)


@examples(250)
@given(written=st.text(max_size=50) | st.integers().map(str))
def test_any_wait_is_seconds_up_to_sixty_or_no_wait(written: str) -> None:
    request = Request(APIRequestFactory().get("/", {"wait": written}))

    assert asked_wait_s(request) in (None, *range(WAIT_S_MAX + 1))


@examples(250)
@given(key=HEADERS | st.text(max_size=300))
def test_any_idempotency_key_is_kept_as_it_is_or_refused(key: str) -> None:
    found = outcome(lambda: idempotency.check_key(key), idempotency.IdempotencyKeyInvalid)

    assert (found == key) == bool(re.fullmatch(r"[ -~]{1,255}", key))


FIELDS = st.dictionaries(st.text(max_size=10), JSON, max_size=4)
CONTENTS = st.dictionaries(st.sampled_from(["image", "mask"]), st.binary(max_size=50))


def _fingerprint(fields: dict[str, Any], contents: dict[str, bytes]) -> str:
    files = {name: io.BytesIO(data) for name, data in contents.items()}
    return idempotency.fingerprint_of(method="POST", path="/v1/image/remove-object", fields=fields, files=files)


@examples(300)
@given(fields=FIELDS, contents=CONTENTS)
def test_the_same_request_has_the_same_fingerprint_in_any_order(
    fields: dict[str, Any], contents: dict[str, bytes]
) -> None:
    turned = dict(reversed(fields.items())), dict(reversed(contents.items()))

    assert _fingerprint(fields, contents) == _fingerprint(*turned)


@examples(400)
@given(one=FIELDS, other=FIELDS, contents=CONTENTS, others=CONTENTS)
@example(one={"a": "1"}, other={"a": 1}, contents={}, others={})
@example(one={"a": "\ud800"}, other={"a": "?"}, contents={}, others={})
@example(one={"image": "x"}, other={}, contents={}, others={"image": b"x"})
def test_different_requests_have_different_fingerprints(
    one: dict[str, Any], other: dict[str, Any], contents: dict[str, bytes], others: dict[str, bytes]
) -> None:
    def whole(fields: dict[str, Any], files: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
        return json.dumps(fields, sort_keys=True), files

    same = whole(one, contents) == whole(other, others)

    assert (_fingerprint(one, contents) == _fingerprint(other, others)) == same
