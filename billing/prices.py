"""Which of Stripe's prices are ours. `STRIPE_PRICES` names them; the owner may replace one without losing subscribers.

`starter=price_new|price_old`: the first is sold, the others are still honoured on invoices of those who have them.
"""

from __future__ import annotations

from django.conf import settings

from billing.models import Pack, Plan


def price_of(slug: str) -> str | None:
    """The price at which a plan or pack is sold; None if it is not."""
    return _prices_of(slug)[0] if slug in settings.STRIPE_PRICES else None


def plan_of_price(price_id: str | None) -> Plan | None:
    return Plan.objects.filter(slug__in=_slugs_of(price_id)).first()


def pack_of_price(price_id: str | None) -> Pack | None:
    return Pack.objects.filter(slug__in=_slugs_of(price_id)).first()


def sellable_plans() -> list[Plan]:
    return [plan for plan in Plan.objects.filter(price_cents__gt=0) if price_of(plan.slug)]


def sellable_packs() -> list[Pack]:
    return [pack for pack in Pack.objects.all() if price_of(pack.slug)]


def _prices_of(slug: str) -> list[str]:
    return [price.strip() for price in settings.STRIPE_PRICES[slug].split("|")]


def _slugs_of(price_id: str | None) -> list[str]:
    return [slug for slug in settings.STRIPE_PRICES if price_id and price_id in _prices_of(slug)]
