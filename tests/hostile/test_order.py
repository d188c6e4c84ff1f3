"""Of several faults the same one is always told: 401, 429, 405, 415, 400 and 422, what a key was used for, 402, 503."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.hostile.cases import SUBMIT, Stage
from tests.jobs.conftest import mask, photo, upload

KEY = {"Idempotency-Key": "first"}


def _good() -> dict[str, Any]:
    return {"image": upload(photo()), "mask": upload(mask())}


def _over_the_limit(stage: Stage) -> None:
    plan = stage.cast.wallet.plan
    plan.requests_per_minute = 1
    plan.save()
    stage.api.post(SUBMIT)


def _use_the_key(stage: Stage) -> None:
    assert stage.api.post(SUBMIT, _good(), headers=KEY).status_code == 202


def _spend_all(stage: Stage) -> None:
    stage.cast.set_credits(0)


def _fill_the_queue(stage: Stage) -> None:
    stage.settings.QUEUE_JOBS_MAX = 0


Request = Callable[[Stage], Any]
Preparation = Callable[[Stage], None]

ORDER: dict[str, tuple[list[Preparation], Request, str]] = {
    "no key, wrong method": ([], lambda stage: APIClient().put(SUBMIT), "api_key_missing"),
    "no key, wrong type": ([], lambda stage: APIClient().post(SUBMIT, b"x", content_type="text/x"), "api_key_missing"),
    "over the limit, wrong method": ([_over_the_limit], lambda stage: stage.api.put(SUBMIT), "rate_limited"),
    "over the limit, wrong type": (
        [_over_the_limit],
        lambda stage: stage.api.post(SUBMIT, b"x", content_type="text/x"),
        "rate_limited",
    ),
    "over the limit, no image": ([_over_the_limit], lambda stage: stage.api.post(SUBMIT), "rate_limited"),
    "wrong type, no credits": (
        [_spend_all],
        lambda stage: stage.api.post(SUBMIT, b"x", content_type="text/x"),
        "unsupported_media_type",
    ),
    "broken image, no credits": (
        [_spend_all],
        lambda stage: stage.api.post(SUBMIT, _good() | {"image": upload(b"x")}),
        "invalid_image",
    ),
    "wrong option, used key": (
        [_use_the_key],
        lambda stage: stage.api.post(SUBMIT, _good() | {"quality": "0"}, headers=KEY),
        "invalid_parameter",
    ),
    "used key, no credits": (
        [_use_the_key, _spend_all],
        lambda stage: stage.api.post(SUBMIT, _good() | {"quality": "80"}, headers=KEY),
        "idempotency_key_reused",
    ),
    "no credits, full queue": (
        [_spend_all, _fill_the_queue],
        lambda stage: stage.api.post(SUBMIT, _good()),
        "insufficient_credits",
    ),
}


@pytest.mark.parametrize(("prepare", "send", "code"), ORDER.values(), ids=ORDER.keys())
def test_the_first_fault_is_told(prepare: list[Preparation], send: Request, code: str, stage: Stage) -> None:
    for step in prepare:
        step(stage)

    assert send(stage).json()["code"] == code


def test_a_replay_needs_no_credits(stage: Stage) -> None:
    _use_the_key(stage)
    _spend_all(stage)

    assert stage.api.post(SUBMIT, _good(), headers=KEY).status_code == 202


PUBLIC = ["/v1/openapi.json", "/v1/nothing/here", "/v1/image/not-an-id", "/v1/account"]


@pytest.mark.parametrize("path", PUBLIC)
def test_answers_without_a_key_tell_a_limit_too(path: str, db: None) -> None:
    first, second = (APIClient().get(path) for _ in range(2))

    left = int(first["X-RateLimit-Remaining"]) - int(second["X-RateLimit-Remaining"])
    assert (first["X-RateLimit-Limit"], left) == ("600", 1)
