"""The plans and which one an account is on."""

from __future__ import annotations

from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps

FREE = "free"

# slug, name, US cents a month, credits a month, requests a minute, unfinished jobs
_DEFAULT_PLANS = (
    (FREE, "Free", 0, 10, 60, 50),
    ("starter", "Starter", 10_00, 10_000, 600, 100),
    ("pro", "Pro", 50_00, 60_000, 600, 200),
    ("scale", "Scale", 200_00, 300_000, 600, 500),
)

# slug, name, US cents, credits
_DEFAULT_PACKS = (
    ("pack-5000", "5,000 credits", 10_00, 5_000),
    ("pack-20000", "20,000 credits", 35_00, 20_000),
    ("pack-100000", "100,000 credits", 150_00, 100_000),
)


def seed_packs(*, using: str, apps: Apps = global_apps, **_: Any) -> None:
    """As `seed_plans`, for packs of credits."""
    try:
        pack = apps.get_model("billing", "Pack")
    except LookupError:  # migrated back to before there were any
        return
    if pack.objects.using(using).exists():
        return
    pack.objects.using(using).bulk_create(
        pack(slug=slug, name=name, position=position, price_cents=price_cents, credits=credit_count)
        for position, (slug, name, price_cents, credit_count) in enumerate(_DEFAULT_PACKS)
    )


def seed_plans(*, using: str, apps: Apps = global_apps, **_: Any) -> None:
    """After a migration or a flush: write the default plans into an empty table. What the owner edits stays so."""
    try:
        plan = apps.get_model("billing", "Plan")
    except LookupError:  # migrated back to before the first migration
        return
    if plan.objects.using(using).exists():
        return
    plan.objects.using(using).bulk_create(
        plan(
            slug=slug,
            name=name,
            position=position,
            price_cents=price_cents,
            monthly_credits=monthly_credits,
            requests_per_minute=requests_per_minute,
            active_jobs_max=active_jobs_max,
        )
        for position, (slug, name, price_cents, monthly_credits, requests_per_minute, active_jobs_max) in enumerate(
            _DEFAULT_PLANS
        )
    )
