"""Any request whatsoever to the operation: it is accepted and held at its price, or refused and nothing has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import example, given
from hypothesis import strategies as st

from billing.models import Plan
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job
from tests import photos
from tests.cast import Cast
from tests.fuzz import examples
from tests.jobs.conftest import mask, photo
from tests.mutations import mutated

URL = "/v1/image/remove-object"
FIELDS = (
    "image", "image_url", "mask", "mask_url", "bbox", "rectangles", "output_format", "quality", "metadata_policy", "mode",
    "grow", "feather", "webhook_url", "metadata",
)  # fmt: skip
NOT_FIELDS = ("price", "credits", "user", "operation")
PICTURES = {
    **{kind: photo(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF")},
    **{mode: photo(mode=mode) for mode in ("RGBA", "P", "L", "1", "I;16", "LA")},
    "16-bit": photos.deep_png(3),
    "mask": mask(),
}
GOOD = {
    "bbox": "4,4,10,10",
    "output_format": "png",
    "quality": "80",
    "grow": "3",
    "feather": "2",
    "metadata": '{"a":1}',
}

SEEDS = st.integers(0, 2**32)
DAMAGED = st.builds(
    lambda name, seed: mutated(PICTURES[name], seed, others=tuple(PICTURES.values())),
    st.sampled_from(list(PICTURES)),
    SEEDS,
)
FILES = st.builds(
    lambda data, name, kind: (data, name, kind),
    st.sampled_from(list(PICTURES.values())) | DAMAGED | st.binary(max_size=100),
    st.sampled_from(["photo.png", "", "../../x", "ü\u202e.png", "a" * 300, "x\0y"]),
    st.sampled_from(["image/png", "", "text/html", "multipart/form-data"]),
)
SPELLINGS = st.sampled_from(
    ["4,4,10,10", "0,0,64,48", "-1,0,5,5", "[1,2,3,4]", '{"x":1,"y":1,"w":5,"h":5}', "1e9,1,1,1", "[]", "{}", "null",
     '[{"x":1,"y":1,"width":5,"height":5}]', "15%", "auto", "500px", "png", "jpeg", "webp", "strip_gps", "quality", "100",
     "http://127.0.0.1:1/x", "https://user:pw@example.com/", "file:///etc/passwd", "\0", "\ud800", "=cmd|' /C calc'!A0"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | SPELLINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KNOWN = st.sampled_from(FIELDS)
NAMES = KNOWN | st.sampled_from(NOT_FIELDS) | st.text(max_size=8)  # one unknown name is enough for a refusal
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Idempotency-Key": st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300),
        "Prefer": st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")) | st.just("wait=1, status=200"),
        "Cancel-After": st.sampled_from(["5s", "24h", "0", "-1", "1e3", "99999999h", "ü"]),
        "Accept": st.sampled_from(["text/xml", "*/*;q=0", "application/json; indent=999999"]),
        "Content-Encoding": st.just("gzip"),
        "X-Request-Id": st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80),
        "X-Http-Method-Override": st.just("DELETE"),
    },
)
FORM = st.dictionaries(
    NAMES, SPELLINGS | st.text(max_size=20) | FILES | st.lists(SPELLINGS, min_size=2, max_size=3), max_size=6
)
NEARLY_RIGHT = st.builds(
    lambda picture, target, more: {"image": picture} | target | more,
    FILES,
    FILES.map(lambda file: {"mask": file})
    | SPELLINGS.map(lambda text: {"bbox": text})
    | st.just({"bbox": "4,4,10,10"}),
    st.dictionaries(st.sampled_from(FIELDS[4:]), SPELLINGS, max_size=2) | st.just(GOOD),
)
BODIES = st.dictionaries(KNOWN, JSON, max_size=6) | st.dictionaries(NAMES, JSON, max_size=6)
NEARLY_RIGHT_JSON = st.builds(
    lambda target, more: {"image_url": "https://example.com/PNG", "bbox": target} | more,
    st.just([4, 4, 10, 10]) | JSON,
    # Most often a single odd field: of several only the first would be looked at.
    st.builds(lambda name, value: {name: value}, st.sampled_from(FIELDS[4:]), JSON)
    | st.dictionaries(st.sampled_from(FIELDS[4:]), JSON, max_size=3),
)
RAW = st.binary(max_size=300) | BODIES.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass"))
KINDS = st.sampled_from(
    ["application/json", "application/json; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded", "text/plain", "", "application/json;" + "a" * 500, "multipart/form-data; boundary=ü"]
)  # fmt: skip


@pytest.fixture
def asks(cast: Cast, images: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sends a request of a customer with no limits, and checks that answer, purse, jobs and files agree."""
    cast.set_credits(1_000_000)
    Plan.objects.update(active_jobs_max=1_000_000, requests_per_minute=1_000_000)
    # Addresses lead to our pictures or nowhere; what is fetched is the business of tests/pixelsite/test_fetch.py.
    monkeypatch.setattr("pixelsite.lib.fetch.fetch_bytes", lambda url, **_: PICTURES.get(url[-3:], b"<html>"))
    client = cast.api(cast.alice_key)

    def state() -> tuple[int, int, int, int]:
        return (Job.objects.count(), *cast.credits(), sum(path.is_file() for path in images.rglob("*")))

    def ask(body: Any, headers: dict[str, str], kind: str | None = None) -> None:
        jobs, available, held, files = before = state()
        if kind is None:
            answer = client.post(URL, body, format="multipart", headers=headers)
        else:
            answer = client.generic("POST", URL, body, content_type=kind, headers=headers)
        after = state()

        status, price = answer.status_code, REMOVE_OBJECT.price_credits
        if status in (200, 202) and "Idempotent-Replayed" not in answer:
            has_mask = bool(Job.objects.get(pk=answer.json()["id"]).mask_name)
            assert after == (jobs + 1, available - price, held + price, files + 1 + has_mask)
        else:
            assert status in (200, 202) or 400 <= status < 500 or status == 503, answer.content
            assert after == before, answer.content

    return ask


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _part(value: Any) -> Any:
    if isinstance(value, tuple):
        data, name, kind = value
        return SimpleUploadedFile(name or "x", data, kind)
    return [_clean(item) for item in value] if isinstance(value, list) else _clean(value)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about oddities that it gets over
@examples(150)
@given(form=NEARLY_RIGHT | FORM, headers=HEADERS)
@example(form={"image": (photo(), "x", "image/png"), **GOOD}, headers={})
@example(form={"image": (photo(), "x", "image/png"), "mask": (mask(), "x", "image/png")}, headers={"Prefer": "wait=1"})
@example(form={"image": (photo(), "x", "image/png"), "bbox": "4,4,10,10", "metadata": '{"\\u0000":1}'}, headers={})
def test_any_form_is_accepted_and_held_or_refused_and_nothing_changed(
    asks: Callable[..., None], form: dict[str, Any], headers: dict[str, str]
) -> None:
    asks({_clean(name): _part(value) for name, value in form.items()}, headers)


@examples(300)
@given(body=BODIES | NEARLY_RIGHT_JSON)
@example(body={"image_url": "https://example.com/PNG", "bbox": [4, 4, 10, 10]})
@example(body={"image_url": "https://example.com/PNG", "bbox": [4, 4, 10, 10], "metadata": {"a": "\0"}})
def test_any_json_is_accepted_and_held_or_refused_and_nothing_changed(
    asks: Callable[..., None], body: dict[str, Any]
) -> None:
    asks(json.dumps(body), {}, "application/json")


@examples(150)
@given(body=RAW, kind=KINDS, headers=HEADERS)
def test_any_bytes_are_refused_and_nothing_changed(
    asks: Callable[..., None], body: bytes, kind: str, headers: dict[str, str]
) -> None:
    asks(body, headers, kind)
