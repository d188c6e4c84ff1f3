"""What a call would do next, from what came back: generators and rules without a network or a clock."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pixelsite_client import Conflict, Job, PixelsiteError, WaitTimeout, flows
from pixelsite_client.flows import Now, Pause
from pixelsite_client.messages import Answer, NoAnswer, Request
from pixelsite_client.retries import Retries, backoff_s

from tests.sdks.python.faulty import ACCEPTED

JOB_ID = ACCEPTED["id"]


def _answer(status: int = 200, body: str = "{}", **headers: str) -> Answer:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Answer(status=status, headers=named, content=body.encode())


def _job(status: str) -> Answer:
    return _answer(body=f'{{"id": "{JOB_ID}", "status": "{status}", "operation": "remove-object", "credits_used": 5}}')


def _played(flow: Any, replies: list[Any], *, answers_take_s: float = 0) -> tuple[list[Any], Any]:
    """Run a flow on these replies by a clock of its own. Returns what it asked for, and its value or error."""
    asked: list[Any] = []
    clock, came = 0.0, None
    while True:
        try:
            step = flow.send(came)
        except StopIteration as end:
            return asked, end.value
        except PixelsiteError as error:
            return asked, error
        if isinstance(step, Now):
            came = clock
            continue
        asked.append(step)
        if isinstance(step, Pause):
            clock, came = clock + step.seconds, None
        else:
            clock, came = clock + answers_take_s, replies.pop(0)


def test_retry_after_is_waited_for_and_not_a_second_less() -> None:
    pause_s = Retries().pause_s(0, _answer(429, Retry_After="7"))

    assert pause_s is not None
    assert 7 <= pause_s < 8


@given(st.integers(0, 40), st.floats(0, 1))
def test_pauses_grow_and_stay_bearable(attempt: int, chance: float) -> None:
    pause_s = backoff_s(attempt, chance=lambda: chance)

    assert min(8, 0.5 * 2**attempt) / 2 <= pause_s <= 8


def test_nothing_is_sent_again_for_ever() -> None:
    asked, error = _played(flows.answered(Request("GET", "/"), Retries(count=3)), [NoAnswer("ReadError")] * 9)

    assert sum(isinstance(step, Request) for step in asked) == 4
    assert "tried 4 times" in str(error)


def test_every_try_has_a_request_id_of_its_own() -> None:
    asked, _ = _played(flows.answered(Request("GET", "/"), Retries()), [NoAnswer("ReadError"), _answer()])

    assert len({step.headers["X-Request-Id"] for step in asked if isinstance(step, Request)}) == 2


def test_a_site_that_holds_answers_back_is_asked_again_at_once() -> None:
    replies = [_job("queued"), _job("processing"), _job("completed")]

    asked, job = _played(flows.waited(JOB_ID, Retries(), wait_timeout=600), replies, answers_take_s=25)

    assert job.status == "completed"
    assert not [step for step in asked if isinstance(step, Pause)]


def test_a_site_that_does_not_hold_answers_back_is_asked_ever_less_often() -> None:
    replies = [_job("processing")] * 7 + [_job("completed")]

    asked, _ = _played(flows.waited(JOB_ID, Retries(), wait_timeout=600), replies)

    pauses = [step.seconds for step in asked if isinstance(step, Pause)]
    assert len(pauses) == 6
    assert pauses[-1] > pauses[0] * 4


def test_who_waits_long_enough_is_told_and_the_job_goes_on() -> None:
    asked, error = _played(
        flows.waited(JOB_ID, Retries(), wait_timeout=60), [_job("processing")] * 9, answers_take_s=25
    )

    assert isinstance(error, WaitTimeout)
    assert (error.job.status, {step.method for step in asked}) == ("processing", {"GET"})


def test_the_last_wait_is_no_longer_than_what_is_left() -> None:
    asked, _ = _played(flows.waited(JOB_ID, Retries(), wait_timeout=30), [_job("processing")] * 4, answers_take_s=20)

    assert [step.params.get("wait") for step in asked] == [None, "10"]


_NOT_CANCELABLE = _answer(409, '{"detail": "Only a queued job can be canceled.", "code": "not_cancelable"}')


def test_canceling_asks_for_nothing_else() -> None:
    asked, job = _played(flows.canceled(JOB_ID, Retries()), [_job("canceled")])

    assert (job.status, [(step.method, dict(step.params)) for step in asked]) == (
        "canceled",
        [("DELETE", {"only": "queued"})],
    )


@pytest.mark.parametrize("status", ["completed", "failed", "blocked", "canceled"])
def test_canceling_what_has_ended_returns_it_as_it_is(status: str) -> None:
    asked, job = _played(flows.canceled(JOB_ID, Retries()), [_NOT_CANCELABLE, _job(status)])

    assert (job.status, [step.method for step in asked]) == (status, ["DELETE", "GET"])


def test_canceling_what_is_worked_on_is_refused() -> None:
    _, error = _played(flows.canceled(JOB_ID, Retries()), [_NOT_CANCELABLE, _job("processing")])

    assert isinstance(error, Conflict)
    assert error.code == "not_cancelable"


def test_canceling_is_tried_again_where_its_answer_got_lost() -> None:
    replies = [NoAnswer("ReadError"), _NOT_CANCELABLE, _job("canceled")]

    asked, job = _played(flows.canceled(JOB_ID, Retries()), replies)

    assert [step.method for step in asked if isinstance(step, Request)] == ["DELETE", "DELETE", "GET"]
    assert job.status == "canceled"


def _batch(status: str) -> Answer:
    told = {
        "id": JOB_ID, "status": status, "operation": "remove-object", "total": 0, "accepted": 0, "refused": 0,
        "progress": 0, "credits_used": 0, "jobs": [],
    }  # fmt: skip
    return _answer(200, json.dumps(told))


def test_a_batch_is_waited_for_until_it_ends() -> None:
    replies = [_batch("queued"), _batch("processing"), _batch("completed")]

    asked, batch = _played(flows.batch_ended(JOB_ID, Retries(), wait_timeout=600), replies, answers_take_s=25)

    assert (batch.status, [step.params["wait"] for step in asked]) == ("completed", ["25"] * 3)


def test_a_batch_that_takes_longer_is_told_as_it_stands() -> None:
    asked, batch = _played(
        flows.batch_ended(JOB_ID, Retries(), wait_timeout=30), [_batch("processing")] * 9, answers_take_s=25
    )

    assert (batch.status, len(asked)) == ("processing", 2)


def test_a_proxy_that_holds_nothing_back_is_asked_less_and_less_often() -> None:
    asked, _ = _played(flows.batch_ended(JOB_ID, Retries(), wait_timeout=30), [_batch("processing")] * 99)

    assert sum(isinstance(step, Request) for step in asked) < 12


def test_images_of_a_job_that_goes_on_are_not_deleted() -> None:
    asked, error = _played(flows.deleted(JOB_ID, Retries()), [_job("queued")])

    assert isinstance(error, Conflict)
    assert [step.method for step in asked] == ["GET"]


def test_an_ended_job_is_not_asked_about_again() -> None:
    told = {"id": JOB_ID, "status": "completed", "operation": "remove-object", "credits_used": 5}

    asked, job = _played(flows.waited(Job.from_json(told), Retries(), wait_timeout=1), [])

    assert (asked, job.id) == ([], JOB_ID)
