"""PostgreSQL checks at commit that money and jobs tell the same story."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from billing import ledger
from jobs.models import Job
from tests.cast import Cast

pytestmark = pytest.mark.postgres


def _commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_capture_whose_job_did_not_complete_is_refused(job: Job) -> None:
    with pytest.raises(DatabaseError, match="without a job that ended so"), transaction.atomic():
        ledger.capture(job_id=job.pk)
        _commit()


def test_a_hold_without_a_job_is_refused(cast: Cast) -> None:
    with pytest.raises(DatabaseError, match="without a job that ended so"), transaction.atomic():
        ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5)
        _commit()
