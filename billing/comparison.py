"""What one picture costs here and elsewhere, for the pricing page. Others' figures are in vendor_prices.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from billing.models import Pack, Plan

_FILE = Path(__file__).with_name("vendor_prices.toml")
_TENTH_OF_A_CENT = Decimal("0.001")


@dataclass(frozen=True, kw_only=True)
class VendorPrice:
    """What somebody publishes. None where no price per picture is."""

    name: str
    operation: str
    dollars_per_image: Decimal | None
    source: str
    as_of: date


@dataclass(frozen=True, kw_only=True)
class OwnPrice:
    """What one picture costs with a plan or a pack, if all its credits are used."""

    name: str
    dollars_per_image: Decimal


@cache
def vendor_prices() -> list[VendorPrice]:
    """The file's vendors, the cheapest first, those without a price last."""
    vendors = [
        VendorPrice(
            name=entry["name"],
            operation=entry["operation"],
            dollars_per_image=Decimal(entry["dollars_per_image"]) if "dollars_per_image" in entry else None,
            source=entry["source"],
            as_of=entry["as_of"],
        )
        for entry in tomllib.loads(_FILE.read_text())["vendor"]
    ]
    return sorted(vendors, key=lambda vendor: (vendor.dollars_per_image is None, vendor.dollars_per_image or 0))


def own_prices(offers: Sequence[Plan | Pack], *, credits_per_image: int) -> list[OwnPrice]:
    """For everything that costs money."""
    prices = []
    for offer in offers:
        credit_count = offer.monthly_credits if isinstance(offer, Plan) else offer.credits
        if offer.price_cents and credit_count >= credits_per_image:
            dollars = Decimal(offer.price_cents) / 100 * credits_per_image / credit_count
            rounded = dollars.quantize(_TENTH_OF_A_CENT, ROUND_HALF_UP) if dollars >= _TENTH_OF_A_CENT else dollars
            prices.append(OwnPrice(name=offer.name, dollars_per_image=rounded.normalize()))
    return prices
