"""A plan or a pack is bought at Stripe, Stripe tells us, and credits are there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Letter
from billing import invariants, plan_changes, stripe_events, top_ups
from billing.models import CreditLot, LedgerEntry, Pack, StripeEvent
from tests.billing.shop import RETURN, Shop, grants, handle_waiting, lots, receive


@pytest.fixture(autouse=True)
def _books_are_in_order(shop: Shop) -> object:
    yield
    assert [found for found in invariants.violations() if "job" not in found.invariant] == []


def test_a_plan_that_is_bought_brings_its_credits_and_its_limits(shop: Shop) -> None:
    shop.buy("starter")

    assert grants(shop.wallet) == {10_000: 1}
    assert shop.plan == "starter"


def test_monthly_credits_end_with_the_period_that_was_paid(shop: Shop) -> None:
    shop.buy("starter")

    lot = CreditLot.objects.get(wallet=shop.wallet, kind="plan")
    assert lot.expires_at is not None
    assert int(lot.expires_at.timestamp()) == shop.at_stripe["items"]["data"][0]["current_period_end"]


def test_the_grant_names_the_line_of_the_invoice(shop: Shop) -> None:
    session = shop.buy("starter")

    entry = LedgerEntry.objects.get(wallet=shop.wallet, amount=10_000)
    assert (entry.source or "").startswith(f"{session['invoice']}:il_")


def test_a_pack_that_is_bought_lasts_a_year_and_changes_no_plan(shop: Shop) -> None:
    session = shop.buy("pack-5000")

    lot = CreditLot.objects.get(wallet=shop.wallet, kind="topup")
    assert lot.expires_at is not None
    assert (lot.amount, shop.plan) == (5_000, "free")
    assert lot.expires_at - timezone.now() > timedelta(days=364)
    assert LedgerEntry.objects.get(wallet=shop.wallet, amount=5_000).source == session["payment_intent"]


def test_coming_back_from_stripes_page_grants_nothing(shop: Shop) -> None:
    browser = Client()
    browser.force_login(shop.cast.alice)
    session = shop.stripe.pay(shop.checkout("pack-5000"))

    page = browser.get("/billing/done/", {"session": session["id"]})

    assert page.status_code == 200
    assert grants(shop.wallet) == {}


def test_a_page_that_is_completed_but_unpaid_waits_for_the_payment(shop: Shop) -> None:
    session = shop.stripe.pay(shop.checkout("pack-5000"), later=True)
    shop.hear()
    before = grants(shop.wallet)
    shop.stripe.settle_later_payment(session, succeeds=True)
    shop.hear()

    assert (before, grants(shop.wallet)) == ({}, {5_000: 1})


def test_a_late_payment_that_fails_grants_nothing_and_says_so(shop: Shop) -> None:
    session = shop.stripe.pay(shop.checkout("pack-5000"), later=True)
    shop.stripe.settle_later_payment(session, succeeds=False)
    shop.hear()

    assert grants(shop.wallet) == {}
    assert Letter.objects.get(address=shop.cast.alice.email).kind == "top_up_failed"


def test_a_checkout_page_is_for_the_customer_of_the_account(shop: Shop) -> None:
    session = shop.buy("pack-5000")

    customer = shop.stripe.ledgers.get(session["customer"])
    assert (shop.wallet.stripe_customer, customer["email"]) == (session["customer"], "alice@example.com")


def test_a_second_purchase_uses_the_same_customer(shop: Shop) -> None:
    first, second = shop.buy("pack-5000"), shop.buy("starter")

    assert first["customer"] == second["customer"]
    assert len(shop.stripe.ledgers.all("customer")) == 1


def test_a_subscriber_is_not_sold_a_second_subscription(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))  # nothing of it has reached us yet

    with pytest.raises(plan_changes.AlreadySubscribed):
        shop.checkout("pro")


def test_a_page_left_open_in_another_tab_cannot_be_paid_as_well(shop: Shop) -> None:
    first = shop.checkout("starter")
    shop.checkout("pro")

    session = shop.stripe.ledgers.get(first.rpartition("/")[2])
    assert session["status"] == "expired"


def test_packs_are_bought_by_name_only(shop: Shop) -> None:
    for name in ("", "pack-1", "starter", "pack-100000"):  # the last one has no price at Stripe
        with pytest.raises(top_ups.PackNotSold):
            top_ups.sold_pack(name)


def test_a_price_that_was_replaced_is_still_honoured(shop: Shop, settings) -> None:
    url = shop.checkout("starter")
    shop.stripe.add_price("price_starter_2027", 12_00, interval="month")
    settings.STRIPE_PRICES |= {"starter": "price_starter_2027|price_starter"}
    shop.stripe.pay(url)
    shop.hear()

    assert (shop.plan, grants(shop.wallet)) == ("starter", {10_000: 1})


def test_a_pack_whose_price_was_forgotten_is_known_by_the_name_we_wrote(shop: Shop, settings) -> None:
    url = shop.checkout("pack-5000")
    settings.STRIPE_PRICES = {"starter": "price_starter"}
    shop.stripe.pay(url)
    shop.hear()

    assert grants(shop.wallet) == {5_000: 1}


def test_an_invoice_of_an_unknown_price_is_parked_with_what_to_do(shop: Shop, settings) -> None:
    url = shop.checkout("starter")
    settings.STRIPE_PRICES = {"pro": "price_pro"}
    shop.stripe.pay(url)
    shop.hear()

    event = StripeEvent.objects.get(kind="invoice.paid")
    assert (event.state, grants(shop.wallet)) == ("parked", {})
    assert "STRIPE_PRICES" in event.error


def test_a_parked_event_can_be_handled_once_the_cause_is_gone(shop: Shop, settings) -> None:
    url = shop.checkout("starter")
    known = settings.STRIPE_PRICES
    settings.STRIPE_PRICES = {"pro": "price_pro"}
    shop.stripe.pay(url)
    shop.hear()
    settings.STRIPE_PRICES = known
    for event in StripeEvent.objects.filter(state="parked"):
        stripe_events.replay(event, actor=shop.cast.olga)
    handle_waiting()

    assert (shop.plan, grants(shop.wallet)) == ("starter", {10_000: 1})


def test_replaying_everything_changes_nothing(shop: Shop) -> None:
    shop.buy("starter")
    shop.buy("pack-5000")
    before = (lots(shop.wallet), shop.plan)
    for event in StripeEvent.objects.all():
        stripe_events.replay(event, actor=shop.cast.olga)
    handle_waiting()

    assert (lots(shop.wallet), shop.plan) == before


def test_a_stripe_that_is_away_loses_nothing(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.is_away = True
    shop.hear()
    waiting = set(StripeEvent.objects.filter(kind="invoice.paid").values_list("state", "attempts"))
    shop.stripe.is_away = False
    stripe_events.handle_due(now=timezone.now() + timedelta(hours=1))

    assert waiting == {("failed", 1)}
    assert grants(shop.wallet) == {10_000: 1}


def test_the_sweep_asks_a_stripe_that_is_away_once(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.deliver(receive)
    shop.stripe.is_away = True
    shop.stripe.asked.clear()

    stripe_events.handle_due(now=timezone.now() + timedelta(hours=1))

    assert len(shop.stripe.asked) == 1


def test_an_event_that_keeps_failing_is_given_to_an_operator(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.deliver(receive)
    shop.stripe.is_away = True
    event = StripeEvent.objects.get(kind="invoice.paid")

    states = [stripe_events.handle(event.pk) for _ in range(15)]

    assert set(states[:-1]) == {"failed"}
    assert states[-1] == "parked"


def test_pauses_between_attempts_grow(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    shop.stripe.deliver(receive)
    shop.stripe.is_away = True
    event = StripeEvent.objects.get(kind="invoice.paid")
    pauses = []
    for _ in range(4):
        now = timezone.now()
        stripe_events.handle(event.pk, now=now)
        event.refresh_from_db()
        pauses.append((event.try_at - now).total_seconds())

    assert pauses == [30, 60, 120, 240]


def test_what_is_stored_of_an_event_says_nothing_of_the_person(shop: Shop) -> None:
    shop.buy("starter")

    stored = str(list(StripeEvent.objects.values_list("payload", flat=True)))
    assert "alice" not in stored.lower()


def test_every_write_bears_an_idempotency_key(shop: Shop) -> None:
    shop.buy("starter")
    shop.switch("pro")
    plan_changes.cancel(wallet=shop.wallet)

    writes = [one for one in shop.stripe.asked if one.method != "GET" and not one.path.endswith("create_preview")]
    assert len(writes) >= 4
    assert [one.path for one in writes if not one.idempotency_key] == []


def test_the_site_without_a_key_sells_nothing(shop: Shop, settings) -> None:
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(Exception, match="not set up"):
        top_ups.begin_checkout(wallet=shop.wallet, pack=Pack.objects.get(slug="pack-5000"), **RETURN)
