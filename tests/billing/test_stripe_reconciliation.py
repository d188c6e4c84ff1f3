"""Stripe's books beside ours: whatever was lost on the way is found, and repaired if asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from billing import auto_top_up, ledger
from billing.models import LotKind, Pack, StripeEvent
from tests.billing.shop import Shop, grants


@pytest.fixture
def clock() -> object:
    with time_machine.travel(datetime(2027, 3, 1, 9, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def reconcile(clock, *arguments: str) -> tuple[int, str]:
    """Run the command a while later. Returns (exit status, what it printed)."""
    clock.shift(timedelta(minutes=20))
    out = StringIO()
    try:
        call_command("reconcile_stripe", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def _drop_events(shop: Shop) -> None:
    """As if Stripe had given up on them long ago: it does not even list them."""
    for event in shop.stripe.ledgers.events:
        event["pending_webhooks"] = 0


def test_books_that_agree_are_said_to(clock, shop: Shop) -> None:
    shop.buy("starter")
    shop.buy("pack-5000")
    shop.switch("pro")

    assert reconcile(clock) == (0, "0 differences, 0 repaired\n")


def test_events_that_were_never_delivered_are_listed(clock, shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("pack-5000"))

    status, said = reconcile(clock)

    assert status == 1
    assert "checkout.session.completed was never delivered" in said
    assert StripeEvent.objects.count() == 0


def test_events_that_were_never_delivered_are_handled_if_asked(clock, shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.pay(shop.checkout("pack-5000"))

    status, _ = reconcile(clock, "--repair")

    assert (status, grants(shop.wallet), shop.plan) == (0, {10_000: 1, 5_000: 1}, "starter")


def test_what_was_paid_is_found_without_any_event(clock, shop: Shop) -> None:
    session = shop.stripe.pay(shop.checkout("starter"))
    pack = shop.stripe.pay(shop.checkout("pack-5000"))
    _drop_events(shop)

    status, said = reconcile(clock)

    assert status == 1
    assert f"{session['invoice']}: paid, and not granted" in said
    assert f"{pack['id']}: a pack was paid and not granted" in said


def test_what_was_paid_is_granted_without_any_event(clock, shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.pay(shop.checkout("pack-5000"))
    _drop_events(shop)

    status, _ = reconcile(clock, "--repair")

    assert (status, grants(shop.wallet), shop.plan) == (0, {10_000: 1, 5_000: 1}, "starter")
    assert reconcile(clock)[0] == 0


def test_a_lost_upgrade_is_found_and_repaired(clock, shop: Shop) -> None:
    shop.buy("starter")
    subscription = shop.at_stripe
    clock.shift(timedelta(days=1))
    shop.stripe.ledgers.upgrade(subscription, shop.stripe.ledgers.get("price_pro"), shop.stripe.ledgers.now)
    _drop_events(shop)

    _, said = reconcile(clock)
    repaired, _ = reconcile(clock, "--repair")

    assert ":proration" in said
    assert "active on Pro at Stripe, active on Starter here" in said
    assert (repaired, shop.plan, sum(grants(shop.wallet).values())) == (0, "pro", 2)


def test_a_lost_end_is_found_and_repaired(clock, shop: Shop) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.end(shop.at_stripe)
    _drop_events(shop)

    status, _ = reconcile(clock, "--repair")

    assert (status, shop.plan) == (0, "free")


def test_a_lost_automatic_top_up_is_found_and_repaired(clock, shop: Shop) -> None:
    shop.buy("pack-5000")
    auto_top_up.turn_on(
        wallet=shop.wallet, pack=Pack.objects.get(slug="pack-20000"), below_credits=9_000, monthly_cents_max=50_00
    )
    auto_top_up.top_up_low_wallets()
    _drop_events(shop)

    _, said = reconcile(clock)
    status, _ = reconcile(clock, "--repair")

    assert "an automatic top-up was paid and not granted" in said
    assert (status, shop.credits()) == (0, 25_500)


def test_a_lost_refund_is_found_and_repaired(clock, shop: Shop) -> None:
    session = shop.buy("pack-5000")
    refund = shop.stripe.refund(session["payment_intent"], 10_00)
    _drop_events(shop)

    _, said = reconcile(clock)
    status, _ = reconcile(clock, "--repair")

    assert f"money went back, credits did not: {refund['id']}" in said
    assert (status, shop.credits()) == (0, 500)


def test_a_dispute_that_was_won_unheard_of_is_found_and_repaired(clock, shop: Shop) -> None:
    session = shop.buy("pack-5000")
    dispute = shop.stripe.dispute(session["payment_intent"])
    shop.hear()
    shop.stripe.close_dispute(dispute, won=True)
    _drop_events(shop)

    status, _ = reconcile(clock, "--repair")

    assert (status, shop.credits()) == (0, 5_500)


@pytest.mark.parametrize("source", ["in_invented:il_1", "pi_invented", "cs_test_invented"])
def test_credits_that_nobody_paid_are_listed_and_left_to_an_operator(clock, shop: Shop, source: str) -> None:
    ledger.grant(wallet=shop.wallet, kind=LotKind.TOPUP, amount=77, source=source)

    status, said = reconcile(clock, "--repair")

    assert status == 1
    assert f"{source.partition(':')[0]}: granted here, not paid at Stripe" in said


def test_what_happened_a_moment_ago_is_no_difference(clock, shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("pack-5000"))
    out = StringIO()
    call_command("reconcile_stripe", stdout=out)

    assert out.getvalue() == "0 differences, 0 repaired\n"


def test_prices_that_differ_from_the_pages_are_listed(clock, shop: Shop, settings) -> None:
    shop.stripe.ledgers.get("price_pro")["unit_amount"] = 45_00
    shop.stripe.ledgers.get("price_scale")["active"] = False
    shop.stripe.add_price("price_yearly", 10_00, interval="year")
    settings.STRIPE_PRICES |= {"starter": "price_yearly", "pack-20000": "price_none", "gold": "price_gold"}

    status, said = reconcile(clock)

    assert status == 1
    assert "the price of “pro” is $45.00 at Stripe and $50.00 here" in said
    assert "the price of “scale” is archived at Stripe" in said
    assert "the price of “starter” is billed every year at Stripe" in said
    assert "price_none" in said
    assert "“gold”, which is neither a plan nor a pack" in said


def test_a_stripe_that_is_away_is_an_error_and_no_agreement(clock, shop: Shop) -> None:
    shop.stripe.is_away = True

    with pytest.raises(CommandError, match="does not answer"):
        reconcile(clock)


def test_without_stripe_the_command_says_what_to_set(shop: Shop, settings) -> None:
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY"):
        call_command("reconcile_stripe")


def test_a_payment_of_a_customer_of_nobody_is_listed(clock, shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("pack-5000"))
    _drop_events(shop)
    type(shop.wallet).objects.update(stripe_customer=None)

    status, said = reconcile(clock, "--repair")

    assert status == 1
    assert "No account belongs to the customer" in said


def test_more_than_a_page_of_invoices_is_looked_at(clock, shop: Shop) -> None:
    shop.buy("starter")
    template = shop.stripe.ledgers.all("invoice")[0]
    for number in range(120):
        copy = {**template, "id": f"in_copy_{number}", "lines": template["lines"]}
        shop.stripe.ledgers.records[copy["id"]] = copy

    _, said = reconcile(clock)

    assert said.count("paid, and not granted") == 120


def test_a_cancel_that_was_not_heard_of_is_found(clock, shop: Shop) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.get(shop.at_stripe["id"])["cancel_at_period_end"] = True
    _drop_events(shop)

    _, said = reconcile(clock)

    assert "active on Starter, ending at Stripe, active on Starter here" in said
