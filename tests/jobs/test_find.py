"""The box that finds: whatever an operator is sent leads to its account."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing import ledger
from billing.models import AutomaticTopUp, LotKind, Pack, StripeEvent, Subscription, Wallet
from jobs.find import find
from jobs.models import Job
from tests.cast import Cast


@pytest.fixture
def bought(cast: Cast) -> None:
    """Alice has a subscription, and has bought things."""
    wallet = cast.wallet
    Wallet.objects.filter(pk=wallet.pk).update(stripe_customer="cus_alice1")
    Subscription.objects.create(wallet=wallet, stripe_id="sub_alice1", plan=wallet.plan, status="active")
    ledger.grant(wallet=wallet, kind=LotKind.PLAN, amount=10, source="in_alice1:il_1")
    ledger.grant(wallet=wallet, kind=LotKind.TOPUP, amount=10, source="pi_alice1")
    pack = Pack.objects.earliest("position")
    AutomaticTopUp.objects.create(wallet=wallet, pack=pack, price_cents=1000, payment_intent="pi_alice2")
    StripeEvent.objects.create(
        stripe_id="evt_alice1", kind="invoice.paid", payload={"data": {"object": {"id": "in_alice1"}}}
    )


@pytest.mark.parametrize("word", ["alice@example.com", "ALICE@", "  alice ", "Alice"])
def test_a_part_of_an_address_or_a_name_leads_to_the_account(cast: Cast, word: str) -> None:
    assert [(found.model, found.pk) for found in find(word)] == [("accounts_user", cast.alice.pk)]


def test_the_id_of_a_job_leads_to_it_and_its_account(cast: Cast, job: Job) -> None:
    for written in (str(job.pk), job.pk.hex, str(job.pk).upper()):
        assert [(found.pk, found.user) for found in find(written)] == [(job.pk, cast.alice)]


@pytest.mark.parametrize(
    ("word", "models"),
    [
        ("cus_alice1", ["billing_wallet"]),
        ("sub_alice1", ["billing_subscription"]),
        ("pi_alice1", ["billing_ledgerentry"]),
        ("pi_alice2", ["billing_automatictopup"]),
        ("in_alice1", ["billing_ledgerentry", "billing_stripeevent"]),
        ("evt_alice1", ["billing_stripeevent"]),
        ("in_alice", []),
    ],
)
def test_an_id_of_stripes_leads_to_what_names_it(bought: None, cast: Cast, word: str, models: list[str]) -> None:
    found = find(word)

    assert [each.model for each in found] == models
    assert {each.user for each in found if each.user} <= {cast.alice}


@pytest.mark.parametrize(
    "word", ["", "   ", "\0", "%", "nobody@nowhere.example", "x" * 5000, "00000000-0000-4000-8000-000000000000"]
)
def test_what_leads_nowhere_is_said(client: Client, cast: Cast, word: str) -> None:
    client.force_login(cast.olga)

    answer = client.get("/admin/find/", {"q": word})

    assert (answer.status_code, "<tbody>" in answer.content.decode()) == (200, False)


@pytest.mark.parametrize("word", ["cus_alice1", "sub_alice1", "in_alice1", "pi_alice2", "alice"])
def test_every_row_that_is_found_can_be_opened(bought: None, client: Client, cast: Cast, word: str) -> None:
    client.force_login(cast.olga)

    answer = client.get("/admin/find/", {"q": word})

    assert [client.get(address).status_code for _, address in answer.context["rows"]] == [200] * len(find(word))


def test_what_is_typed_is_shown_as_text(client: Client, cast: Cast) -> None:
    client.force_login(cast.olga)

    assert (
        "<script>"
        not in client.get("/admin/find/", {"q": "<script>alert(1)</script>"}).content.decode().split("<main")[-1]
    )


def test_only_operators_with_the_right_find(client: Client, cast: Cast) -> None:
    client.force_login(User.objects.create_user("looker@example.com", is_staff=True))

    assert client.get("/admin/find/", {"q": "alice"}).status_code == 403


def test_many_are_shown_in_part(cast: Cast, django_assert_num_queries: Any) -> None:
    for number in range(30):
        User.objects.create_user(f"person-{number}@example.com")

    with django_assert_num_queries(1):
        assert len(find("person-")) == 20
