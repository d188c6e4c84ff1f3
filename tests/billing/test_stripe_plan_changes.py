"""Up is paid at once and holds when it is paid; down waits for the period's end; what is quoted is what is charged."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from billing import ledger, plan_changes, subscriptions
from billing.models import Plan, Subscription
from tests.billing.shop import Shop, grants, lots

START = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
MIDDLE = datetime(2027, 3, 16, 21, 30, tzinfo=UTC)  # half of March


@pytest.fixture
def clock() -> object:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def subscriber(clock, shop: Shop) -> Shop:
    """Alice has had Starter for half a month."""
    shop.buy("starter")
    clock.move_to(MIDDLE)
    return shop


def _plan(slug: str) -> Plan:
    return Plan.objects.get(slug=slug)


def _paid_invoices(shop: Shop) -> list[int]:
    return [one["amount_paid"] for one in shop.stripe.ledgers.all("invoice") if one["status"] == "paid"]


def test_going_up_brings_the_difference_of_the_rest_at_once(subscriber: Shop) -> None:
    subscriber.switch("pro")

    # Half of 60,000 less half of 10,000.
    assert grants(subscriber.wallet) == {10_000: 1, 25_000: 1}
    assert subscriber.plan == "pro"


def test_the_difference_ends_with_the_period(subscriber: Shop) -> None:
    subscriber.switch("pro")

    ends = set(subscriber.wallet.lots.filter(kind="plan").values_list("expires_at", flat=True))
    assert ends == {datetime(2027, 4, 1, 9, 30, tzinfo=UTC)}


def test_what_is_quoted_is_what_is_charged(subscriber: Shop) -> None:
    quote = plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))
    plan_changes.switch(wallet=subscriber.wallet, plan=_plan("pro"), as_of=quote.as_of)

    assert quote.due_now is not None
    assert _paid_invoices(subscriber)[0] == quote.due_now.amount == 20_00


def test_a_quote_that_is_confirmed_minutes_later_costs_the_same(subscriber: Shop, clock) -> None:
    quote = plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))
    clock.shift(timedelta(minutes=25))
    plan_changes.switch(wallet=subscriber.wallet, plan=_plan("pro"), as_of=quote.as_of)

    assert quote.due_now is not None
    assert _paid_invoices(subscriber)[0] == quote.due_now.amount


@pytest.mark.parametrize("minutes", [-1, 31])
def test_an_old_quote_is_not_confirmed(subscriber: Shop, minutes: int) -> None:
    with pytest.raises(plan_changes.QuoteTooOld):
        plan_changes.switch(
            wallet=subscriber.wallet, plan=_plan("pro"), as_of=timezone.now() - timedelta(minutes=minutes)
        )


def test_the_quote_says_what_the_next_invoice_will_be(subscriber: Shop, clock) -> None:
    quote = plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))
    subscriber.switch("pro")
    clock.move_to(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    subscriber.hear()

    assert (quote.next_invoice.amount, quote.next_at) == (50_00, datetime(2027, 4, 1, 9, 30, tzinfo=UTC))
    assert _paid_invoices(subscriber)[0] == 50_00


def test_a_quote_changes_nothing(subscriber: Shop) -> None:
    before = [dict(record) for record in subscriber.stripe.ledgers.records.values()]
    plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))
    plan_changes.quote(wallet=subscriber.wallet, plan=_plan("scale"))

    assert [dict(record) for record in subscriber.stripe.ledgers.records.values()] == before


def test_confirming_twice_switches_once(subscriber: Shop) -> None:
    quote = plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))
    plan_changes.switch(wallet=subscriber.wallet, plan=_plan("pro"), as_of=quote.as_of)
    with pytest.raises(plan_changes.SamePlan):
        plan_changes.switch(wallet=subscriber.wallet, plan=_plan("pro"), as_of=quote.as_of)

    assert _paid_invoices(subscriber) == [20_00, 10_00]


def test_an_upgrade_that_is_not_paid_changes_nothing(subscriber: Shop) -> None:
    subscriber.stripe.ledgers.declining.add(subscriber.wallet.stripe_customer or "")
    switched = subscriber.switch("pro")

    assert (subscriber.plan, grants(subscriber.wallet)) == ("starter", {10_000: 1})
    assert switched.pay_url is not None
    assert subscriber.at_stripe["items"]["data"][0]["price"]["id"] == "price_starter"


def test_an_upgrade_that_is_paid_later_holds_from_then_on(subscriber: Shop) -> None:
    subscriber.stripe.ledgers.declining.add(subscriber.wallet.stripe_customer or "")
    subscriber.switch("pro")
    subscriber.stripe.ledgers.declining.clear()
    subscriber.stripe.pay_invoice(subscriber.at_stripe["latest_invoice"])
    subscriber.hear()

    assert (subscriber.plan, grants(subscriber.wallet)) == ("pro", {10_000: 1, 25_000: 1})


def test_an_upgrade_nobody_pays_is_dropped_within_a_day(subscriber: Shop, clock) -> None:
    subscriber.stripe.ledgers.declining.add(subscriber.wallet.stripe_customer or "")
    subscriber.switch("pro")
    clock.shift(timedelta(days=1))
    subscriber.hear()

    assert subscriber.at_stripe["pending_update"] is None
    assert subscriber.plan == "starter"


def test_going_down_costs_nothing_and_changes_nothing_before_the_end(subscriber: Shop) -> None:
    subscriber.switch("pro")
    before = (lots(subscriber.wallet), _paid_invoices(subscriber))
    quote = plan_changes.quote(wallet=subscriber.wallet, plan=_plan("starter"))
    subscriber.switch("starter")

    assert quote.due_now is None
    assert (lots(subscriber.wallet), _paid_invoices(subscriber)) == before
    assert (subscriber.plan, subscriber.subscription.plan.slug) == ("pro", "starter")


def test_after_the_end_the_lower_plan_is_billed_and_holds(subscriber: Shop, clock) -> None:
    subscriber.switch("pro")
    subscriber.switch("starter")
    clock.move_to(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    subscriber.hear()

    assert (subscriber.plan, _paid_invoices(subscriber)[0]) == ("starter", 10_00)
    assert ledger.available_credits(subscriber.wallet) == 10_000 + 500


def test_between_the_end_and_the_payment_the_old_plan_holds(subscriber: Shop, clock) -> None:
    """Stripe charges about an hour after a period ends."""
    clock.move_to(datetime(2027, 4, 1, 9, 45, tzinfo=UTC))
    subscriber.hear()
    subscriptions.settle_due()

    assert subscriber.plan == "starter"


def test_a_move_down_can_be_taken_back_for_nothing(subscriber: Shop) -> None:
    subscriber.switch("pro")
    subscriber.switch("starter")
    plan_changes.keep_plan(wallet=subscriber.wallet)
    subscriber.hear()

    assert subscriber.at_stripe["items"]["data"][0]["price"]["id"] == "price_pro"
    assert _paid_invoices(subscriber) == [20_00, 10_00]


def test_with_a_move_down_under_way_the_way_up_begins_with_taking_it_back(subscriber: Shop) -> None:
    subscriber.switch("pro")
    subscriber.switch("starter")

    with pytest.raises(plan_changes.MoveUnderWay):
        plan_changes.quote(wallet=subscriber.wallet, plan=_plan("scale"))


def test_down_and_back_and_up_pays_the_difference_to_what_was_paid(subscriber: Shop) -> None:
    subscriber.switch("pro")
    subscriber.switch("starter")
    plan_changes.keep_plan(wallet=subscriber.wallet)
    subscriber.switch("scale")

    # Half of 300,000 less half of 60,000.
    assert grants(subscriber.wallet) == {10_000: 1, 25_000: 1, 120_000: 1}
    assert _paid_invoices(subscriber)[0] == 75_00


def test_canceling_keeps_everything_until_the_end(subscriber: Shop, clock) -> None:
    plan_changes.cancel(wallet=subscriber.wallet)
    subscriber.hear()
    until_the_end = (subscriber.plan, subscriber.credits(), subscriber.subscription.cancel_at_period_end)
    clock.move_to(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    subscriber.hear()

    assert until_the_end == ("starter", 10_500, True)
    assert (subscriber.plan, subscriber.credits()) == ("free", 500)


def test_resuming_takes_the_end_back(subscriber: Shop, clock) -> None:
    plan_changes.cancel(wallet=subscriber.wallet)
    plan_changes.resume(wallet=subscriber.wallet)
    clock.move_to(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    subscriber.hear()

    assert (subscriber.plan, grants(subscriber.wallet)) == ("starter", {10_000: 2})


def test_who_has_canceled_resumes_before_switching(subscriber: Shop) -> None:
    plan_changes.cancel(wallet=subscriber.wallet)

    with pytest.raises(plan_changes.EndUnderWay):
        plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))


def test_who_owes_pays_before_switching(subscriber: Shop, clock) -> None:
    subscriber.stripe.ledgers.declining.add(subscriber.wallet.stripe_customer or "")
    clock.move_to(datetime(2027, 4, 2, tzinfo=UTC))
    subscriber.hear()

    with pytest.raises(plan_changes.PaymentOwed):
        plan_changes.quote(wallet=subscriber.wallet, plan=_plan("pro"))


def test_who_has_no_plan_has_none_to_change(shop: Shop) -> None:
    for change in (plan_changes.cancel, plan_changes.resume, plan_changes.keep_plan):
        with pytest.raises(plan_changes.NotSubscribed):
            change(wallet=shop.wallet)


def test_after_an_end_a_plan_can_be_bought_again(subscriber: Shop, clock) -> None:
    plan_changes.cancel(wallet=subscriber.wallet)
    clock.move_to(datetime(2027, 4, 1, 12, 0, tzinfo=UTC))
    subscriber.hear()
    subscriber.buy("pro")

    assert subscriber.plan == "pro"
    assert sorted(Subscription.objects.values_list("status", flat=True)) == ["active", "canceled"]


@pytest.mark.parametrize("day", [28, 30, 31])
def test_an_upgrade_on_any_day_of_a_month_that_began_late_brings_its_share(clock, shop: Shop, day: int) -> None:
    """A subscription of 31 January has a February of 28 days and a March of 31, and shares are of those."""
    clock.move_to(datetime(2027, 1, day, 12, 0, tzinfo=UTC))
    shop.buy("starter")
    clock.move_to(datetime(2027, 2, 14, 12, 0, tzinfo=UTC))
    shop.switch("pro")

    last = min(day, calendar.monthrange(2027, 2)[1])
    rest, whole = last - 14, 31 + last - day
    assert grants(shop.wallet) == {10_000: 1, 50_000 * rest // whole: 1}


def test_a_lower_plan_that_an_operator_sets_with_proration_at_stripe_holds_at_once(subscriber: Shop, clock) -> None:
    """The site never does so; the dashboard can. The credited plan is not what was paid last."""
    subscriber.switch("pro")
    clock.shift(timedelta(hours=1))
    ledgers = subscriber.stripe.ledgers
    ledgers.upgrade(subscriber.at_stripe, ledgers.get("price_starter"), ledgers.now)
    subscriber.hear()

    assert subscriber.plan == "starter"
    assert grants(subscriber.wallet) == {10_000: 1, 25_000: 1}
