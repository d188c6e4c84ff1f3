"""The admin: everything can be looked at, credits move only through the adjustment form, with who and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import AuditEvent, User
from billing import ledger
from billing.models import EntryKind, LedgerEntry, Plan, Subscription, Wallet
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


def _plan_url(cast: Cast) -> str:
    return reverse("admin:billing_wallet_plan", args=[cast.wallet.pk])


def test_a_plan_is_given_with_who_and_why_and_no_credits(olga: Client, cast: Cast) -> None:
    pro = Plan.objects.get(slug="pro")

    answer = olga.post(_plan_url(cast), {"plan": str(pro.pk), "reason": "a partner of ours"})

    event = AuditEvent.objects.get(kind="plan_given")
    assert (answer.status_code, cast.wallet.plan, cast.wallet.given_plan) == (302, pro, pro)
    assert (event.user, event.actor, event.reason) == (cast.alice, cast.olga, "a partner of ours")
    assert cast.credits() == (500, 0)


def test_a_given_plan_is_taken_back(olga: Client, cast: Cast) -> None:
    olga.post(_plan_url(cast), {"plan": str(Plan.objects.get(slug="pro").pk), "reason": "a partner of ours"})
    olga.post(_plan_url(cast), {"plan": "", "reason": "no partner any more"})

    assert (cast.wallet.plan.slug, cast.wallet.given_plan) == ("free", None)


def test_a_plan_that_is_paid_for_holds_whatever_is_given(olga: Client, cast: Cast) -> None:
    scale, starter = Plan.objects.get(slug="scale"), Plan.objects.get(slug="starter")
    now = timezone.now()
    Subscription.objects.create(
        wallet=cast.wallet,
        stripe_id="sub_1",
        plan=scale,
        paid_plan=scale,
        status="active",
        period_start=now,
        period_end=now + timedelta(days=30),
    )

    olga.post(_plan_url(cast), {"plan": str(starter.pk), "reason": "a partner of ours"})

    assert (cast.wallet.plan, cast.wallet.given_plan) == (scale, starter)


@pytest.mark.parametrize("fields", [{"plan": "999", "reason": "a good reason"}, {"plan": "", "reason": "no"}])
def test_a_wrong_gift_is_refused(olga: Client, cast: Cast, fields: dict[str, str]) -> None:
    assert olga.post(_plan_url(cast), fields).status_code == 400
    assert not AuditEvent.objects.filter(kind="plan_given").exists()


@pytest.mark.parametrize("field", ["plan", "given_plan", "available"])
def test_a_wallet_has_no_other_form(olga: Client, cast: Cast, field: str) -> None:
    before = (cast.wallet.plan, cast.wallet.given_plan, cast.wallet.available)
    page = f"/admin/billing/wallet/{cast.wallet.pk}/change/"
    inline = {"lots-TOTAL_FORMS": "0", "lots-INITIAL_FORMS": "0"}

    olga.post(page, {field: str(Plan.objects.get(slug="pro").pk), **inline})

    assert (cast.wallet.plan, cast.wallet.given_plan, cast.wallet.available) == before


def test_an_adjustment_is_in_the_audit_log_once(olga: Client, cast: Cast) -> None:
    olga.post(_adjust_url(cast), {"amount": "250", "reason": "sorry for the outage"})

    (event,) = AuditEvent.objects.filter(actor=cast.olga)
    assert (event.kind, event.user, event.about, event.reason, event.address) == (
        "credits_adjusted",
        cast.alice,
        "+250 credits",
        "sorry for the outage",
        "127.0.0.1",
    )


def test_a_refused_adjustment_is_not_in_the_audit_log(olga: Client, cast: Cast) -> None:
    olga.post(_adjust_url(cast), {"amount": "-501", "reason": "more than there is"})

    assert not AuditEvent.objects.filter(actor=cast.olga).exists()


def test_more_than_is_there_is_taken_only_when_that_is_said(olga: Client, cast: Cast) -> None:
    answer = olga.post(
        _adjust_url(cast), {"amount": "-700", "reason": "fraud, says the bank", "force": "on"}, follow=True
    )

    assert (cast.credits(), ledger.debt_of(cast.wallet)) == ((0, 0), 200)
    assert "200 owed" in answer.content.decode()
    assert AuditEvent.objects.get(kind="credits_adjusted").about == "-700 credits, 200 of them owed"


def test_the_form_says_what_a_debt_means(olga: Client, cast: Cast) -> None:
    assert "becomes a debt" in olga.get(_adjust_url(cast)).content.decode()


def test_an_operator_gives_and_takes_only_so_many_a_day(olga: Client, cast: Cast, settings: Any) -> None:
    settings.ADMIN_CREDITS_PER_DAY = 300
    amounts = ["200", "-50", "51", "50"]

    answers = [olga.post(_adjust_url(cast), {"amount": amount, "reason": "a good reason"}) for amount in amounts]

    assert [answer.status_code for answer in answers] == [302, 302, 400, 302]
    assert "50 are left to you today" in answers[2].content.decode()
    assert cast.credits() == (700, 0)


def test_the_cap_is_each_operators_own_and_ends_with_the_day(olga: Client, cast: Cast, settings: Any) -> None:
    settings.ADMIN_CREDITS_PER_DAY = 100
    olga.post(_adjust_url(cast), {"amount": "100", "reason": "a good reason"})
    other = Client()
    other.force_login(User.objects.create_superuser("other@example.com", "a long pass phrase"))

    of_other = other.post(_adjust_url(cast), {"amount": "100", "reason": "a good reason"}).status_code
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        tomorrow = olga.post(_adjust_url(cast), {"amount": "100", "reason": "a good reason"}).status_code

    assert (of_other, tomorrow) == (302, 302)


@pytest.mark.parametrize("number", [1, 12])
def test_wallets_are_listed_with_what_they_owe_in_the_same_queries(
    olga: Client, cast: Cast, number: int, django_assert_max_num_queries: Any
) -> None:
    for each in range(number):
        user = services.register_user(email=f"person-{each}@example.com")
        ledger.adjust(wallet=user.wallet, amount=-600, actor=cast.olga, reason="for the test", force=True)

    olga.get("/admin/billing/wallet/")  # her own wallet is opened by the first page

    with django_assert_max_num_queries(11):
        page = olga.get("/admin/billing/wallet/").content.decode()
    assert page.count('<td class="field-owed">100</td>') == number


@pytest.mark.parametrize("query", ["cus_alice", "alice@example.com", "sub_alice"])
def test_a_wallet_is_found_by_address_and_by_stripes_ids(olga: Client, cast: Cast, query: str) -> None:
    wallet = cast.wallet
    Wallet.objects.filter(pk=wallet.pk).update(stripe_customer="cus_alice")
    Subscription.objects.create(wallet=wallet, stripe_id="sub_alice", plan=wallet.plan, status="active")

    page = olga.get("/admin/billing/wallet/", {"q": query}).content.decode()

    assert (page.count('class="field-plan'), f"/admin/billing/wallet/{wallet.pk}/change/" in page) == (1, True)


def test_a_ledger_entry_is_found_by_its_job_however_it_is_written(olga: Client, cast: Cast) -> None:
    job_id = uuid4()
    ledger.hold(wallet=cast.wallet, job_id=job_id, amount=5)

    for written in (str(job_id), job_id.hex):
        assert "1 ledger entry" in olga.get("/admin/billing/ledgerentry/", {"q": written}).content.decode()
