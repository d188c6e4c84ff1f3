"""Forms sent at once by one operator: the day's cap holds, and a job is refunded by hand once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, connections

from accounts.models import AuditEvent
from billing import adjustments, goodwill, ledger
from pixelsite.lib.errors import PixelsiteError
from tests.cast import make_cast

_AT_ONCE = 6


@pytest.fixture(autouse=True)
def _holds_without_jobs(transactional_db: None):
    """As in conftest.py, but committed: put back at the end."""
    is_postgres = connection.vendor == "postgresql"
    if is_postgres:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE billing_ledgerentry DISABLE TRIGGER jobs_check_money")
    yield
    if is_postgres:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE billing_ledgerentry ENABLE TRIGGER jobs_check_money")


def _at_once(act: Callable[[], object]) -> int:
    """How many of them were let through."""
    together = Barrier(_AT_ONCE)

    def attempt(_: int) -> bool:
        try:
            together.wait()
            act()
        except PixelsiteError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(attempt, range(_AT_ONCE)))


@pytest.mark.django_db(transaction=True)
def test_the_cap_of_a_day_holds_for_forms_sent_at_once(settings) -> None:
    settings.ADMIN_CREDITS_PER_DAY = 250
    cast = make_cast()
    wallet = cast.wallet

    accepted = _at_once(
        lambda: adjustments.adjust_by_hand(wallet=wallet, amount=100, actor=cast.olga, reason="sorry for the outage")
    )

    assert (accepted, cast.credits(), AuditEvent.objects.filter(kind="credits_adjusted").count()) == (2, (700, 0), 2)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_refunded_by_hand_once_by_forms_sent_at_once() -> None:
    cast, job_id = make_cast(), uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)
    ledger.capture(job_id=job_id)

    accepted = _at_once(lambda: goodwill.refund_completed_job(job_id=job_id, actor=cast.olga, reason="a seam in it"))

    assert (accepted, cast.credits(), AuditEvent.objects.filter(kind="job_refunded").count()) == (1, (500, 0), 1)
