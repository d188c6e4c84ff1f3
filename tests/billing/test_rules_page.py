"""The page on which an account says when it wants to be told."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from billing import auto_top_up, ledger, rules
from billing.models import Pack, SpendingRules
from billing.rules import Wishes
from tests.cast import Cast

URL = "/billing/alerts/"


def test_the_page_asks_to_sign_in(db: None, client: Client) -> None:
    assert client.get(URL)["Location"] == f"/accounts/login/?next={URL}"


def test_what_is_typed_is_kept(cast: Cast, alice_browser: Client) -> None:
    answer = alice_browser.post(URL, {"low_balance_credits": "50", "monthly_budget_credits": "2000"})

    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert rules.wishes_of(cast.alice) == Wishes(low_balance_credits=50, monthly_budget_credits=2000)
    assert 'value="2000"' in alice_browser.get(URL).content.decode()


def test_an_empty_field_is_no_wish(cast: Cast, alice_browser: Client) -> None:
    rules.save_wishes(user=cast.alice, wishes=Wishes(low_balance_credits=50, monthly_budget_credits=2000))

    alice_browser.post(URL, {"low_balance_credits": "", "monthly_budget_credits": ""})

    assert rules.wishes_of(cast.alice) == Wishes()


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "many", "99999999999"])
@pytest.mark.parametrize("name", ["low_balance_credits", "monthly_budget_credits"])
def test_nonsense_is_refused_on_the_page(cast: Cast, alice_browser: Client, name: str, typed: str) -> None:
    page = alice_browser.post(URL, {name: typed})

    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert rules.wishes_of(cast.alice) == Wishes()


def test_what_is_spent_this_month_stands_beside_the_budget(cast: Cast, alice_browser: Client) -> None:
    rules.save_wishes(user=cast.alice, wishes=Wishes(monthly_budget_credits=1500))
    ledger.hold(wallet=cast.wallet, job_id=uuid.uuid4(), amount=35)

    assert "35 of 1,500 credits spent" in alice_browser.get(URL).content.decode()


def test_wishes_of_another_are_not_shown(cast: Cast, alice_browser: Client) -> None:
    rules.save_wishes(user=cast.bob, wishes=Wishes(monthly_budget_credits=777))

    assert "777" not in alice_browser.get(URL).content.decode()


def test_saving_leaves_automatic_top_up_as_it_is(cast: Cast, alice_browser: Client) -> None:
    pack = Pack.objects.first()
    assert pack is not None
    auto_top_up.turn_on(wallet=cast.wallet, pack=pack, below_credits=100, monthly_cents_max=pack.price_cents)

    alice_browser.post(URL, {"low_balance_credits": "50"})

    assert SpendingRules.objects.get().top_up_pack == pack
