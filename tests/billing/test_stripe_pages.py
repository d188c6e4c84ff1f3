"""The pages of plan and payment: what they show, what they refuse, and that they grant nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from accounts import services
from accounts.models import AuditEvent
from billing import plan_changes, stripe_events
from billing.models import SpendingRules, StripeEvent
from tests.billing.shop import Shop, grants


@pytest.fixture
def browser(shop: Shop) -> Client:
    client = Client()
    client.force_login(shop.cast.alice)
    return client


@pytest.fixture
def clock() -> object:
    with time_machine.travel(datetime(2027, 3, 1, 9, 30, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def _text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_plan_is_chosen_and_paid_for_at_stripe(shop: Shop, browser: Client) -> None:
    page = browser.get("/billing/plans/starter/")
    away = browser.post("/billing/plans/starter/")
    shop.stripe.pay(away["Location"])
    shop.hear()

    assert "$10" in _text(page)
    assert away["Location"].startswith(shop.stripe.base)
    assert (shop.plan, grants(shop.wallet)) == ("starter", {10_000: 1})


def test_stripe_sends_people_back_to_pages_of_ours(shop: Shop, browser: Client) -> None:
    browser.post("/billing/plans/starter/")

    session = shop.stripe.ledgers.all("checkout.session")[0]
    paths = [urlsplit(session[name]).path for name in ("success_url", "cancel_url")]
    assert paths == ["/billing/done/", "/billing/given-up/"]
    assert [browser.get(path).status_code for path in paths] == [200, 302]


def test_the_page_after_paying_says_whether_stripe_has_told_us(shop: Shop, browser: Client) -> None:
    session = shop.stripe.pay(shop.checkout("pack-5000"))
    before = _text(browser.get("/billing/done/", {"session": session["id"]}))
    shop.hear()
    after = _text(browser.get("/billing/done/", {"session": session["id"]}))

    assert ("Look again" in before, "confirmed your payment" in before) == (True, False)
    assert ("Look again" in after, "confirmed your payment" in after, "5,500" in after) == (False, True, True)


def test_a_switch_shows_its_price_before_it_is_confirmed(clock, shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    clock.move_to(datetime(2027, 3, 16, 21, 30, tzinfo=UTC))
    browser.force_login(shop.cast.alice)  # sessions last two weeks
    page = browser.get("/billing/plans/pro/")

    text = _text(page)
    assert "$20.00" in text
    assert "$50.00" in text
    assert "1 April 2027" in text
    assert shop.plan == "starter"


def test_a_confirmed_switch_is_charged_as_shown(clock, shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    clock.move_to(datetime(2027, 3, 16, 21, 30, tzinfo=UTC))
    browser.force_login(shop.cast.alice)  # sessions last two weeks
    as_of = browser.get("/billing/plans/pro/").context["as_of"]
    answer = browser.post("/billing/plans/pro/switch/", {"as_of": as_of})
    shop.hear()

    assert answer.status_code == 302
    assert (shop.plan, grants(shop.wallet)) == ("pro", {10_000: 1, 25_000: 1})


@pytest.mark.parametrize("as_of", ["", "x", "-1", "1", "9" * 10, "9" * 400, "٣", "1e9"])
def test_a_price_that_was_not_shown_is_not_confirmed(shop: Shop, browser: Client, as_of: str) -> None:
    shop.buy("starter")

    answer = browser.post("/billing/plans/pro/switch/", {"as_of": as_of})

    assert answer.status_code == 409
    assert "worked out too long ago" in _text(answer)
    assert shop.at_stripe["items"]["data"][0]["price"]["id"] == "price_starter"


def test_an_upgrade_whose_payment_fails_leads_to_stripes_page(shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    as_of = browser.get("/billing/plans/pro/").context["as_of"]
    page = browser.post("/billing/plans/pro/switch/", {"as_of": as_of}, follow=True)
    away = browser.get("/billing/pay/")

    assert "when its payment is through" in _text(page)
    assert away["Location"] == f"{shop.stripe.base}/invoice/{shop.at_stripe['latest_invoice']}"


def test_cancel_and_resume_are_said_on_the_page(clock, shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    pages = [_text(browser.get("/billing/"))]
    for action in ("cancel", "resume"):
        browser.post(f"/billing/{action}/")
        pages.append(_text(browser.get("/billing/")))

    assert "Renews on <strong>1 April 2027" in pages[0]
    assert "Ends on <strong>1 April 2027" in pages[1]
    assert "Renews on <strong>1 April 2027" in pages[2]


def test_a_move_down_is_said_and_can_be_taken_back(clock, shop: Shop, browser: Client) -> None:
    shop.buy("pro")
    as_of = browser.get("/billing/plans/starter/").context["as_of"]
    browser.post("/billing/plans/starter/switch/", {"as_of": as_of})
    moving = _text(browser.get("/billing/"))
    browser.post("/billing/keep/")
    kept = _text(browser.get("/billing/"))

    assert "Moves to <strong>Starter</strong> on <strong>1 April 2027" in moving
    assert "Renews on" in kept


def test_a_failed_payment_is_said_with_the_day_of_free(clock, shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    shop.stripe.ledgers.declining.add(shop.wallet.stripe_customer or "")
    clock.move_to(datetime(2027, 4, 2, tzinfo=UTC))
    shop.hear()
    browser.force_login(shop.cast.alice)  # sessions last two weeks

    text = _text(browser.get("/billing/"))
    assert "Pay by <strong>8 April 2027</strong>" in text
    assert "Pay now" in text


def test_a_pack_is_bought_by_its_name(shop: Shop, browser: Client) -> None:
    away = browser.post("/billing/packs/", {"pack": "pack-5000"})
    shop.stripe.pay(away["Location"])
    shop.hear()

    assert grants(shop.wallet) == {5_000: 1}


@pytest.mark.parametrize(
    "fields",
    [
        *({"pack": "pack-5000", "amount": amount} for amount in ("0", "-1", "0.001", "1e12")),
        {"pack": "pack-5000", "currency": "eur"},
        {"pack": "pack-5000", "credits": "1000000"},
        {"pack": "pack-5000", "price": "price_1"},
        {"pack": "0"},
        {"pack": "-1"},
        {"pack": "starter"},
        {"pack": "pack-100000"},
        {},
    ],
)
def test_an_amount_or_price_of_the_buyers_own_is_refused(shop: Shop, browser: Client, fields: dict[str, str]) -> None:
    answer = browser.post("/billing/packs/", fields)

    assert answer.status_code == 422
    assert shop.stripe.ledgers.all("checkout.session") == []


def test_automatic_top_up_is_filled_in_and_turned_off(shop: Shop, browser: Client) -> None:
    shop.buy("pack-5000")
    browser.post("/billing/automatic/", {"pack": "pack-5000", "below": "800", "monthly_ceiling": "30"})
    rules = SpendingRules.objects.get(wallet=shop.wallet)
    saved = (rules.top_up_pack and rules.top_up_pack.slug, rules.top_up_below_credits, rules.top_up_monthly_cents_max)
    browser.post("/billing/automatic/off/")

    assert saved == ("pack-5000", 800, 30_00)
    assert SpendingRules.objects.get(wallet=shop.wallet).top_up_pack is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"pack": "pack-100000"}, {"below": "0"}, {"below": "x"}, {"monthly_ceiling": "0"}, {"monthly_ceiling": "9"},
        {"monthly_ceiling": "-5"}, {"below": ""},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused_beside_their_field(
    shop: Shop, browser: Client, wrong: dict[str, str]
) -> None:
    shop.buy("pack-5000")

    answer = browser.post("/billing/automatic/", {"pack": "pack-5000", "below": "800", "monthly_ceiling": "30"} | wrong)

    assert answer.status_code == 422
    assert "field__error" in _text(answer)
    assert not SpendingRules.objects.filter(wallet=shop.wallet, top_up_pack__isnull=False).exists()


def test_automatic_top_up_needs_a_saved_card(shop: Shop, browser: Client) -> None:
    answer = browser.post("/billing/automatic/", {"pack": "pack-5000", "below": "800", "monthly_ceiling": "30"})

    assert answer.status_code == 409
    assert "no saved card" in _text(answer)


def test_invoices_are_listed_with_their_links(shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    shop.buy("pack-5000")

    page = browser.get("/billing/invoices/")

    assert page.content.decode().count('data-testid="invoice-row"') == 2
    assert f"{shop.stripe.base}/invoice/{shop.at_stripe['latest_invoice']}.pdf" in page.content.decode()


def test_the_portal_is_the_customers_own(shop: Shop, browser: Client) -> None:
    shop.buy("pack-5000")

    answer = browser.post("/billing/portal/")

    assert answer["Location"] == f"{shop.stripe.base}/portal/{shop.wallet.stripe_customer}"


def test_who_has_bought_nothing_has_no_portal(shop: Shop, browser: Client) -> None:
    assert browser.post("/billing/portal/").status_code == 409


ASKING: dict[str, Callable[[Client], Any]] = {
    "choosing": lambda browser: browser.post("/billing/plans/starter/"),
    "switching": lambda browser: browser.get("/billing/plans/pro/"),
    "buying a pack": lambda browser: browser.post("/billing/packs/", {"pack": "pack-5000"}),
    "the portal": lambda browser: browser.post("/billing/portal/"),
    "invoices": lambda browser: browser.get("/billing/invoices/"),
    "canceling": lambda browser: browser.post("/billing/cancel/"),
    "paying": lambda browser: browser.get("/billing/pay/"),
    "the rules": lambda browser: browser.post(
        "/billing/automatic/", {"pack": "pack-5000", "below": "800", "monthly_ceiling": "30"}
    ),
}


@pytest.mark.parametrize("what", ASKING)
def test_a_stripe_that_is_away_is_said_plainly(shop: Shop, browser: Client, what: str) -> None:
    shop.buy("starter")
    shop.stripe.is_away = True

    answer = ASKING[what](browser)

    assert answer.status_code == 503
    assert "does not answer" in _text(answer)


def test_the_plan_page_itself_does_not_ask_stripe(shop: Shop, browser: Client) -> None:
    shop.buy("starter")
    shop.stripe.asked.clear()

    browser.get("/billing/")

    assert shop.stripe.asked == []


def test_the_plan_page_takes_a_fixed_number_of_queries(
    shop: Shop, browser: Client, django_assert_max_num_queries
) -> None:
    shop.buy("starter")
    with django_assert_max_num_queries(12):
        browser.get("/billing/")


def test_without_stripe_the_page_says_that_payments_are_off(shop: Shop, browser: Client, settings) -> None:
    settings.STRIPE_SECRET_KEY = ""

    page = browser.get("/billing/")
    refused = [browser.post("/billing/plans/starter/"), browser.post("/billing/packs/", {"pack": "pack-5000"})]

    assert "Payments are off" in _text(page)
    assert [answer.status_code for answer in refused] == [404, 404]


def test_a_plan_that_is_not_sold_cannot_be_bought(shop: Shop, browser: Client, settings) -> None:
    settings.STRIPE_PRICES = {"pro": "price_pro"}

    assert browser.post("/billing/plans/starter/").status_code == 422
    assert browser.get("/billing/plans/free/").status_code == 404


def test_the_pricing_page_offers_what_is_sold(shop: Shop, browser: Client, settings) -> None:
    signed_in, stranger = browser.get("/pricing"), Client().get("/pricing")
    settings.STRIPE_SECRET_KEY = ""
    off = browser.get("/pricing")

    link = '/billing/plans/pro/"'
    assert f'href="{link}' in _text(signed_in)
    assert f"next={link}" in _text(stranger)
    assert link not in _text(off)


@pytest.mark.parametrize(
    "path", ["/billing/", "/billing/invoices/", "/billing/plans/pro/", "/billing/done/", "/billing/pay/"]
)
def test_pages_are_for_who_is_signed_in(shop: Shop, path: str) -> None:
    answer = Client().get(path)

    assert (answer.status_code, answer["Location"].startswith("/accounts/login/")) == (302, True)


def test_the_admin_shows_and_replays_events(shop: Shop, client: Client) -> None:
    session = shop.buy("pack-5000")
    client.force_login(shop.cast.olga)
    event = StripeEvent.objects.get(kind="checkout.session.completed")
    found = client.get("/admin/billing/stripeevent/", {"q": session["id"]})
    page = client.get(f"/admin/billing/stripeevent/{event.pk}/change/")
    answer = client.post("/admin/billing/stripeevent/", {"action": "replay", "_selected_action": [event.pk]})

    event.refresh_from_db()
    assert event.stripe_id in _text(found)
    assert page.status_code == 200
    assert (answer.status_code, event.state, event.attempts) == (302, "received", 0)
    assert AuditEvent.objects.get(kind="event_replayed").actor == shop.cast.olga


@pytest.mark.parametrize("model", ["stripeevent", "subscription", "automatictopup"])
def test_what_stripe_says_is_not_edited_in_the_admin(shop: Shop, client: Client, model: str) -> None:
    shop.buy("starter")
    client.force_login(shop.cast.olga)

    assert client.get(f"/admin/billing/{model}/").status_code == 200
    assert client.get(f"/admin/billing/{model}/add/").status_code == 403


def test_a_closed_account_is_not_billed_again(shop: Shop) -> None:
    shop.buy("starter")
    services.close_account(shop.cast.alice)
    shop.stripe.is_away = True
    stripe_events.handle_due(now=datetime.now(UTC) + timedelta(seconds=1))
    meanwhile = shop.at_stripe["status"]
    shop.stripe.is_away = False
    stripe_events.handle_due(now=datetime.now(UTC) + timedelta(hours=1))
    shop.hear()

    assert (meanwhile, shop.at_stripe["status"], shop.plan) == ("active", "canceled", "free")


def test_a_page_that_was_open_when_the_account_closed_cannot_be_paid(shop: Shop) -> None:
    url = shop.checkout("starter")
    services.close_account(shop.cast.alice)
    stripe_events.handle_due(now=datetime.now(UTC) + timedelta(seconds=1))

    assert shop.stripe.ledgers.get(url.rpartition("/")[2])["status"] == "expired"


def test_plan_changes_are_refused_while_a_move_is_under_way(shop: Shop, browser: Client) -> None:
    shop.buy("pro")
    plan = type(shop.wallet.plan).objects
    quote = plan_changes.quote(wallet=shop.wallet, plan=plan.get(slug="starter"))
    plan_changes.switch(wallet=shop.wallet, plan=plan.get(slug="starter"), as_of=quote.as_of)

    answer = browser.get("/billing/plans/scale/")

    assert answer.status_code == 409
    assert "Keep Pro" in _text(answer)


def test_a_plan_that_was_being_paid_while_the_account_closed_ends_at_once(shop: Shop) -> None:
    shop.stripe.pay(shop.checkout("starter"))
    services.close_account(shop.cast.alice)
    StripeEvent.objects.all().delete()  # the closing itself has been handled before the payment went through
    shop.hear()

    assert (shop.at_stripe["status"], shop.plan) == ("canceled", "free")
