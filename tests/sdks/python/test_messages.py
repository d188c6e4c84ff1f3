"""What is sent for what is called, and what is read from what comes back: no network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pixelsite_client import (
    ApiError,
    InsufficientCredits,
    Job,
    JobFailed,
    KeyCapReached,
    PixelsiteError,
    RateLimited,
    ServiceUnavailable,
    errors,
    messages,
    options,
)
from pixelsite_client.filters import usage_filters
from pixelsite_client.messages import Answer

from jobs.api.requests import RemoveObjectSerializer, SegmentSerializer
from jobs.targets import Box, parse_points, parse_rectangles

BYTES = b"a picture"


def test_every_argument_is_a_parameter_of_the_site() -> None:
    everything: dict[str, Any] = {
        "bbox": (1, 2, 3, 4), "boxes": [(1, 2, 3, 4)], "points": [(1, 2)], "labels": [1], "box": (1, 2, 3, 4),
        "prompt": "x", "segmentation": [[0, 0, 9, 0, 9, 9]], "grow": "15%", "metadata": {"a": 1}, "feather": 2,
        "output_format": "png", "quality": 90, "metadata_policy": "strip", "mode": "fast", "mask": BYTES,
        "webhook_url": "https://example.com/", "idempotency_key": "k", "cancel_after": "5m",
    }  # fmt: skip

    request = messages.removal(BYTES, everything)

    assert set(everything) == options.REMOVE
    assert {*request.fields, *request.files} <= set(RemoveObjectSerializer().fields)
    assert len(request.fields) + len(request.files) == len(everything) - 2 + 1  # two go as headers; the image is added


def test_typed_arguments_and_known_ones_are_the_same() -> None:
    # A name in one list and not in the other would be refused by the type checker or at run time only.
    assert set(options.RemoveCall.__annotations__) | set(options.Removal.__annotations__) <= options.REMOVE
    assert _names(options.RemoveCall) == options.REMOVE
    assert _names(options.FindCall) == options.FIND
    assert _names(options.Removal) == options.ESTIMATE


def _names(kind: Any) -> set[str]:
    return set(kind.__required_keys__ | kind.__optional_keys__)


def test_finding_sends_what_the_site_knows() -> None:
    request = messages.finding(BYTES, {"points": [(1, 2)], "grow": 3, "metadata": {"a": 1}})

    assert {*request.fields, *request.files} <= set(SegmentSerializer().fields)


@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 2, *[st.integers(1, 5000)] * 2), min_size=1, max_size=50))
def test_boxes_arrive_as_they_were_given(boxes: list[tuple[int, int, int, int]]) -> None:
    request = messages.removal(BYTES, {"boxes": boxes, "bbox": boxes[0]})

    assert parse_rectangles(request.fields["rectangles"]) == tuple(Box(*box) for box in boxes)
    assert Box.parse(request.fields["bbox"]) == Box(*boxes[0])


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=50))
def test_points_without_labels_are_on_the_object(points: list[tuple[int, int]]) -> None:
    request = messages.removal(BYTES, {"points": points})

    clicks = parse_points(request.fields["points"], request.fields["labels"])
    assert [(click.x, click.y, click.is_object) for click in clicks] == [(x, y, True) for x, y in points]


def test_arrays_and_numbers_of_numpy_are_understood() -> None:
    request = messages.removal(BYTES, {"points": np.array([[1, 2]]), "bbox": tuple(np.arange(1, 5))})

    assert json.loads(request.fields["points"]) == [[1, 2]]
    assert json.loads(request.fields["bbox"]) == {"x": 1, "y": 2, "width": 3, "height": 4}


def test_a_misspelt_argument_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(TypeError, match="Did you mean 'prompt'"):
        messages.removal(BYTES, {"promt": "the cat"})


def test_arguments_of_none_are_not_sent() -> None:
    assert messages.removal(BYTES, {"prompt": "x", "grow": None, "mask": None}).fields == {"prompt": "x"}


def test_a_zero_is_sent() -> None:
    assert messages.removal(BYTES, {"prompt": "x", "grow": 0}).fields["grow"] == "0"


def test_an_estimate_uses_up_no_key() -> None:
    request = messages.estimate(BYTES, {"prompt": "x"})

    assert (request.fields["dry_run"], request.idempotency_key) == ("true", None)


def test_pictures_may_be_paths_files_bytes_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(BYTES)
    with path.open("rb") as file:
        sent = [messages.removal(one, {"prompt": "x"}) for one in (path, str(path), file, BYTES, bytearray(BYTES))]
    by_address = messages.removal("https://example.com/photo.jpg", {"mask": "HTTPS://example.com/mask.png"})

    assert [request.files["image"].content for request in sent] == [BYTES] * 5
    assert [request.files["image"].name for request in sent] == ["photo.jpg"] * 3 + ["picture"] * 2
    assert dict(by_address.fields) == {
        "image_url": "https://example.com/photo.jpg", "mask_url": "HTTPS://example.com/mask.png",
    }  # fmt: skip
    assert not by_address.files


def test_a_file_opened_as_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("x")
    with (tmp_path / "photo.jpg").open() as file, pytest.raises(TypeError, match="binary"):
        messages.removal(file, {"prompt": "x"})  # type: ignore[arg-type]


@pytest.mark.parametrize("picture", [None, 5, object()])
def test_what_is_no_picture_is_refused(picture: Any) -> None:
    with pytest.raises(TypeError, match="path, bytes, a file or an address"):
        messages.removal(picture, {"prompt": "x"})


@pytest.mark.parametrize("key", ["", "a" * 256, "ключ", "a\nb"])
def test_a_key_the_site_would_refuse_is_refused_before(key: str) -> None:
    with pytest.raises(PixelsiteError, match="idempotency_key"):
        messages.removal(BYTES, {"prompt": "x", "idempotency_key": key})


def test_an_id_cannot_lead_elsewhere() -> None:
    assert messages.one_job("../account/balance?x=1").path == "/v1/image/..%2Faccount%2Fbalance%3Fx%3D1"


def test_only_the_cursor_of_the_next_page_is_believed() -> None:
    told = b'{"next": "https://evil.example/v1/account/usage?cursor=abc&limit=2", "previous": null, "results": []}'

    page = messages.read_usage(Answer(200, {}, told))

    assert page.next_cursor == "abc"


def test_times_are_read_with_their_zone() -> None:
    told = {"id": "1", "status": "queued", "operation": "x", "credits_used": 0, "created_at": "2026-02-19T08:00:00Z"}

    assert Job.from_json(told).created_at == datetime(2026, 2, 19, 8, tzinfo=UTC)


def test_what_a_later_site_adds_is_kept_and_does_no_harm() -> None:
    told = {"id": "1", "status": "dreaming", "operation": "x", "credits_used": 0, "mood": "calm", "error": None}

    job = Job.from_json(told)

    assert (job.is_ended, job.raw["mood"]) == (False, "calm")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.sampled_from(
    ["id", "status", "operation", "credits_used", "error", "warnings", "created_at", "code", "message"]), inner)))  # fmt: skip
def test_whatever_is_answered_is_read_or_refused(body: Any) -> None:
    answer = Answer(200, {}, json.dumps(body).encode())

    try:
        read: Job | str = messages.read_job(answer)
    except ApiError as error:
        read = error.code

    assert isinstance(read, Job) or read == "unexpected_answer"


@given(st.integers(300, 599), st.binary(max_size=200))
def test_every_refusal_is_an_api_error(status: int, content: bytes) -> None:
    error = errors.error_of_answer(status=status, headers={"x-request-id": "abc"}, content=content)

    assert (error.status, error.request_id, bool(error.message)) == (status, "abc", True)


def _refusal(status: int, code: str, detail: str = "Not so.", **headers: str) -> ApiError:
    content = json.dumps({"detail": detail, "code": code, "param": "grow", "request_id": "r"}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return errors.error_of_answer(status=status, headers=named, content=content)


def test_too_few_credits_say_how_many() -> None:
    error = _refusal(402, "insufficient_credits", "Insufficient credits. Required: 5, available: 2. Upgrade at …")

    assert isinstance(error, InsufficientCredits)
    assert (error.required, error.available) == (5, 2)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(402, "key_cap_reached", KeyCapReached), (402, "account_in_debt", InsufficientCredits),
     (429, "rate_limited", RateLimited), (503, "queue_full", ServiceUnavailable)],
)  # fmt: skip
def test_errors_are_named_for_status_and_code(status: int, code: str, kind: type[ApiError]) -> None:
    assert type(_refusal(status, code)) is kind


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)

    seconds = errors.retry_after_s({"retry-after": "Wed, 25 Nov 2026 08:00:30 GMT"}, now=now)

    assert seconds == 30


@given(st.text(max_size=40))
def test_an_unreadable_retry_after_is_none_or_a_number(written: str) -> None:
    seconds = errors.retry_after_s({"retry-after": written})

    assert seconds is None or seconds >= 0


def test_a_job_that_failed_says_why() -> None:
    told = {"id": "1", "status": "failed", "operation": "x", "credits_used": 0,
            "error": {"code": "nothing_found", "message": "Nothing was found."}}  # fmt: skip

    error = errors.error_of_job(Job.from_json(told), request_id="abc")

    assert isinstance(error, JobFailed)
    assert (error.code, str(error)) == ("nothing_found", "Nothing was found. (request abc)")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        usage_filters(status=None, operation=None, since=datetime(2026, 1, 1), until=None, page_size=9)  # noqa: DTZ001
