"""Every line of the catalogue of bad input (bad-inputs.md, 1 to 156): what it gets, and that nothing is left of it."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import (
    section_a_images,
    section_b_targets,
    section_c_urls,
    section_d_protocol,
    section_ef_money_and_lists,
)
from tests.hostile.cases import Case, Stage
from tests.hostile.elsewhere import NOT_BUILT, PROVED

SECTIONS = (section_a_images, section_b_targets, section_c_urls, section_d_protocol, section_ef_money_and_lists)
CASES: list[Case] = [case for section in SECTIONS for case in section.CASES]
REFUSED = [case for case in CASES if case.status >= 400]
ACCEPTED = [case for case in CASES if case.status < 400]
LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy")


def _id(case: Case) -> str:
    return case.title


@pytest.mark.parametrize("case", REFUSED, ids=_id)
def test_is_refused_and_leaves_nothing(case: Case, stage: Stage, dialled: list[Any], caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    case.prepare(stage)
    before = stage.state()

    answer = case.send(stage)

    body = answer.json()
    assert (answer.status_code, body["code"], body["param"]) == (case.status, case.code, case.param), body["detail"]
    assert body["detail"].strip()
    assert (body["request_id"], answer["X-Content-Type-Options"]) == (answer["X-Request-Id"], "nosniff")
    assert ("Retry-After" in answer) == (case.status in (429, 503) or case.code == "idempotency_in_progress")
    assert all(name in answer for name in LIMIT_HEADERS) == case.counted
    assert (stage.state(), dialled) == (before, [])
    assert stage.cast.alice_key not in caplog.text + answer.content.decode()


@pytest.mark.parametrize("case", ACCEPTED, ids=_id)
def test_is_odd_but_accepted(case: Case, stage: Stage, dialled: list[Any], caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    case.prepare(stage)
    (jobs, (available, held), _) = stage.state()

    answer = case.send(stage)

    assert answer.status_code == 202, answer.content
    assert stage.state()[:2] == (jobs + 1, (available - 5, held + 5))
    assert all(name in answer for name in LIMIT_HEADERS)
    assert dialled == []
    assert stage.cast.alice_key not in caplog.text + answer.content.decode()


def test_every_line_of_the_catalogue_is_proved_somewhere() -> None:
    numbers = {case.number for case in CASES} | PROVED.keys() | NOT_BUILT.keys()

    assert numbers == set(range(1, 157))


def test_no_two_cases_have_the_same_name() -> None:
    assert [title for title, count in Counter(case.title for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize(("path", "test"), sorted({place for places in PROVED.values() for place in places}))
def test_what_is_proved_elsewhere_is_there(path: str, test: str, pytestconfig: pytest.Config) -> None:
    assert f"def {test}(" in (Path(pytestconfig.rootpath) / path).read_text()
