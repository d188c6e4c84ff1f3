"""A pack that buys itself: when asked for, one at a time, below the ceiling, and off at the first refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Letter
from billing import auto_top_up, invariants, ledger
from billing.models import AutomaticTopUp, Pack, SpendingRules, Wallet
from tests.billing.shop import Shop, grants

START = datetime(2027, 5, 3, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> object:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def low(clock, shop: Shop) -> Shop:
    """Alice has a card, rules (5,000 credits below 1,000, at most $25 a month) and 900 credits."""
    shop.buy("pack-5000")
    _turn_on(shop, ceiling=25_00)
    shop.cast.set_credits(900)
    return shop


def _turn_on(shop: Shop, *, ceiling: int) -> SpendingRules:
    pack = Pack.objects.get(slug="pack-5000")
    return auto_top_up.turn_on(wallet=shop.wallet, pack=pack, below_credits=1_000, monthly_cents_max=ceiling)


def _rows(shop: Shop) -> list[tuple[str, bool]]:
    rows = AutomaticTopUp.objects.filter(wallet=shop.wallet).order_by("pk")
    return [(row.state, bool(row.payment_intent)) for row in rows]


def _customer(shop: Shop) -> str:
    return shop.wallet.stripe_customer or ""


def test_low_credits_buy_a_pack(low: Shop) -> None:
    charged = auto_top_up.top_up_low_wallets()
    low.hear()

    assert (charged, low.credits()) == (1, 5_900)


def test_the_credits_come_with_the_event_and_not_before(low: Shop) -> None:
    auto_top_up.top_up_low_wallets()

    assert (low.credits(), _rows(low)) == (900, [("asked", True)])


def test_while_one_is_under_way_no_other_is_begun(low: Shop) -> None:
    charged = [auto_top_up.top_up_low_wallets() for _ in range(3)]

    assert (charged, len(_rows(low))) == ([1, 0, 0], 1)


def test_enough_credits_buy_nothing(low: Shop) -> None:
    low.cast.set_credits(1_000)

    assert auto_top_up.top_up_low_wallets() == 0


def test_nobody_who_did_not_ask_is_charged(low: Shop) -> None:
    auto_top_up.turn_off(wallet=low.wallet)

    assert auto_top_up.top_up_low_wallets() == 0


def test_the_ceiling_of_a_month_is_kept_and_the_next_month_begins_anew(low: Shop, clock) -> None:
    bought = []
    for day in range(40):
        clock.move_to(START + timedelta(days=day))
        low.cast.set_credits(0)
        bought.append(auto_top_up.top_up_low_wallets())
        low.hear()

    # Two of $10 within $25 in May; two more from the first of June on.
    assert [START + timedelta(days=day) for day, count in enumerate(bought) if count] == [
        datetime(2027, *date, 8, 0, tzinfo=UTC) for date in ((5, 3), (5, 4), (6, 1), (6, 2))
    ]


@pytest.mark.parametrize(("ceiling", "packs"), [(10_00, 1), (19_99, 1), (20_00, 2), (45_00, 4)])
def test_no_month_costs_more_than_its_ceiling(low: Shop, ceiling: int, packs: int) -> None:
    _turn_on(low, ceiling=ceiling)
    for _ in range(6):
        low.cast.set_credits(0)
        auto_top_up.top_up_low_wallets()
        low.hear()

    assert _rows(low) == [("paid", True)] * packs


def test_a_refused_card_turns_it_off_with_a_reason_and_one_letter(low: Shop) -> None:
    low.stripe.ledgers.declining.add(_customer(low))
    auto_top_up.top_up_low_wallets()
    low.hear()
    again = auto_top_up.top_up_low_wallets()

    rules = SpendingRules.objects.get(wallet=low.wallet)
    assert (rules.top_up_stopped_reason, again) == ("Your card was declined.", 0)
    assert [letter.kind for letter in Letter.objects.filter(kind="top_up_stopped")] == ["top_up_stopped"]
    assert grants(low.wallet) == {5_000: 1}


def test_saving_the_rules_turns_it_on_again(low: Shop) -> None:
    low.stripe.ledgers.declining.add(_customer(low))
    auto_top_up.top_up_low_wallets()
    low.stripe.ledgers.declining.clear()
    _turn_on(low, ceiling=25_00)
    auto_top_up.top_up_low_wallets()
    low.hear()

    assert low.credits() == 5_900


def test_without_a_saved_card_it_turns_itself_off(low: Shop) -> None:
    records = low.stripe.ledgers.records
    for card in low.stripe.ledgers.all("payment_method"):
        del records[card["id"]]
    auto_top_up.top_up_low_wallets()

    assert "no saved card" in SpendingRules.objects.get(wallet=low.wallet).top_up_stopped_reason


def test_a_stripe_that_is_away_is_asked_again_and_charges_once(low: Shop, clock) -> None:
    low.stripe.is_away = True
    while_away = [auto_top_up.top_up_low_wallets() for _ in range(2)]
    low.stripe.is_away = False
    clock.shift(timedelta(minutes=2))
    auto_top_up.top_up_low_wallets()
    low.hear()

    assert while_away == [0, 0]
    assert (_rows(low), low.credits()) == ([("paid", True)], 5_900)


def test_a_crash_after_the_charge_does_not_charge_again_a_week_later(low: Shop, clock) -> None:
    """Stripe forgets idempotency keys after a day; what is written on the payment stays."""
    auto_top_up.top_up_low_wallets()
    AutomaticTopUp.objects.update(payment_intent="")  # as if we had died before noting it
    low.stripe._answers.clear()
    clock.shift(timedelta(days=7))
    auto_top_up.top_up_low_wallets()

    charged = [one for one in low.stripe.ledgers.all("payment_intent") if one["metadata"].get("pixelsite_top_up")]
    assert (len(charged), _rows(low)) == (1, [("asked", True)])


def test_a_payment_of_another_account_pays_nobodys_row(low: Shop) -> None:
    Wallet.objects.filter(user=low.cast.bob).update(stripe_customer="cus_bob")
    auto_top_up.top_up_low_wallets()
    low.stripe.ledgers.all("payment_intent")[0]["customer"] = "cus_bob"
    low.hear()

    assert _rows(low) == [("asked", True)]
    assert grants(low.wallet) == {5_000: 1}


def test_the_ceiling_is_looked_at_again_under_the_lock(low: Shop) -> None:
    """Whoever found the account low may have been overtaken by another purchase."""
    bought = []
    for _ in range(3):
        bought.append(auto_top_up.top_up_if_low(low.wallet))
        low.hear()
        low.cast.set_credits(0)

    assert bought == [True, True, False]


def test_a_ceiling_below_the_price_is_refused(low: Shop) -> None:
    with pytest.raises(auto_top_up.CeilingTooLow):
        _turn_on(low, ceiling=9_99)


def test_a_price_that_rose_at_stripe_stops_it(low: Shop) -> None:
    low.stripe.ledgers.get("price_pack_5000")["unit_amount"] = 99_00
    auto_top_up.top_up_low_wallets()

    assert SpendingRules.objects.get(wallet=low.wallet).top_up_stopped_reason
    assert low.credits() == 900


def test_suspended_accounts_buy_nothing(low: Shop) -> None:
    type(low.cast.alice).objects.filter(pk=low.cast.alice.pk).update(is_active=False)

    assert auto_top_up.top_up_low_wallets() == 0


def test_looking_for_low_accounts_takes_a_fixed_number_of_queries(low: Shop, django_assert_num_queries) -> None:
    low.cast.set_credits(2_000)
    with django_assert_num_queries(2):
        auto_top_up.top_up_low_wallets()


def test_the_books_are_in_order_after_all_of_it(low: Shop) -> None:
    auto_top_up.top_up_low_wallets()
    low.hear()

    assert [found for found in invariants.violations() if "job" not in found.invariant] == []
    assert ledger.available_credits(low.wallet, now=timezone.now() + timedelta(days=364)) == 5_900
