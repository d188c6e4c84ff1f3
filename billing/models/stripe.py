"""What Stripe told us, and what we know of its subscriptions. Money itself stays with Stripe."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.plans import Plan
from billing.models.wallet import Wallet


class EventState(models.TextChoices):
    RECEIVED = "received", "Waits"
    HANDLED = "handled", "Handled"
    IGNORED = "ignored", "Nothing to do"
    PARKED = "parked", "For an operator to look at"
    FAILED = "failed", "Failed; is tried again"


class StripeEvent(models.Model):
    """A verified event, stored before anything is done about it. Its content is a hint: objects are read again."""

    stripe_id = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=100)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=EventState, default=EventState.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    try_at = models.DateTimeField(default=timezone.now, help_text="When it is tried again, if it waits.")
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EventState.values), name="stripe_event_state_known"),
        ]
        indexes = [
            models.Index(fields=["try_at"], condition=Q(state__in=("received", "failed")), name="stripe_event_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.stripe_id}"


class Subscription(models.Model):
    """The last known state of a Stripe subscription, as read from Stripe, never as an event told it."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="subscriptions")
    stripe_id = models.CharField(max_length=64, unique=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+", help_text="What the next invoice bills.")
    paid_plan = models.ForeignKey(
        Plan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What has been paid until the end of the period: its limits hold.",
    )
    status = models.CharField(max_length=24, help_text="Stripe's word: active, past_due, canceled, …")
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    past_due_since = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["past_due_since"], name="subscription_past_due")]

    def __str__(self) -> str:
        return f"{self.status} subscription {self.stripe_id}"
