"""Sixty-four callers spend the last credits of one account at one instant, on two web processes."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.customers import small_picture
from tests.live.crowd import post_of, send_together, several_webs

pytestmark = pytest.mark.live

CALLERS, CREDITS, PRICE, ACCOUNTS = 64, 100, 5, 4

_POOR_ACCOUNTS = """
from django.conf import settings
from accounts import api_keys, services
from billing import ledger
from billing.models import Plan
Plan.objects.update(requests_per_minute=1_000_000, active_jobs_max=1_000_000)
for number in range({accounts}):
    user = services.register_user(email=f"poor-{{number}}@example.com")
    wallet = ledger.wallet_of(user)
    surplus = {credits} - wallet.available
    ledger.adjust(wallet=wallet, amount=surplus, actor=user, reason="for the test")
    print(api_keys.mint_key(user=user, name="poor")[1])
"""
_WALLETS = """
from billing.models import LedgerEntry, Wallet
from jobs.models import Job
for wallet in Wallet.objects.order_by("id"):
    lowest = min(wallet.entries.values_list("available_after", flat=True))
    print(wallet.available, wallet.held, lowest, Job.objects.filter(user=wallet.user).count())
"""


def test_exactly_as_many_are_accepted_as_are_paid_for(pytestconfig: pytest.Config) -> None:
    with several_webs(pytestconfig.rootpath) as cluster:
        site = cluster.site
        setup = _POOR_ACCOUNTS.format(accounts=ACCOUNTS, credits=CREDITS)
        keys = site.manage("shell", "--verbosity", "0", "-c", setup).split()
        picture = small_picture()
        answered = []
        for key in keys:
            calls = [
                post_of(cluster.urls[number % 2], key=key, picture=picture, fields={"bbox": "12,12,5,5"})
                for number in range(CALLERS)
            ]
            answered.append(Counter(reply.status for reply in send_together(calls)))
        wallets = site.manage("shell", "--verbosity", "0", "-c", _WALLETS).splitlines()
        ledger_says = site.manage("check_ledger").strip()

    bought = CREDITS // PRICE
    assert answered == [{202: bought, 402: CALLERS - bought}] * ACCOUNTS
    assert wallets == [f"0 {CREDITS} 0 {bought}"] * ACCOUNTS  # nothing left, all of it held, never below zero
    assert ledger_says == "The ledger is in order."
