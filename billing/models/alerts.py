"""What an account wants to be told of its credits, and how they are topped up by themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.plans import Pack
from billing.models.wallet import Wallet


class SpendingRules(models.Model):
    """Limits and wishes of an account. No row: none."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="rules")
    low_balance_credits = models.PositiveIntegerField(
        null=True, blank=True, help_text="Mail once when fewer are left. Empty: no mail."
    )
    monthly_budget_credits = models.PositiveIntegerField(
        null=True, blank=True, help_text="Tell at 80 % and 100 % of it; it stops nothing."
    )
    low_balance_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since then there has not been enough again."
    )
    budget_told_month = models.DateField(null=True, blank=True, editable=False)
    budget_told_percent = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    watched_entry_id = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Newest posting that was looked at for the budget."
    )
    top_up_pack = models.ForeignKey(Pack, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    top_up_below_credits = models.PositiveIntegerField(null=True, blank=True)
    top_up_monthly_cents_max = models.PositiveIntegerField(null=True, blank=True)
    top_up_stopped_reason = models.CharField(max_length=200, blank=True, help_text="Why it was turned off by itself.")

    class Meta:
        verbose_name_plural = "spending rules"
        constraints = [
            models.CheckConstraint(
                condition=Q(top_up_pack__isnull=True)
                | Q(top_up_below_credits__isnull=False, top_up_monthly_cents_max__isnull=False),
                name="top_up_has_a_threshold_and_a_ceiling",
            ),
        ]

    def __str__(self) -> str:
        return f"spending rules of wallet {self.wallet_id}"


class AutomaticTopUp(models.Model):
    """One purchase that nobody pressed a button for. At most one of an account is under way."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked of Stripe"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="automatic_top_ups")
    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="+")
    price_cents = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    payment_intent = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["wallet"], condition=Q(state="asked"), name="one_top_up_under_way"),
        ]
        indexes = [models.Index(fields=["wallet", "created_at"], name="top_up_by_wallet")]

    def __str__(self) -> str:
        return f"automatic top-up {self.pk}"
