"""Where the ends of jobs are told, what proves that we told them, and how each telling went."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.job import Job


class WebhookEndpoint(models.Model):
    """An address of an account that is told of every job that ends."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=2048)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True, blank=True, help_text="First failure after the last success.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "url"], name="endpoint_once_per_account")]

    def __str__(self) -> str:
        return f"webhook endpoint {self.pk}"


class WebhookSecret(models.Model):
    """A signing secret, sealed. Without an endpoint it signs for the `webhook_url` of the account's single jobs.

    After a rotation the old one goes on signing beside the new one until `retires_at`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="secrets"
    )
    sealed = models.CharField(max_length=300, editable=False)
    created_at = models.DateTimeField()
    retires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(retires_at__isnull=True, endpoint__isnull=False),
                name="one_current_secret_per_endpoint",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(retires_at__isnull=True, endpoint__isnull=True),
                name="one_current_secret_per_account",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook secret {self.pk}"


class DeliveryState(models.TextChoices):
    PENDING = "pending", "Pending"  # to be tried, for the first time or again
    DELIVERED = "delivered", "Delivered"  # the receiver answered 2xx
    FAILED = "failed", "Failed"  # given up; it can be sent again by hand


class WebhookDelivery(models.Model):
    """One event for one receiver. Its id is the event id the receiver sees, the same on every try."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_deliveries")
    job = models.ForeignKey(
        Job,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        help_text="Empty: a test, or about the account.",
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    url = models.CharField(max_length=2048)
    host = models.CharField(max_length=255, help_text="Of the URL: a few at a time are sent to one host.")
    event = models.CharField(max_length=40)
    data = models.JSONField(null=True, blank=True, help_text="What is told, of an event that is about no job.")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True, help_text="A sender is trying it now.")
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    last_reply = models.CharField(max_length=1024, blank=True, help_text="Start of what the receiver answered.")
    created_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.DELIVERED, delivered_at__isnull=False)
                | (~Q(state=DeliveryState.DELIVERED) & Q(delivered_at__isnull=True)),
                name="delivery_has_a_time",
            ),
            models.UniqueConstraint(
                fields=["job", "endpoint"],
                condition=Q(endpoint__isnull=False, job__isnull=False),
                name="one_event_per_endpoint",
            ),
            models.UniqueConstraint(
                fields=["job"],
                condition=Q(endpoint__isnull=True, job__isnull=False),
                name="one_event_per_webhook_url",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(state=DeliveryState.PENDING), name="delivery_due"),
            models.Index(fields=["user", "-created_at", "-id"], name="delivery_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.url[:60]}"
