"""The admin: everything can be looked at, credits move only through the adjustment form, with who and why."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from billing.models import EntryKind, LedgerEntry, Plan
from tests.cast import Cast


@pytest.fixture
def olga(cast: Cast, client: Client) -> Client:
    client.force_login(cast.olga)
    return client


def _adjust_url(cast: Cast) -> str:
    return reverse("admin:billing_wallet_adjust", args=[cast.wallet.pk])


@pytest.mark.parametrize(
    "model",
    [
        "accounts/user",
        "accounts/apikey",
        "billing/plan",
        "billing/wallet",
        "billing/ledgerentry",
        "jobs/job",
        "jobs/worker",
    ],
)
def test_every_list_is_shown(olga: Client, model: str) -> None:
    assert olga.get(f"/admin/{model}/").status_code == 200
    assert olga.get(f"/admin/{model}/?q=alice").status_code in (200, 302)


def test_everything_of_ours_is_in_the_admin() -> None:
    registered = {model._meta.label for model in admin.site._registry}

    assert {
        "accounts.User",
        "accounts.ApiKey",
        "billing.Plan",
        "billing.Wallet",
        "billing.LedgerEntry",
        "jobs.Job",
    } <= registered


def test_accounts_are_listed_with_their_balance(olga: Client, cast: Cast) -> None:
    cast.set_credits(1234)

    assert "1234" in olga.get("/admin/accounts/user/").content.decode()


def test_an_adjustment_writes_an_entry_with_who_and_why(olga: Client, cast: Cast) -> None:
    answer = olga.post(_adjust_url(cast), {"amount": "250", "reason": "sorry for the outage"})

    entry = LedgerEntry.objects.filter(wallet=cast.wallet, kind=EntryKind.ADJUST).get()
    assert answer.status_code == 302
    assert (entry.amount, entry.actor, entry.reason) == (250, cast.olga, "sorry for the outage")
    assert cast.credits() == (750, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "0", "reason": "a good reason"},
        {"amount": "ten", "reason": "a good reason"},
        {"amount": "10", "reason": ""},
        {"amount": "10", "reason": "no"},
        {"amount": "99999999", "reason": "a good reason"},
        {"amount": "-501", "reason": "more than there is"},
    ],
    ids=["nothing", "no number", "no reason", "short reason", "over the cap", "below zero"],
)
def test_a_wrong_adjustment_is_refused_and_writes_nothing(olga: Client, cast: Cast, fields: dict[str, str]) -> None:
    answer = olga.post(_adjust_url(cast), fields)

    assert (answer.status_code, cast.credits()) == (400, (500, 0))
    assert not LedgerEntry.objects.filter(kind=EntryKind.ADJUST).exists()


def test_an_operator_without_the_right_cannot_adjust(client: Client, cast: Cast) -> None:
    cast.bob.is_staff = True
    cast.bob.save()
    client.force_login(cast.bob)

    assert client.post(_adjust_url(cast), {"amount": "5", "reason": "a good reason"}).status_code == 403
    assert cast.credits() == (500, 0)


def test_an_operator_cannot_adjust_their_own_credits(client: Client, cast: Cast) -> None:
    cast.alice.is_staff = True
    cast.alice.save()
    cast.alice.user_permissions.add(Permission.objects.get(codename="change_wallet"))
    client.force_login(cast.alice)

    answer = client.post(_adjust_url(cast), {"amount": "5", "reason": "a good reason"})

    assert (answer.status_code, "your own account" in answer.content.decode()) == (400, True)
    assert cast.credits() == (500, 0)


@pytest.mark.parametrize("action", ["add", "change", "delete"])
def test_the_ledger_is_read_only(olga: Client, cast: Cast, action: str) -> None:
    entry = LedgerEntry.objects.filter(wallet=cast.wallet).latest("id")
    path = "add" if action == "add" else f"{entry.pk}/{action}"

    answer = olga.post(f"/admin/billing/ledgerentry/{path}/", {"amount": "1"})

    assert answer.status_code == 403


def test_changing_a_plan_does_not_touch_the_balance(olga: Client, cast: Cast) -> None:
    wallet, pro = cast.wallet, Plan.objects.get(slug="pro")
    page = f"/admin/billing/wallet/{wallet.pk}/change/"
    inline = {"lots-TOTAL_FORMS": "0", "lots-INITIAL_FORMS": "0"}

    answer = olga.post(page, {"plan": str(pro.pk), **inline})

    assert (answer.status_code, cast.wallet.plan, cast.credits()) == (302, pro, (500, 0))
