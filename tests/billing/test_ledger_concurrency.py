"""Many at once spend the last credits of one account: exactly as many succeed as are paid for."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from billing import invariants, ledger
from billing.models import Wallet
from tests.cast import make_cast

_CALLERS = 12


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


@pytest.mark.django_db(transaction=True)
def test_the_last_credits_are_spent_exactly_once() -> None:
    cast = make_cast()
    cast.set_credits(23)
    wallet, together = cast.wallet, Barrier(_CALLERS)

    def spend(_: int) -> bool:
        try:
            together.wait()
            ledger.hold(wallet=wallet, job_id=uuid.uuid4(), amount=5)
        except ledger.InsufficientCredits:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(_CALLERS) as pool:
        accepted = sum(pool.map(spend, range(_CALLERS)))

    spent = Wallet.objects.get(pk=wallet.pk)
    assert (accepted, spent.available, spent.held) == (4, 3, 20)
    assert [violation for violation in invariants.violations() if "job" not in violation.invariant] == []


@pytest.mark.django_db(transaction=True)
def test_a_capture_and_a_refund_at_once_resolve_a_hold_once() -> None:
    cast, job_id = make_cast(), uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)
    together = Barrier(2)

    def resolve(number: int) -> bool:
        try:
            together.wait()
            ledger.capture(job_id=job_id) if number else ledger.refund(job_id=job_id, reason="failed")
        except ledger.AlreadyResolved:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(resolve, range(2)))

    assert done == 1
    assert cast.wallet.held == 0
