"""Statements that would make the ledger lie are refused by the database itself, whatever the code above does."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from billing import ledger
from billing.models import CreditLot, LedgerEntry, LotDraw, Wallet
from tests.cast import Cast


@pytest.fixture
def hold(cast: Cast) -> LedgerEntry:
    return ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5)


def _entry(of: LedgerEntry, /, **changes: object) -> LedgerEntry:
    """A capture that would be right, with changes that make it wrong."""
    facts = {
        "wallet_id": of.wallet_id,
        "kind": "capture",
        "amount": 5,
        "available_after": 495,
        "held_after": 0,
        "job_id": of.job_id,
        "hold": of,
    }
    return LedgerEntry.objects.create(**(facts | changes))


ATTACKS: dict[str, Callable[[LedgerEntry], object]] = {
    "change an entry": lambda hold: LedgerEntry.objects.filter(pk=hold.pk).update(amount=1),
    "delete an entry": lambda hold: LedgerEntry.objects.filter(pk=hold.pk)._raw_delete("default"),
    "change a draw": lambda hold: LotDraw.objects.filter(hold=hold).update(amount=1),
    "delete a draw": lambda hold: LotDraw.objects.filter(hold=hold)._raw_delete("default"),
    "delete a lot": lambda hold: CreditLot.objects.all()._raw_delete("default"),
    "grow a lot": lambda hold: CreditLot.objects.update(amount=10_000),
    "overdraw a lot": lambda hold: CreditLot.objects.update(remaining=-1),
    "overfill a lot": lambda hold: CreditLot.objects.update(remaining=501),
    "raise a balance by hand": lambda hold: Wallet.objects.update(available=9_999),
    "free what is held by hand": lambda hold: Wallet.objects.update(held=0),
    "open a full wallet": lambda hold: Wallet.objects.create(
        user_id=Wallet.objects.latest("id").user_id + 1, plan_id=Wallet.objects.latest("id").plan_id, available=100
    ),
    "hold for one job twice": lambda hold: _entry(hold, kind="hold", hold=None, available_after=490, held_after=10),
    "capture another amount": lambda hold: _entry(hold, amount=4, held_after=1),
    "capture for another job": lambda hold: _entry(hold, job_id=uuid.uuid4()),
    "capture without a hold": lambda hold: _entry(hold, hold=None),
    "an entry that does not follow": lambda hold: _entry(hold, available_after=9_999),
    "a grant of nothing": lambda hold: _entry(
        hold, kind="grant", amount=0, hold=None, job_id=None, source="x", held_after=5
    ),
    "a negative grant": lambda hold: _entry(
        hold, kind="grant", amount=-5, hold=None, job_id=None, source="x", available_after=490, held_after=5
    ),
    "a grant without a source": lambda hold: _entry(
        hold, kind="grant", hold=None, job_id=None, available_after=500, held_after=5
    ),
    "an adjustment by nobody": lambda hold: _entry(
        hold, kind="adjust", hold=None, job_id=None, available_after=500, held_after=5, reason="a good reason"
    ),
    "an unknown kind": lambda hold: _entry(hold, kind="gift", hold=None, job_id=None),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_database_refuses_to(attack: Callable[[LedgerEntry], object], hold: LedgerEntry) -> None:
    before = (list(LedgerEntry.objects.values()), list(Wallet.objects.values()), list(CreditLot.objects.values()))

    with pytest.raises(DatabaseError), transaction.atomic():
        attack(hold)

    assert before == (
        list(LedgerEntry.objects.values()),
        list(Wallet.objects.values()),
        list(CreditLot.objects.values()),
    )


def test_a_hold_is_resolved_once_even_past_the_code(hold: LedgerEntry) -> None:
    assert hold.job_id is not None
    ledger.capture(job_id=hold.job_id)

    with pytest.raises(DatabaseError), transaction.atomic():
        _entry(hold, kind="refund", available_after=500, held_after=-5)


def test_the_right_capture_is_accepted(hold: LedgerEntry) -> None:
    _entry(hold)

    wallet = Wallet.objects.get(pk=hold.wallet_id)
    assert (wallet.available, wallet.held) == (495, 0)
