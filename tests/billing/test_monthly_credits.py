"""Credits that come by themselves each month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services
from billing import invariants, ledger, monthly
from billing.models import CreditLot, LotKind, Plan, Wallet

pytestmark = pytest.mark.django_db

JOINED = datetime(2027, 1, 31, 12, tzinfo=UTC)


def _joined(email: str = "carol@example.com", at: datetime = JOINED) -> Wallet:
    with time_machine.travel(at, tick=False):
        return Wallet.objects.get(user=services.register_user(email=email))


def _months(wallet: Wallet) -> list[CreditLot]:
    return list(CreditLot.objects.filter(wallet=wallet, kind=LotKind.PLAN).order_by("pk"))


def test_the_first_month_has_the_sign_up_credits_instead() -> None:
    wallet = _joined()

    monthly.grant_due_months(now=JOINED + timedelta(days=27))

    assert _months(wallet) == []


def test_the_second_month_brings_the_plans_credits_until_it_ends() -> None:
    wallet = _joined()

    monthly.grant_due_months(now=datetime(2027, 2, 28, 12, tzinfo=UTC))

    (lot,) = _months(wallet)
    assert (lot.amount, lot.expires_at) == (10, datetime(2027, 3, 31, 12, tzinfo=UTC))


def test_unspent_credits_of_a_month_do_not_roll_over() -> None:
    wallet = _joined()

    for month in (3, 4, 5):
        now = datetime(2027, month, 2, tzinfo=UTC)
        monthly.grant_due_months(now=now)
        ledger.close_expired_lots(now=now)

    assert sum(lot.remaining for lot in _months(wallet)) == 10
    assert invariants.violations() == []


def test_running_twice_grants_once() -> None:
    wallet = _joined()
    now = datetime(2027, 3, 5, tzinfo=UTC)

    monthly.grant_due_months(now=now)
    Wallet.objects.update(months_granted_until=None)
    monthly.grant_due_months(now=now)

    assert len(_months(wallet)) == 1


def test_a_month_that_is_over_is_not_granted_late() -> None:
    wallet = _joined()

    monthly.grant_due_months(now=datetime(2027, 6, 15, tzinfo=UTC))

    assert [lot.expires_at for lot in _months(wallet)] == [datetime(2027, 6, 30, 12, tzinfo=UTC)]


def test_a_plan_that_an_operator_gave_brings_its_own_credits() -> None:
    wallet = _joined()
    Wallet.objects.update(plan=Plan.objects.get(slug="starter"))

    monthly.grant_due_months(now=datetime(2027, 3, 5, tzinfo=UTC))

    assert [lot.amount for lot in _months(wallet)] == [10_000]


def test_the_command_grants_and_writes_off_and_may_run_twice() -> None:
    wallet = _joined()

    for day in (1, 1, 29):
        with time_machine.travel(datetime(2027, 3, day, tzinfo=UTC), tick=False):
            call_command("grant_months", stdout=StringIO())
    with time_machine.travel(datetime(2027, 4, 2, tzinfo=UTC), tick=False):
        call_command("grant_months", stdout=StringIO())

    assert [lot.remaining for lot in _months(wallet)] == [0, 10]
    assert invariants.violations() == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    days_after=st.floats(min_value=0, max_value=1000),
    runs=st.lists(st.floats(min_value=0, max_value=200), min_size=1, max_size=12),
)
def test_however_often_it_runs_there_is_one_grant_for_each_month_it_ran_in(
    days_after: float, runs: list[float]
) -> None:
    joined = JOINED + timedelta(days=days_after)
    CreditLot.objects.count()  # a query first: the transaction of the test begins
    wallet = _joined(f"p{joined.timestamp()}-{len(runs)}-{sum(runs)}@example.com", at=joined)

    for days in sorted(runs):
        monthly.grant_due_months(now=joined + timedelta(days=days), limit=10_000)

    ends = [lot.expires_at for lot in _months(wallet)]
    assert len(set(ends)) == len(ends) <= len(runs)
