"""A completed job's price, given back by hand: once, with a reason, as a grant of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import AuditEvent, User
from billing import goodwill, ledger, operator_limits, selectors
from billing.models import EntryKind, LedgerEntry
from tests.cast import Cast

WHY = "The result had a seam"


@pytest.fixture
def job_id(cast: Cast) -> UUID:
    """A completed job of Alice's that cost five credits."""
    job_id = uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)
    ledger.capture(job_id=job_id)
    return job_id


def _refund(cast: Cast, job_id: UUID, actor: User | None = None) -> LedgerEntry:
    return goodwill.refund_completed_job(job_id=job_id, actor=actor or cast.olga, reason=WHY)


def test_the_price_comes_back_and_the_capture_stays(cast: Cast, job_id: UUID) -> None:
    _refund(cast, job_id)

    assert cast.credits() == (500, 0)
    assert LedgerEntry.objects.filter(job_id=job_id, kind=EntryKind.CAPTURE).exists()


def test_it_works_once(cast: Cast, job_id: UUID) -> None:
    _refund(cast, job_id)

    with pytest.raises(goodwill.RefundedByHand):
        _refund(cast, job_id)
    assert (cast.credits(), goodwill.can_be_refunded(job_id)) == ((500, 0), False)


@pytest.mark.parametrize("end", ["held", "refunded", "unknown"])
def test_only_what_was_spent_is_given_back(cast: Cast, end: str) -> None:
    job_id = uuid4()
    if end != "unknown":
        ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)
    if end == "refunded":
        ledger.refund(job_id=job_id, reason="failed")

    with pytest.raises(goodwill.NothingToRefund):
        _refund(cast, job_id)


def test_the_customer_reads_the_reason_in_the_statement(cast: Cast, job_id: UUID) -> None:
    _refund(cast, job_id)

    line = selectors.statement(cast.alice, limit=1)[0]
    assert (line.amount_signed, line.reason) == (5, WHY)


def test_it_is_written_down_once_with_who_and_why(cast: Cast, job_id: UUID) -> None:
    _refund(cast, job_id)

    event = AuditEvent.objects.get(kind="job_refunded")
    assert (event.user, event.actor, event.reason) == (cast.alice, cast.olga, WHY)
    assert str(job_id) in event.about


def test_it_counts_against_the_operators_day(cast: Cast, job_id: UUID, settings: Any) -> None:
    settings.ADMIN_CREDITS_PER_DAY = 4

    with pytest.raises(operator_limits.DailyCapReached):
        _refund(cast, job_id)
    assert cast.credits() == (495, 0)


def test_an_operator_does_not_refund_themselves(cast: Cast, job_id: UUID) -> None:
    with pytest.raises(operator_limits.OwnAccount):
        _refund(cast, job_id, actor=cast.alice)


def test_what_is_given_back_pays_a_debt_first(cast: Cast, job_id: UUID) -> None:
    ledger.claw_back(wallet=cast.wallet, amount=498, source="re_1", reason="refunded at the bank")

    _refund(cast, job_id)

    assert (ledger.debt_of(cast.wallet), cast.credits()) == (0, (2, 0))
