"""What is sold: plans by the month, packs of credits once. The owner edits both; Stripe's price ids are settings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


def dollars(cents: int) -> str:
    """`1050` as `10.50`, `1000` as `10`."""
    whole, rest = divmod(cents, 100)
    return f"{whole}" if not rest else f"{whole}.{rest:02d}"


class Plan(models.Model):
    """What an account pays a month and what it gets for it."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(help_text="Order on the pricing page.")
    price_cents = models.PositiveIntegerField("price per month, US cents")
    monthly_credits = models.PositiveIntegerField()
    requests_per_minute = models.PositiveIntegerField()
    active_jobs_max = models.PositiveIntegerField("most unfinished jobs at once")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(requests_per_minute__gte=1), name="plan_allows_a_request"),
            models.CheckConstraint(condition=Q(active_jobs_max__gte=1), name="plan_allows_a_job"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paid(self) -> bool:
        return self.price_cents > 0

    @property
    def is_sold(self) -> bool:
        """Whether Stripe has a price for it."""
        return self.is_paid and bool(settings.STRIPE_SECRET_KEY) and self.slug in settings.STRIPE_PRICES

    @property
    def price_dollars(self) -> str:
        return dollars(self.price_cents)


class Pack(models.Model):
    """Credits bought once. They last a year, whatever the plan."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(help_text="Order on the pricing page.")
    price_cents = models.PositiveIntegerField("price, US cents")
    credits = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(price_cents__gte=50), name="pack_costs_what_stripe_takes"),
            models.CheckConstraint(condition=Q(credits__gte=1), name="pack_holds_credits"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price_dollars(self) -> str:
        return dollars(self.price_cents)
