"""Billing is tested without the house above it, and with a Stripe on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.billing.shop import PRICES, Shop
from tests.cast import Cast
from tests.servers.stripe import StripeServer, running_stripe


@pytest.fixture(autouse=True)
def _holds_without_jobs(db: None) -> None:
    """PostgreSQL refuses, at commit, a hold without a job row; for the length of a test it does not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER jobs_check_money ON billing_ledgerentry")


@pytest.fixture(scope="session")
def _stripe_server() -> Iterator[StripeServer]:
    with running_stripe() as server:
        yield server


@pytest.fixture
def stripe(_stripe_server: StripeServer, settings: Any) -> StripeServer:
    """A Stripe with our prices, empty otherwise, and a site that is set up for it."""
    _stripe_server.reset()
    for slug, (price, cents, interval) in PRICES.items():
        assert slug
        _stripe_server.add_price(price, cents, interval=interval)
    settings.STRIPE_SECRET_KEY = _stripe_server.secret_key
    settings.STRIPE_WEBHOOK_SECRET = _stripe_server.webhook_secret
    settings.STRIPE_API_BASE = _stripe_server.base
    settings.STRIPE_PRICES = {slug: price for slug, (price, *_) in PRICES.items()}
    return _stripe_server


@pytest.fixture
def shop(stripe: StripeServer, cast: Cast) -> Shop:
    """Alice at the shop."""
    return Shop(stripe=stripe, cast=cast)
