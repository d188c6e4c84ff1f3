"""Letters about low balances and budgets: each once for its occasion, whoever looks and however often."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts import letters
from accounts.models import Letter, User
from billing import ledger, rules, watching
from billing.models import LotKind, SpendingRules
from billing.periods import calendar_month
from billing.rules import Wishes
from tests.cast import Cast, make_cast

MID_MONTH = datetime(2026, 3, 15, 12, tzinfo=UTC)


def wish(cast: Cast, **wishes: int | None) -> None:
    rules.save_wishes(user=cast.alice, wishes=Wishes(**wishes))


def spend(cast: Cast, amount: int) -> uuid.UUID:
    job_id = uuid.uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=amount)
    return job_id


def look() -> None:
    watching.tell_low_balances()
    watching.tell_budgets()


def kinds() -> list[str]:
    return list(Letter.objects.order_by("id").values_list("kind", flat=True))


@pytest.fixture
def heard() -> Any:
    """What whoever listens was told."""
    told: list[dict[str, Any]] = []

    def hear(*, user: User, reached: dict[str, Any], **_: Any) -> None:
        told.append({"user": user.email, **reached})

    watching.budget_reached.connect(hear)
    yield told
    watching.budget_reached.disconnect(hear)


class TestLowBalance:
    def test_nobody_is_told_who_has_not_asked(self, cast: Cast) -> None:
        spend(cast, 499)
        look()

        assert kinds() == []

    def test_a_balance_that_falls_below_is_told_once(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=100)
        spend(cast, 400)
        look()
        assert kinds() == []

        spend(cast, 1)
        for _ in range(3):
            look()

        assert kinds() == ["low_balance"]

    def test_the_letter_says_what_is_left(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=100)
        spend(cast, 430)
        look()

        letter = Letter.objects.get()
        subject, text = letters.subject_and_text(letter)
        assert letter.address == "alice@example.com"
        assert subject == "70 credits are left at Pixelsite"
        assert "below 100 credits: 70 are left" in text

    def test_it_is_told_again_after_there_was_enough_in_between(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=100)
        spend(cast, 450)
        look()
        cast.set_credits(300)
        look()
        spend(cast, 250)
        look()

        assert kinds() == ["low_balance", "low_balance"]

    def test_a_refund_that_is_not_enough_is_no_new_occasion(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=100)
        spend(cast, 450)
        job_id = spend(cast, 10)
        look()
        ledger.refund(job_id=job_id, reason="failed")
        spend(cast, 10)
        look()

        assert kinds() == ["low_balance"]

    def test_credits_that_expire_are_noticed_too(self, cast: Cast) -> None:
        now = timezone.now()
        cast.set_credits(0)
        expires_at = now + timedelta(hours=1)
        ledger.grant(wallet=cast.wallet, kind=LotKind.PLAN, amount=500, source="test:1", expires_at=expires_at)
        wish(cast, low_balance_credits=100)
        look()
        assert kinds() == []

        ledger.close_expired_lots(now=now + timedelta(hours=2))
        look()

        assert kinds() == ["low_balance"]

    def test_another_threshold_is_another_wish(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=400)
        spend(cast, 200)
        look()
        wish(cast, low_balance_credits=350)
        look()

        assert kinds() == ["low_balance", "low_balance"]

    def test_saving_the_same_again_is_not(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=400)
        spend(cast, 200)
        look()
        wish(cast, low_balance_credits=400)
        look()

        assert kinds() == ["low_balance"]

    def test_closed_accounts_get_no_letters(self, cast: Cast) -> None:
        wish(cast, low_balance_credits=400, monthly_budget_credits=10)
        spend(cast, 200)
        User.objects.filter(pk=cast.alice.pk).update(is_active=False)

        look()

        assert kinds() == []


class TestBudget:
    def test_the_month_is_told_at_80_and_at_100_percent_once_each(self, cast: Cast, heard) -> None:
        wish(cast, monthly_budget_credits=100)
        told = []
        for amount in (79, 1, 10, 10, 50):
            spend(cast, amount)
            look()
            look()
            told.append(kinds())

        assert told == [[], ["budget_80"], ["budget_80"], ["budget_80", "budget_100"], ["budget_80", "budget_100"]]
        assert [reached["percent"] for reached in heard] == [80, 100]

    def test_a_leap_over_both_is_told_once_as_the_higher(self, cast: Cast, heard) -> None:
        wish(cast, monthly_budget_credits=100)
        spend(cast, 150)
        look()

        assert kinds() == ["budget_100"]
        assert [reached["percent"] for reached in heard] == [100]

    def test_whoever_listens_hears_the_figures(self, cast: Cast, heard, time_machine) -> None:
        time_machine.move_to(MID_MONTH, tick=False)
        wish(cast, monthly_budget_credits=100)
        spend(cast, 85)
        look()

        assert heard == [
            {
                "user": "alice@example.com",
                "percent": 80,
                "budget_credits": 100,
                "spent_credits": 85,
                "period": {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"},
            }
        ]

    @pytest.mark.parametrize(
        ("amount", "kind", "words"), [(85, "budget_80", "85 of the 100"), (120, "budget_100", "120 credits, and 100")]
    )
    def test_the_letters_say_the_figures(self, cast: Cast, time_machine, amount: int, kind: str, words: str) -> None:
        time_machine.move_to(MID_MONTH, tick=False)
        wish(cast, monthly_budget_credits=100)
        spend(cast, amount)
        look()

        letter = Letter.objects.get(kind=kind)
        _, text = letters.subject_and_text(letter)
        assert words in text
        assert "March 2026" in text

    def test_what_came_back_is_not_spent(self, cast: Cast) -> None:
        wish(cast, monthly_budget_credits=100)
        job_id = spend(cast, 50)
        ledger.refund(job_id=job_id, reason="failed")
        spend(cast, 79)
        look()

        assert kinds() == []

    def test_what_was_captured_stays_spent(self, cast: Cast) -> None:
        wish(cast, monthly_budget_credits=100)
        ledger.capture(job_id=spend(cast, 80))
        look()

        assert kinds() == ["budget_80"]

    def test_a_refund_does_not_make_it_told_again(self, cast: Cast) -> None:
        wish(cast, monthly_budget_credits=100)
        job_id = spend(cast, 80)
        look()
        ledger.refund(job_id=job_id, reason="failed")
        look()
        spend(cast, 80)
        look()

        assert kinds() == ["budget_80"]

    def test_a_new_month_begins_anew(self, cast: Cast, time_machine) -> None:
        time_machine.move_to(MID_MONTH, tick=False)
        wish(cast, monthly_budget_credits=100)
        spend(cast, 100)
        look()
        time_machine.move_to(datetime(2026, 4, 1, 0, 0, 1, tzinfo=UTC), tick=False)
        spend(cast, 79)
        look()
        assert kinds() == ["budget_100"]

        spend(cast, 1)
        look()
        assert kinds() == ["budget_100", "budget_80"]

    def test_a_refund_of_last_months_job_does_not_widen_this_months_budget(self, cast: Cast, time_machine) -> None:
        time_machine.move_to(MID_MONTH, tick=False)
        job_id = spend(cast, 90)
        time_machine.move_to(MID_MONTH + timedelta(days=31), tick=False)
        ledger.refund(job_id=job_id, reason="failed")
        spend(cast, 30)

        assert watching.spent_credits(cast.wallet, period=calendar_month(timezone.now())) == 30

    def test_a_higher_budget_is_told_anew(self, cast: Cast) -> None:
        wish(cast, monthly_budget_credits=100)
        spend(cast, 100)
        look()
        wish(cast, monthly_budget_credits=120)
        look()

        assert kinds() == ["budget_100", "budget_80"]

    def test_books_that_have_not_moved_are_not_looked_at(self, cast: Cast, django_assert_num_queries) -> None:
        wish(cast, monthly_budget_credits=100)
        spend(cast, 10)
        look()

        with django_assert_num_queries(1):
            watching.tell_budgets()

    def test_grants_are_not_spending(self, cast: Cast) -> None:
        wish(cast, monthly_budget_credits=100)
        cast.set_credits(9_000)
        cast.set_credits(5)
        look()

        assert kinds() == []


@pytest.mark.django_db(transaction=True)
def test_sweepers_that_look_at_once_tell_once() -> None:
    cast = make_cast()
    rules.save_wishes(user=cast.alice, wishes=Wishes(low_balance_credits=490, monthly_budget_credits=10))
    ledger.adjust(wallet=cast.wallet, amount=-20, actor=cast.olga, reason="for the test")
    SpendingRules.objects.update(monthly_budget_credits=None)
    together = Barrier(4)

    def sweep(_: int) -> int:
        try:
            together.wait()
            return watching.tell_low_balances()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(sweep, range(4)))

    assert told == 1
    assert kinds() == ["low_balance"]
