"""Refunds and disputes take back what the payment brought, in proportion, once, and never more."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import invariants, ledger
from billing.ledger import InDebt
from billing.models import EntryKind, LedgerEntry
from billing.money_back import shares
from billing.stripe_objects import MoneyBack
from tests.billing.shop import Shop


@pytest.fixture(autouse=True)
def _books_are_in_order(db: None) -> object:
    yield
    assert [found for found in invariants.violations() if "job" not in found.invariant] == []


@pytest.fixture
def payment(shop: Shop) -> str:
    """The payment of a pack of 5,000 credits for 10 dollars."""
    return str(shop.buy("pack-5000")["payment_intent"])


def _taken(shop: Shop) -> dict[str | None, int]:
    entries = LedgerEntry.objects.filter(wallet=shop.wallet, kind=EntryKind.CLAWBACK)
    return dict(entries.values_list("source", "amount"))


def test_a_full_refund_takes_all_of_it(shop: Shop, payment: str) -> None:
    refund = shop.stripe.refund(payment, 10_00)
    shop.hear()

    assert (_taken(shop), shop.credits()) == ({refund["id"]: 5_000}, 500)


def test_half_a_refund_takes_half(shop: Shop, payment: str) -> None:
    shop.stripe.refund(payment, 5_00)
    shop.hear()

    assert shop.credits() == 3_000


def test_several_refunds_take_what_was_granted_and_no_more(shop: Shop, payment: str) -> None:
    for amount in (3_33, 3_33, 3_34):
        shop.stripe.refund(payment, amount)
        shop.hear()

    assert (sorted(_taken(shop).values()), shop.credits()) == ([1665, 1665, 1670], 500)


def test_a_refund_heard_of_before_the_payment_takes_what_the_payment_then_brings(shop: Shop) -> None:
    session = shop.stripe.pay(shop.checkout("pack-5000"))
    shop.stripe.refund(session["payment_intent"], 10_00)
    shop.hear(list(reversed(shop.stripe.undelivered())))

    assert (shop.credits(), ledger.debt_of(shop.wallet)) == (500, 0)


def test_an_invoice_of_a_plan_that_is_refunded_takes_its_month(shop: Shop) -> None:
    shop.buy("starter")
    shop.stripe.refund(shop.stripe.ledgers.all("payment_intent")[0]["id"], 10_00)
    shop.hear()

    assert shop.credits() == 500


def test_a_refund_that_fails_gives_the_credits_back(shop: Shop, payment: str) -> None:
    refund = shop.stripe.refund(payment, 10_00, status="pending")
    shop.hear()
    meanwhile = shop.credits()
    shop.stripe.fail_refund(refund)
    shop.hear()

    assert (meanwhile, shop.credits()) == (500, 5_500)


def test_a_dispute_takes_the_credits_at_once(shop: Shop, payment: str) -> None:
    shop.stripe.dispute(payment)
    shop.hear()

    assert shop.credits() == 500


def test_a_dispute_after_the_credits_are_spent_is_a_debt_and_stops_new_jobs(shop: Shop, payment: str) -> None:
    job_id = uuid4()
    ledger.hold(wallet=shop.wallet, job_id=job_id, amount=5_300)
    ledger.capture(job_id=job_id)
    shop.stripe.dispute(payment)
    shop.hear()

    assert (shop.credits(), ledger.debt_of(shop.wallet)) == (0, 4_800)
    with pytest.raises(InDebt):
        ledger.hold(wallet=shop.wallet, job_id=uuid4(), amount=1)


def test_a_dispute_that_is_won_gives_the_credits_back(shop: Shop, payment: str) -> None:
    dispute = shop.stripe.dispute(payment)
    shop.hear()
    shop.stripe.close_dispute(dispute, won=True)
    shop.hear()

    back = LedgerEntry.objects.get(wallet=shop.wallet, source=f"{dispute['id']}:won")
    assert (back.amount, shop.credits()) == (5_000, 5_500)


def test_a_dispute_that_is_won_pays_the_debt_it_made(shop: Shop, payment: str) -> None:
    job_id = uuid4()
    ledger.hold(wallet=shop.wallet, job_id=job_id, amount=5_300)
    ledger.capture(job_id=job_id)
    dispute = shop.stripe.dispute(payment)
    shop.hear()
    shop.stripe.close_dispute(dispute, won=True)
    shop.hear()

    assert (shop.credits(), ledger.debt_of(shop.wallet)) == (200, 0)


def test_a_dispute_that_is_lost_changes_nothing_more(shop: Shop, payment: str) -> None:
    dispute = shop.stripe.dispute(payment)
    shop.hear()
    before = _taken(shop)
    shop.stripe.close_dispute(dispute, won=False)
    shop.hear()

    assert (_taken(shop), shop.credits()) == (before, 500)


def test_a_bank_that_only_asks_takes_nothing(shop: Shop, payment: str) -> None:
    shop.stripe.dispute(payment, status="warning_needs_response")
    shop.hear()

    assert shop.credits() == 5_500


def test_a_refund_of_something_that_brought_no_credits_is_ignored(shop: Shop, payment: str) -> None:
    ledgers = shop.stripe.ledgers
    other = ledgers.add(
        ledgers.get(payment)
        | {"id": "pi_other", "latest_charge": None, "metadata": {}, "status": "requires_payment_method"}
    )
    ledgers.pay(other)
    shop.stripe.refund("pi_other", 10_00)
    shop.hear()

    assert (_taken(shop), shop.credits()) == ({}, 5_500)


_moments = st.integers(min_value=0, max_value=3).map(lambda day: datetime(2027, 1, 1 + day, tzinfo=UTC))
_returns = st.lists(
    st.tuples(st.integers(min_value=1, max_value=1500), _moments, st.booleans(), st.booleans()), max_size=6
)


@given(told=_returns, paid=st.integers(min_value=1, max_value=1500), granted=st.integers(min_value=1, max_value=10**6))
def test_whatever_goes_back_no_more_is_taken_than_was_granted(told, paid: int, granted: int) -> None:
    returns = [
        MoneyBack(
            id=f"re_{number}", charge="ch", is_dispute=False, amount=amount, created=created, is_taken=taken,
            is_returned=returned,
        )
        for number, (amount, created, taken, returned) in enumerate(told)
    ]  # fmt: skip

    taken = [(back, share) for back, share in shares(returns, paid=paid, granted=granted)]

    kept = sum(share for back, share in taken if not back.is_returned)
    gone = sum(back.amount for back, _ in taken if not back.is_returned)
    assert all(0 <= share <= granted for _, share in taken)
    assert kept == granted * min(paid, gone) // paid
