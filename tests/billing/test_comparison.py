"""What one picture costs, here and elsewhere."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from billing import comparison
from billing.models import Plan

pytestmark = pytest.mark.django_db


def test_the_price_of_a_picture_follows_from_the_plan() -> None:
    starter = Plan.objects.get(slug="starter")  # 10 dollars for 10,000 credits

    (price,) = comparison.own_prices([starter], credits_per_image=5)

    assert price.dollars_per_image == Decimal("0.005")


def test_what_costs_nothing_has_no_price_of_a_picture() -> None:
    assert comparison.own_prices([Plan.objects.get(slug="free")], credits_per_image=5) == []


def test_a_tiny_price_is_not_rounded_to_nothing() -> None:
    plan = Plan(name="Huge", price_cents=100, monthly_credits=10_000_000)

    (price,) = comparison.own_prices([plan], credits_per_image=5)

    assert price.dollars_per_image > 0


def test_every_vendors_price_has_a_source_and_a_day() -> None:
    for vendor in comparison.vendor_prices():
        assert vendor.source.startswith("https://")
        assert vendor.as_of <= timezone.now().date()


def test_the_pricing_page_shows_both(client: Client) -> None:
    page = client.get("/pricing").content.decode()

    assert "Starter, all credits used" in page
    assert all(vendor.source in page for vendor in comparison.vendor_prices())
