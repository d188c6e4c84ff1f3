"""Moves of a job that the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from billing import ledger
from jobs.models import Job
from tests.cast import Cast

ATTACKS: dict[str, Callable[[Job], object]] = {
    "complete without a claim": lambda job: _move(job, status="completed", ended_at=Now(), output_type="image/png"),
    "claim without counting": lambda job: _move(job, status="processing", lease_until=Now()),
    "process without a lease": lambda job: _move(job, status="processing", attempt=1),
    "fail without a refund": lambda job: _move(job, status="failed", ended_at=Now(), error_code="x"),
    "fail without a reason": lambda job: (
        ledger.refund(job_id=job.pk, reason="x"),
        _move(job, status="failed", ended_at=Now()),
    ),
    "cancel without a refund": lambda job: _move(job, status="canceled", ended_at=Now()),
    "end without a time": lambda job: (ledger.refund(job_id=job.pk, reason="x"), _move(job, status="canceled")),
    "an unknown status": lambda job: _move(job, status="lost"),
    "a lower price": lambda job: _move(job, price_credits=0),
    "another payer": lambda job: _move(job, user_id=job.user_id + 1),
    "work for nothing": lambda job: Job.objects.create(
        **{field.attname: getattr(job, field.attname) for field in Job._meta.fields if field.name != "id"}
    ),
}


def _move(job: Job, **facts: object) -> int:
    return Job.objects.filter(pk=job.pk).update(**facts)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_database_refuses(attack: Callable[[Job], object], job: Job) -> None:
    before = list(Job.objects.values())

    with pytest.raises(DatabaseError), transaction.atomic():
        attack(job)

    assert list(Job.objects.values()) == before


def test_an_ended_job_never_moves_again(cast: Cast, completed: Job) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        _move(completed, status="queued", ended_at=None, output_name="", attempt=1)


def test_an_attempt_never_falls(claimed: Job) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        _move(claimed, attempt=0)
