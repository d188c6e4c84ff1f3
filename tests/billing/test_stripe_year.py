"""Thirteen months of a customer: renewals at month ends, a payment that fails, an upgrade, a pack, an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import Letter
from billing import invariants, ledger, monthly, plan_changes, subscriptions
from tests.billing.shop import Shop, grants


def _at(month: int, day: int, hour: int = 12, *, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """What Alice has after a day."""

    plan: str
    monthly: int
    bought: int


@pytest.fixture
def clock() -> object:
    with time_machine.travel(_at(1, 31, 10), tick=False) as traveller:
        yield traveller


def _sweep() -> None:
    ledger.close_expired_lots()
    monthly.grant_due_months()
    subscriptions.settle_due()


def _seen(shop: Shop) -> Seen:
    shop.hear()
    _sweep()
    left = {"plan": 0, "topup": 0}
    for lot in shop.wallet.lots.filter(remaining__gt=0, kind__in=left):
        left[lot.kind] += lot.remaining
    return Seen(plan=shop.plan, monthly=left["plan"], bought=left["topup"])


def test_a_year_of_a_customer(clock, shop: Shop) -> None:
    shop.buy("starter")
    customer = shop.wallet.stripe_customer or ""
    acts: dict[datetime, Callable[[], object]] = {
        _at(2, 10): lambda: shop.buy("pack-5000"),
        _at(5, 30): lambda: shop.stripe.ledgers.declining.add(customer),
        _at(6, 2): lambda: shop.stripe.ledgers.declining.clear(),
        _at(8, 15, 22): lambda: shop.switch("pro"),
        _at(12, 20): lambda: plan_changes.cancel(wallet=shop.wallet),
    }
    # Months end on the 31st or the last day before it, at ten o'clock; the money comes an hour later.
    table = {
        _at(2, 27): Seen("starter", 10_000, 5_000),
        _at(2, 28): Seen("starter", 10_000, 5_000),
        _at(3, 31): Seen("starter", 10_000, 5_000),
        _at(4, 30): Seen("starter", 10_000, 5_000),
        # The payment of 31 May fails: the plan goes on, without new credits, until it is paid on 3 June.
        _at(5, 31): Seen("starter", 0, 5_000),
        _at(6, 2): Seen("starter", 0, 5_000),
        _at(6, 4): Seen("starter", 10_000, 5_000),
        _at(6, 30): Seen("starter", 10_000, 5_000),
        _at(7, 31): Seen("starter", 10_000, 5_000),
        # From 15 August, 22:00, to 31 August, 10:00, are 372 of 744 hours.
        _at(8, 16): Seen("pro", 10_000 + 25_000, 5_000),
        _at(8, 31): Seen("pro", 60_000, 5_000),
        _at(9, 30): Seen("pro", 60_000, 5_000),
        _at(10, 31): Seen("pro", 60_000, 5_000),
        _at(11, 30): Seen("pro", 60_000, 5_000),
        _at(12, 30): Seen("pro", 60_000, 5_000),
        # It ends on 31 December; from then on the account has the free plan's month.
        _at(12, 31): Seen("free", 10, 5_000),
        _at(1, 31, year=2028): Seen("free", 10, 5_000),
        _at(2, 9, year=2028): Seen("free", 10, 5_000),
        _at(2, 11, year=2028): Seen("free", 10, 0),
    }

    seen = {}
    for moment in sorted({*acts, *table}):
        clock.move_to(moment)
        shop.hear()
        if moment in acts:
            acts[moment]()
        if moment in table:
            seen[moment] = _seen(shop)

    assert seen == table
    assert grants(shop.wallet) == {10_000: 7, 25_000: 1, 60_000: 4, 5_000: 1, 10: 2}
    assert [found for found in invariants.violations() if "job" not in found.invariant] == []


def test_who_never_pays_falls_to_free_when_grace_is_over(clock, shop: Shop, settings) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    shop.stripe.ledgers.after_retries = "unpaid"
    failed_at = _at(2, 28, 10)
    plans = {}
    for days in (0.5, 3, 6.9, 7.1, 20):
        clock.move_to(failed_at + timedelta(days=days))
        plans[days] = _seen(shop).plan

    assert plans == {0.5: "starter", 3: "starter", 6.9: "starter", 7.1: "free", 20: "free"}


def test_who_is_a_payment_behind_is_told_until_when_to_pay(clock, shop: Shop) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    for day in (1, 5, 8, 12):
        clock.move_to(_at(3, day))
        _seen(shop)

    letters = {letter.kind: letter.context for letter in Letter.objects.filter(address=shop.cast.alice.email)}
    assert letters.keys() == {"payment_failed", "plan_lapsed"}
    assert letters["payment_failed"]["until"] == "7 March 2027"
    assert Letter.objects.filter(kind="payment_failed").count() == 1


def test_a_late_payment_brings_the_plan_and_the_credits_of_its_period(clock, shop: Shop) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    shop.stripe.ledgers.after_retries = "past_due"
    clock.move_to(_at(3, 1))
    _seen(shop)
    clock.move_to(_at(3, 20))
    before = _seen(shop)
    shop.stripe.ledgers.declining.clear()
    shop.stripe.pay_invoice(shop.at_stripe["latest_invoice"])

    assert (before, _seen(shop)) == (Seen("free", 0, 0), Seen("starter", 10_000, 0))


def test_no_plan_is_lost_while_stripe_cannot_be_asked(clock, shop: Shop) -> None:
    """The period's end passes, and neither events nor answers come for some hours."""
    shop.buy("starter")
    shop.stripe.is_away = True
    clock.move_to(_at(2, 28, 22))
    _sweep()

    assert shop.plan == "starter"


def test_a_lost_event_of_an_end_is_made_up_for_by_asking(clock, shop: Shop) -> None:
    shop.buy("starter")
    plan_changes.cancel(wallet=shop.wallet)
    clock.move_to(_at(2, 28, 12))
    shop.stripe.catch_up()  # and nothing is delivered
    subscriptions.settle_due()

    assert shop.plan == "free"


def test_without_stripe_a_plan_ends_a_day_after_its_period(clock, shop: Shop, settings) -> None:
    shop.buy("starter")
    settings.STRIPE_SECRET_KEY = ""
    clock.move_to(_at(3, 1, 11))
    subscriptions.settle_due()

    assert shop.plan == "free"


def test_a_given_plan_holds_where_no_subscription_is_paid(clock, shop: Shop) -> None:
    wallet = shop.wallet
    wallet.given_plan = type(wallet.plan).objects.get(slug="scale")
    wallet.save(update_fields=["given_plan"])
    plans = [subscriptions.settle_plan(shop.wallet).slug]
    shop.buy("starter")
    plans.append(shop.plan)
    plan_changes.cancel(wallet=shop.wallet)
    clock.move_to(_at(2, 28, 12))
    shop.hear()
    plans.append(shop.plan)

    assert plans == ["scale", "starter", "scale"]


@pytest.mark.parametrize("end", ["unpaid", "past_due", "canceled"])
def test_settling_twice_is_settling_once(clock, shop: Shop, end: str) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    shop.stripe.ledgers.after_retries = end
    clock.move_to(_at(4, 1))
    shop.hear()

    settled = [subscriptions.settle_plan(shop.wallet).slug for _ in range(2)]

    assert settled == ["free", "free"]
    assert Letter.objects.filter(kind="plan_lapsed").count() == 1
