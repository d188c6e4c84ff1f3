"""The ledger's rules, one by one."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import invariants, ledger
from billing.models import CreditLot, EntryKind, LedgerEntry, LotKind
from tests.cast import Cast


@pytest.fixture(autouse=True)
def _ledger_stays_in_order(db: None):
    yield
    assert [violation for violation in invariants.violations() if "job" not in violation.invariant] == []


def _lot(cast: Cast, *, amount: int, days: int | None = None, source: str = "") -> CreditLot:
    expires_at = timezone.now() + timedelta(days=days) if days is not None else None
    ledger.grant(
        wallet=cast.wallet, kind=LotKind.PLAN, amount=amount, source=source or uuid.uuid4().hex, expires_at=expires_at
    )
    return CreditLot.objects.latest("id")


def test_a_new_account_gets_the_sign_up_credits_once(cast: Cast, settings) -> None:
    ledger.open_wallet(cast.alice)

    assert cast.credits() == (settings.SIGNUP_CREDITS, 0)


def test_a_hold_moves_credits_from_available_to_held(cast: Cast) -> None:
    ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5)

    assert cast.credits() == (495, 5)


def test_a_hold_of_more_than_there_is_is_refused_and_changes_nothing(cast: Cast) -> None:
    cast.set_credits(4)

    with pytest.raises(ledger.InsufficientCredits, match=r"Required: 5, available: 4\. Upgrade at .*/pricing"):
        ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5)

    assert cast.credits() == (4, 0)


def test_a_capture_spends_what_was_held(cast: Cast) -> None:
    job_id = uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)

    ledger.capture(job_id=job_id)

    assert cast.credits() == (495, 0)


def test_a_refund_gives_back_what_was_held(cast: Cast) -> None:
    job_id = uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)

    ledger.refund(job_id=job_id, reason="failed")

    assert cast.credits() == (500, 0)


@pytest.mark.parametrize("first", [ledger.capture, lambda *, job_id: ledger.refund(job_id=job_id, reason="failed")])
@pytest.mark.parametrize("second", [ledger.capture, lambda *, job_id: ledger.refund(job_id=job_id, reason="again")])
def test_a_hold_is_resolved_once(cast: Cast, first, second) -> None:
    job_id = uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)
    first(job_id=job_id)
    before = cast.credits()

    with pytest.raises(ledger.AlreadyResolved):
        second(job_id=job_id)

    assert cast.credits() == before


def test_spending_takes_the_lot_that_expires_first(cast: Cast) -> None:
    late, soon = _lot(cast, amount=10, days=30), _lot(cast, amount=10, days=3)

    ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=12)

    soon.refresh_from_db()
    late.refresh_from_db()
    assert (soon.remaining, late.remaining) == (0, 8)


def test_a_refund_returns_credits_to_the_lots_they_came_from(cast: Cast) -> None:
    late, soon, job_id = _lot(cast, amount=10, days=30), _lot(cast, amount=10, days=3), uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=12)

    ledger.refund(job_id=job_id, reason="failed")

    soon.refresh_from_db()
    late.refresh_from_db()
    assert (soon.remaining, late.remaining) == (10, 10)


def test_a_refund_into_an_expired_lot_lasts_thirty_more_days(cast: Cast) -> None:
    soon, job_id = _lot(cast, amount=10, days=3), uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=4)
    later = timezone.now() + timedelta(days=4)

    ledger.refund(job_id=job_id, reason="failed", now=later)

    revived = CreditLot.objects.latest("id")
    assert revived != soon
    assert (revived.kind, revived.remaining, revived.expires_at) == (soon.kind, 4, later + ledger.REVIVED_FOR)


def test_expired_credits_cannot_be_spent_even_before_they_are_swept(cast: Cast) -> None:
    cast.set_credits(0)
    _lot(cast, amount=10, days=3)

    with pytest.raises(ledger.InsufficientCredits):
        ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=5, now=timezone.now() + timedelta(days=4))


def test_the_sweep_writes_expired_lots_off_once(cast: Cast) -> None:
    _lot(cast, amount=10, days=3)
    later = timezone.now() + timedelta(days=4)

    assert [ledger.close_expired_lots(now=later), ledger.close_expired_lots(now=later)] == [1, 0]

    assert cast.credits() == (500, 0)
    assert LedgerEntry.objects.filter(kind=EntryKind.EXPIRE).count() == 1


def test_a_grant_from_the_same_source_happens_once(cast: Cast) -> None:
    for _ in range(2):
        _lot(cast, amount=10, source="invoice-1")

    assert cast.credits() == (510, 0)


def test_an_adjustment_names_who_and_why(cast: Cast) -> None:
    entry = ledger.adjust(wallet=cast.wallet, amount=25, actor=cast.olga, reason="sorry for the wait")

    assert entry is not None
    assert (entry.actor, entry.reason, cast.credits()) == (cast.olga, "sorry for the wait", (525, 0))


def test_an_adjustment_never_takes_more_than_there_is(cast: Cast) -> None:
    with pytest.raises(ledger.InsufficientCredits):
        ledger.adjust(wallet=cast.wallet, amount=-501, actor=cast.olga, reason="taken back")

    assert cast.credits() == (500, 0)
