"""What only PostgreSQL can refuse: TRUNCATE, and at commit whatever does not add up."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from billing import ledger
from billing.models import CreditLot, LedgerEntry
from tests.cast import Cast

pytestmark = pytest.mark.postgres


@pytest.fixture
def hold(cast: Cast) -> LedgerEntry:
    return ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5)


@pytest.mark.parametrize("table", ["billing_ledgerentry", "billing_lotdraw", "billing_creditlot"])
def test_truncate_is_refused(table: str, hold: LedgerEntry) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_lots_that_do_not_add_up_are_refused_at_commit(cast: Cast) -> None:
    with pytest.raises(DatabaseError, match="lots do not add up"), transaction.atomic(), connection.cursor() as cursor:
        CreditLot.objects.update(remaining=1)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
