"""Pictures of a batch that go to the site together: one request, one key, and an end for each."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pixelsite_client import ConnectionFailed, InsufficientCredits, InvalidRequest, Pixelsite

from tests.sdks.python.callers import Caller
from tests.sdks.python.conftest import KEY
from tests.sdks.python.faulty import RESET, Faulty, Heard, Said, completed, refused

BATCH = "7d3f0a3e-0000-4000-8000-00000000000b"
POOR = "Insufficient credits. Required: 5, available: 2. Upgrade at https://pixelsite.example/pricing"
SUBMIT = "/v1/image/remove-object/batch"


def line(index: int, code: str = "", message: str = "Not so.") -> dict[str, Any]:
    """A picture that was accepted, or refused with this code."""
    job_id = None if code else f"7d3f0a3e-0000-4000-8000-0000000001{index:02d}"
    return {
        "index": index, "filename": f"{index}.jpg", "id": job_id, "generation_id": job_id,
        "status": "failed" if code else "queued", "progress": 100 if code else 0,
        "credits_used": 0.0 if code else 5.0, "output_url": None,
        "error": {"code": code, "message": message} if code else None, "error_message": None, "warnings": [],
    }  # fmt: skip


def told(*lines: dict[str, Any], **differences: Any) -> Said:
    refused_count = sum(each["id"] is None for each in lines)
    return Said(202, {
        "id": BATCH, "batch_id": BATCH, "operation": "remove-object", "status": "queued", "total": len(lines),
        "accepted": len(lines) - refused_count, "refused": refused_count, "counts": {}, "progress": 0,
        "credits_used": 0.0, "results_url": None, "created_at": "2026-11-25T01:40:00Z", "ended_at": None,
        "jobs": list(lines), **differences,
    })  # fmt: skip


def sent(heard: Heard) -> dict[str, list[bytes]]:
    """The fields of a form, each with what it holds."""
    boundary = heard.headers["content-type"].partition("boundary=")[2].encode()
    fields: dict[str, list[bytes]] = {}
    for part in heard.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        found = re.search(rb' name="([^"]+)"', head)
        assert found is not None
        fields.setdefault(found[1].decode(), []).append(content.removesuffix(b"\r\n"))
    return fields


def requests(faulty: Faulty) -> list[tuple[str, str]]:
    return [(heard.method, heard.path.partition("?")[0]) for heard in faulty.heard]


def test_pictures_go_together_and_each_ends_for_itself(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [told(line(0), line(1, "mask_empty"), line(2)), completed(), completed()]

    batch = call_faulty("batch", [b"one", b"two", b"three"], prompt="the cat", progress=False, concurrency=1)

    assert [item.is_done for item in batch] == [True, False, True]
    assert isinstance(batch[1].error, InvalidRequest)
    assert (batch[1].error.code, batch.credits_used, batch.batch_ids) == ("mask_empty", 10.0, (BATCH,))
    assert [method for method, _ in requests(faulty)] == ["POST", "GET", "GET"]
    assert sent(faulty.heard[0]) == {"prompt": [b"the cat"], "images": [b"one", b"two", b"three"]}


def test_every_picture_may_have_its_own_mask(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [told(line(0), line(1)), completed(), completed()]
    pairs: list[Any] = [(b"one", b"mask one"), {"image": b"two", "mask": b"mask two"}]

    call_faulty("batch", pairs, progress=False, concurrency=1)

    assert sent(faulty.heard[0]) == {"images": [b"one", b"two"], "masks": [b"mask one", b"mask two"]}


@pytest.mark.parametrize("is_file", [False, True])
def test_one_mask_is_sent_once_for_all(call_faulty: Caller, faulty: Faulty, is_file: bool) -> None:
    faulty.script = [told(line(0), line(1)), completed(), completed()]

    call_faulty("batch", [b"one", b"two"], mask=io.BytesIO(b"mask") if is_file else b"mask", progress=False)

    assert sent(faulty.heard[0]) == {"images": [b"one", b"two"], "masks": [b"mask"]}


def test_a_hundred_and_twenty_take_three_requests_and_three_keys(call_faulty: Caller, faulty: Faulty) -> None:
    sizes = (50, 50, 20)
    faulty.script = []
    for size in sizes:
        faulty.script += [told(*(line(index) for index in range(size))), *[completed()] * size]

    batch = call_faulty("batch", [b"one"] * 120, prompt="x", progress=False, concurrency=1)

    posts = [heard for heard in faulty.heard if heard.method == "POST"]
    assert (len(batch.done), [len(sent(heard)["images"]) for heard in posts]) == (120, [50, 50, 20])
    assert len({heard.headers["idempotency-key"] for heard in posts}) == 3


def test_a_second_try_of_the_same_pictures_has_the_same_key(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [RESET, told(line(0), line(1)), completed(), completed()]

    batch = call_faulty("batch", [b"one", b"two"], prompt="x", progress=False, concurrency=1)

    first, second = faulty.keys()[:2]
    assert (len(batch.done), first == second, first is not None) == (2, True, True)


def test_large_pictures_are_not_all_kept_at_once(
    call_faulty: Caller, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pixelsite_client.bulk._BYTES_MAX", 8)
    faulty.script = [told(line(0), line(1)), completed(), completed()] * 2

    call_faulty("batch", [b"four"] * 4, prompt="x", progress=False, concurrency=1)

    assert [len(sent(heard)["images"]) for heard in faulty.heard if heard.method == "POST"] == [2, 2]


def test_what_has_arguments_of_its_own_goes_by_itself(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed(), told(line(0), line(1)), completed(), completed(), completed()]
    pairs: list[Any] = [{"image": b"zero", "prompt": "the dog"}, b"one", b"two", "https://example.com/photo.jpg"]

    batch = call_faulty("batch", pairs, prompt="the cat", progress=False, concurrency=1)

    assert len(batch.done) == 4
    posts = [path for method, path in requests(faulty) if method == "POST"]
    assert posts == ["/v1/image/remove-object", SUBMIT, "/v1/image/remove-object"]


def test_one_picture_is_no_batch(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [completed()]

    batch = call_faulty("batch", [b"one"], prompt="x", progress=False)

    assert (requests(faulty), batch.batch_ids) == ([("POST", "/v1/image/remove-object")], ())


def test_a_file_that_is_missing_does_not_keep_the_others(call_faulty: Caller, faulty: Faulty, tmp_path: Path) -> None:
    faulty.script = [told(line(0), line(1)), completed(), completed()]
    pictures: list[Any] = [b"one", tmp_path / "none.jpg", b"two"]

    batch = call_faulty("batch", pictures, prompt="x", progress=False, concurrency=1)

    assert [type(item.error) for item in batch] == [type(None), FileNotFoundError, type(None)]


def test_once_the_credits_are_gone_the_rest_is_not_sent(call_faulty: Caller, faulty: Faulty) -> None:
    refusals = [line(index, "insufficient_credits", POOR) for index in range(1, 50)]
    faulty.script = [told(line(0), *refusals), completed()]

    batch = call_faulty("batch", [b"one"] * 70, prompt="x", progress=False, concurrency=1)

    error = batch[1].error
    assert isinstance(error, InsufficientCredits)
    assert (error.required, error.available) == (5, 2)
    assert (len(batch.done), len(batch.failed), len(faulty.heard)) == (1, 69, 2)


def test_where_not_one_is_accepted_each_is_told_its_reason(call_faulty: Caller, faulty: Faulty) -> None:
    lines = [line(0, "mask_empty"), line(1, "invalid_image")]
    faulty.script = [Said(422, {"detail": "No.", "code": "batch_refused", "jobs": lines})]

    batch = call_faulty("batch", [b"one", b"two"], prompt="x", progress=False)

    assert [getattr(item.error, "code", None) for item in batch] == ["mask_empty", "invalid_image"]


def test_numbers_of_a_402_are_fields(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [Said(402, {"detail": "Too few.", "code": "insufficient_credits", "required": 5, "available": 2})]

    with pytest.raises(InsufficientCredits) as refusal:
        call_faulty("submit", b"one", prompt="x")

    assert (refusal.value.required, refusal.value.available) == (5, 2)


def test_what_a_busy_site_has_no_room_for_is_sent_again_by_itself(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [told(line(0), line(1, "too_many_active_jobs")), completed(), completed()]

    batch = call_faulty("batch", [b"one", b"two"], prompt="x", progress=False, concurrency=1)

    assert len(batch.done) == 2
    assert requests(faulty)[-1] == ("POST", "/v1/image/remove-object")


@pytest.mark.parametrize(("status", "code"), [(413, "file_too_large"), (404, "not_found")])
def test_what_is_too_much_together_goes_one_by_one(call_faulty: Caller, faulty: Faulty, status: int, code: str) -> None:
    faulty.script = [refused(status, code), completed(), completed()]

    batch = call_faulty("batch", [b"one", b"two"], prompt="x", progress=False, concurrency=1)

    assert (len(batch.done), [path for _, path in requests(faulty)[1:]]) == (2, ["/v1/image/remove-object"] * 2)


def test_where_no_answer_comes_the_key_is_told(faulty: Faulty) -> None:
    faulty.script = [RESET]

    with Pixelsite(KEY, base_url=faulty.url, retries=0) as client:
        batch = client.batch([b"one", b"two"], prompt="x", progress=False)

    errors = [item.error for item in batch]
    assert [type(error) for error in errors] == [ConnectionFailed] * 2
    assert getattr(errors[0], "idempotency_key", None) == faulty.keys()[0]


def test_a_quote_counts_all_requests_together(call_faulty: Caller, faulty: Faulty) -> None:
    def quote(*refusals: str) -> Said:
        lines: list[dict[str, Any]] = [
            {"index": index, "filename": "x", "would_be_accepted": not code, "warnings": [],
             "refusal": {"code": code, "detail": "No."} if code else None}
            for index, code in enumerate(refusals)
        ]  # fmt: skip
        cost = 5.0 * refusals.count("")
        return Said(200, {"dry_run": True, "credits": cost, "credits_remaining": 200.0, "jobs": lines})

    faulty.script = [quote(*[""] * 50), quote("", "mask_empty")]

    found = call_faulty("quote_batch", [b"one"] * 52, prompt="x")

    assert (found.credits, found.total, found.accepted, found.refused) == (255.0, 52, 51, 1)
    assert (found.is_affordable, found.lines[51].index, found.lines[51].refusal.code) == (False, 51, "mask_empty")
    assert all(sent(heard)["dry_run"] == [b"true"] for heard in faulty.heard)


def test_a_retry_says_what_is_tried_again(call_faulty: Caller, faulty: Faulty) -> None:
    not_retried = [{"index": 1, "filename": "1.jpg", "error": {"code": "not_stored", "message": "Send it again."}}]
    faulty.script = [RESET, told(line(0), line(1, "mask_empty"), retried=[0], not_retried=not_retried)]

    batch = call_faulty("retry_batch", BATCH)

    assert (batch.retried, batch.not_retried[0].error.code) == ((0,), "not_stored")
    assert requests(faulty) == [("POST", f"/v1/batches/{BATCH}/retry")] * 2
    assert len(set(faulty.keys())) == 1


def test_results_are_saved_whole_or_not_at_all(call_faulty: Caller, faulty: Faulty, tmp_path: Path) -> None:
    faulty.script = [
        refused(409, "no_results_yet"), "cut", Said(200, b"PK the whole", {"Content-Type": "application/zip"})
    ]  # fmt: skip
    target = tmp_path / "results.zip"

    with pytest.raises(Exception, match="Not so"):
        call_faulty("save_results", BATCH, target)
    assert list(tmp_path.iterdir()) == []
    saved = call_faulty("save_results", BATCH, target)

    assert (saved, target.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (
        target, b"PK the whole", ["results.zip"],
    )  # fmt: skip
    assert faulty.heard[-1].headers["authorization"] == f"Bearer {KEY}"


def test_how_a_batch_stands_is_read(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [Said(200, told(line(0), line(1, "mask_empty")).body)]

    batch = call_faulty("batch_status", BATCH)

    assert (batch.id, batch.total, batch.refused, batch.lines[1].error.code) == (BATCH, 2, 1, "mask_empty")
    assert json.loads(json.dumps(batch.raw))["batch_id"] == BATCH
