"""What is sent again, and that it is the same call: against a server that fails in given ways."""

from __future__ import annotations

import io

import pytest
from pixelsite_client import (
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerError,
    UnexpectedAnswer,
)

from tests.sdks.python.callers import Caller, sync_caller
from tests.sdks.python.faulty import ACCEPTED, CUT, RESET, Faulty, Said, accepted, completed, refused
from tests.servers.processes import free_port

PICTURE = b"a picture"


@pytest.mark.parametrize(
    "failure",
    [
        refused(500, "internal_error"),
        Said(502, b"<html>bad gateway</html>"),
        refused(503, "queue_full", Retry_After="0"),
        Said(504, b""),
        refused(429, "rate_limited", Retry_After="0"),
        refused(409, "idempotency_in_progress", Retry_After="0"),
        RESET,
        CUT,
    ],
    ids=["500", "502", "503", "504", "429", "its own first try is under way", "reset", "cut"],
)
def test_a_failed_submission_is_repeated_as_the_same_call(
    call_faulty: Caller, faulty: Faulty, failure: Said | str
) -> None:
    faulty.script = [failure, accepted()]

    job = call_faulty("submit", PICTURE, bbox=(1, 2, 3, 4))

    first, second = faulty.heard
    assert (job.id, job.status) == (ACCEPTED["id"], "queued")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert PICTURE in first.body
    assert PICTURE in second.body


def test_a_file_is_sent_whole_again_though_it_was_read(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [RESET, RESET, accepted()]
    picture = io.BytesIO(PICTURE)

    call_faulty("submit", picture, prompt="the cat")

    assert [PICTURE in heard.body for heard in faulty.heard] == [True] * 3


def test_two_calls_have_two_keys(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [accepted(), accepted()]

    for _ in range(2):
        call_faulty("submit", PICTURE, prompt="the cat")

    assert len(set(faulty.keys())) == 2


def test_a_key_of_the_callers_own_is_used(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [refused(500, "internal_error"), accepted()]

    call_faulty("submit", PICTURE, prompt="the cat", idempotency_key="order-17")

    assert faulty.keys() == ["order-17", "order-17"]


def test_waiting_goes_on_after_the_answer_was_lost(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [RESET, accepted(), RESET, completed()]

    result = call_faulty("remove_object", PICTURE, prompt="the cat")

    assert result.job.status == "completed"
    assert [one.method for one in faulty.heard] == ["POST", "POST", "GET", "GET"]
    assert len(set(faulty.keys()[:2])) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "image_required", InvalidRequest),
        (404, "not_found", NotFound),
        (422, "invalid_parameter", InvalidRequest),
        (413, "file_too_large", InvalidRequest),
        (408, "upload_too_slow", InvalidRequest),
    ],
)
def test_what_will_not_get_better_is_sent_once(
    call_faulty: Caller, faulty: Faulty, status: int, code: str, kind: type[Exception]
) -> None:
    faulty.script = [refused(status, code)]

    with pytest.raises(kind):
        call_faulty("submit", PICTURE, prompt="the cat")

    assert len(faulty.heard) == 1


def test_a_wait_until_tomorrow_is_left_to_the_caller(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [refused(429, "sandbox_limit_reached", Retry_After="36000")]

    with pytest.raises(RateLimited) as refusal:
        call_faulty("submit", PICTURE, prompt="the cat")

    assert (refusal.value.retry_after, refusal.value.code) == (36000, "sandbox_limit_reached")


def test_after_the_last_try_the_error_names_the_key_to_repeat_under(faulty: Faulty) -> None:
    faulty.script = [refused(500, "internal_error", Retry_After="0")] * 3

    with pytest.raises(ServerError) as failure:
        sync_caller(api_key="pk_live_x", base_url=faulty.url, retries=2)("submit", PICTURE, prompt="the cat")

    assert faulty.keys() == [failure.value.idempotency_key] * 3
    assert failure.value.request_id == "r" * 32


def test_a_site_that_is_not_there_is_told_as_such() -> None:
    call = sync_caller(api_key="pk_live_x", base_url=f"http://127.0.0.1:{free_port()}", retries=1)

    with pytest.raises(ConnectionFailed, match=r"ConnectError.*tried 2 times") as failure:
        call("submit", PICTURE, prompt="the cat")

    assert failure.value.idempotency_key


def test_a_redirect_is_not_followed_with_the_key(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [Said(301, b"", {"Location": "https://elsewhere.example/"})]

    with pytest.raises(UnexpectedAnswer, match=r"https://elsewhere\.example/.*base_url"):
        call_faulty("balance")

    assert len(faulty.heard) == 1


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'{"id": 5}', b""])
def test_what_is_not_pixelsite_is_told_as_such(call_faulty: Caller, faulty: Faulty, body: bytes) -> None:
    faulty.script = [Said(200, body)]

    with pytest.raises(UnexpectedAnswer, match="base_url"):
        call_faulty("job", "some-id")
