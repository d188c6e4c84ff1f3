"""An account of which much is blocked is flagged for the operators, who look at it and clear the flag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from jobs import appeals
from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import block


@pytest.fixture(autouse=True)
def _three_are_many(settings: Any) -> None:
    settings.FLAG_AFTER_BLOCKS = 3


@pytest.fixture
def blocked_jobs(submit: Callable[..., Job]) -> Callable[[int], list[Job]]:
    """Let so many more jobs of Alice's be blocked."""
    return lambda number: [block(submit(), safety={"decision": "block"}) for _ in range(number)]


@pytest.fixture
def olga(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.olga)
    return client


def _is_flagged(cast: Cast) -> bool:
    return User.objects.get(pk=cast.alice.pk).flagged_at is not None


def test_the_last_of_many_blocked_jobs_flags_the_account(cast: Cast, blocked_jobs: Callable[[int], list[Job]]) -> None:
    blocked_jobs(2)
    before = _is_flagged(cast)
    blocked_jobs(1)

    assert (before, _is_flagged(cast)) == (False, True)
    assert AuditEvent.objects.get(kind="flagged").user == cast.alice


def test_a_flagged_account_is_flagged_once(cast: Cast, blocked_jobs: Callable[[int], list[Job]]) -> None:
    blocked_jobs(5)

    assert AuditEvent.objects.filter(kind="flagged").count() == 1


def test_what_an_operator_let_through_does_not_count(cast: Cast, blocked_jobs: Callable[[int], list[Job]]) -> None:
    appeals.release(blocked_jobs(1)[0], actor=cast.olga)
    blocked_jobs(2)

    assert not _is_flagged(cast)


def test_what_is_long_ago_does_not_count(cast: Cast, blocked_jobs: Callable[[int], list[Job]]) -> None:
    old = blocked_jobs(1)[0]
    assert old.ended_at is not None
    Job.objects.filter(pk=old.pk).update(ended_at=old.ended_at - timedelta(days=31))
    blocked_jobs(2)

    assert not _is_flagged(cast)


def test_the_jobs_of_others_do_not_count(cast: Cast, blocked_jobs: Callable[[int], list[Job]]) -> None:
    blocked_jobs(3)

    assert User.objects.get(pk=cast.bob.pk).flagged_at is None


def test_the_admin_lists_the_flagged(cast: Cast, olga: Client, blocked_jobs: Callable[[int], list[Job]]) -> None:
    blocked_jobs(3)

    page = olga.get("/admin/accounts/user/?flagged_at__isempty=0").content.decode()

    assert cast.alice.email in page
    assert cast.bob.email not in page


def test_an_operator_clears_a_flag_and_that_is_written_down(
    cast: Cast, olga: Client, blocked_jobs: Callable[[int], list[Job]]
) -> None:
    blocked_jobs(3)

    olga.post("/admin/accounts/user/", {"action": "clear_flags", "_selected_action": [cast.alice.pk, cast.bob.pk]})

    assert not _is_flagged(cast)
    line = AuditEvent.objects.get(kind="flag_cleared")
    assert (line.user, line.actor) == (cast.alice, cast.olga)


def test_the_admin_counts_what_was_blocked(cast: Cast, olga: Client, blocked_jobs: Callable[[int], list[Job]]) -> None:
    appeals.release(blocked_jobs(3)[0], actor=cast.olga)

    page = olga.get(f"/admin/accounts/user/{cast.alice.pk}/change/").content.decode()

    assert "status__exact=blocked&#x27;>2</a>" in page.replace("&quot;", "&#x27;").replace('"', "&#x27;")


def test_more_accounts_take_no_more_queries(olga: Client, cast: Cast) -> None:
    olga.get("/admin/accounts/user/")  # makes what an operator has but once
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            olga.get("/admin/accounts/user/")
        counts.append(len(queries))
        User.objects.create_user(f"person-{number}@example.com")

    assert counts[0] == counts[1]
