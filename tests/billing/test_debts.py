"""Credits whose payment was returned after they had been spent."""

from __future__ import annotations

import uuid

import pytest

from billing import invariants, ledger
from billing.models import Debt, LotKind
from tests.cast import Cast


def _claw_back(cast: Cast, amount: int, source: str = "re_1") -> int:
    return ledger.claw_back(wallet=cast.wallet, amount=amount, source=source, reason="Payment refunded")


def test_a_returned_payment_takes_its_credits_back(cast: Cast) -> None:
    owed = _claw_back(cast, 200)

    assert owed == 0
    assert cast.credits() == (300, 0)
    assert invariants.violations() == []


def test_what_was_spent_already_is_owed(cast: Cast) -> None:
    owed = _claw_back(cast, 800)

    assert owed == 300
    assert cast.credits() == (0, 0)
    assert ledger.debt_of(cast.wallet) == 300
    assert invariants.violations() == []


def test_a_payment_is_taken_back_once_however_often_that_is_told(cast: Cast) -> None:
    _claw_back(cast, 800)

    assert _claw_back(cast, 800) == 0
    assert ledger.debt_of(cast.wallet) == 300


def test_who_owes_can_hold_nothing(cast: Cast) -> None:
    _claw_back(cast, 501)

    with pytest.raises(ledger.InDebt) as refusal:
        ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=1)

    assert refusal.value.status == 402
    assert refusal.value.code == "account_in_debt"


def test_the_next_credits_pay_the_debt_first(cast: Cast) -> None:
    _claw_back(cast, 800)

    ledger.grant(wallet=cast.wallet, kind=LotKind.TOPUP, amount=1000, source="pi_2")

    assert ledger.debt_of(cast.wallet) == 0
    assert cast.credits() == (700, 0)
    assert invariants.violations() == []


def test_a_debt_is_paid_in_parts_if_need_be(cast: Cast) -> None:
    _claw_back(cast, 800)

    for number in range(3):
        ledger.grant(wallet=cast.wallet, kind=LotKind.TOPUP, amount=125, source=f"pi_{number}")

    assert ledger.debt_of(cast.wallet) == 0
    assert cast.credits() == (75, 0)
    assert invariants.violations() == []


def test_an_operator_cannot_take_below_zero(cast: Cast) -> None:
    with pytest.raises(ledger.InsufficientCredits):
        ledger.adjust(wallet=cast.wallet, amount=-501, actor=cast.olga, reason="a mistake of ours")

    assert cast.credits() == (500, 0)


def test_an_operator_who_insists_leaves_a_debt_that_says_why(cast: Cast) -> None:
    ledger.adjust(wallet=cast.wallet, amount=-501, actor=cast.olga, reason="a mistake of ours", force=True)

    assert cast.credits() == (0, 0)
    assert Debt.objects.get().reason == "a mistake of ours"
    assert ledger.debt_of(cast.wallet) == 1
    assert invariants.violations() == []
