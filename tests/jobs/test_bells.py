"""When workers are rung for: after the commit, and for nothing that was not committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from billing import ledger
from jobs import sweeper
from jobs.models import Job
from tests.cast import Cast


class Undone(Exception):
    """The test's own reason to roll back."""


def test_a_submission_that_is_rolled_back_rings_for_nothing_and_holds_nothing(
    cast: Cast, submit: Callable[..., Job], rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Undone), transaction.atomic():
        submit()
        raise Undone

    assert (rung, Job.objects.count(), cast.credits()) == ([], 0, (500, 0))


def test_the_bell_comes_after_the_commit(
    submit: Callable[..., Job], rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = submit()
        assert rung == []

    assert rung == [str(job.pk)]


def test_a_sweep_rings_a_few_times_however_many_jobs_wait(
    cast: Cast, submit: Callable[..., Job], rung: list[str]
) -> None:
    """One bell is enough for all that waits; as many as there are jobs would only be empty looks."""
    plan = cast.wallet.plan
    plan.active_jobs_max = 1000
    plan.save()
    ledger.adjust(wallet=cast.wallet, amount=500, actor=cast.olga, reason="for the test")
    for _ in range(sweeper._BELLS + 5):
        submit()
    Job.objects.update(ring_at="2020-01-01T00:00:00Z")

    sweeper.sweep()

    assert len(rung) == sweeper._BELLS
