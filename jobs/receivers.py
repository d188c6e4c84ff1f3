"""What this house does when something happens in the house below."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services import account_closing
from accounts.suspension import account_suspending
from billing.watching import budget_reached
from jobs import batches, lifecycle, retention, webhooks
from jobs.models import Job, Status, WebhookDelivery, WebhookEndpoint, WebhookSecret


def connect() -> None:
    account_closing.connect(_end_what_is_theirs, dispatch_uid="jobs.end_what_is_theirs")
    budget_reached.connect(_tell_of_budget, dispatch_uid="jobs.tell_of_budget")
    account_suspending.connect(_cancel_what_waits, dispatch_uid="jobs.cancel_what_waits")


def _end_what_is_theirs(*, user: User, **_: Any) -> None:
    """Cancel what waits, forget where events go, delete images. A job under way ends by itself; its images go at once."""
    WebhookEndpoint.objects.filter(user=user).delete()
    WebhookDelivery.objects.filter(user=user).delete()
    WebhookSecret.objects.filter(user=user).delete()
    Job.objects.filter(user=user).update(webhook_url="", metadata=None, keep_hours=0)
    batches.forget_names(user)
    _cancel_what_waits(user=user)
    ended = list(Job.objects.filter(user=user, ended_at__isnull=False, images_deleted_at=None))
    transaction.on_commit(lambda: _delete_images(ended))


def _tell_of_budget(*, user: User, reached: dict[str, Any], **_: Any) -> None:
    webhooks.tell_account(user=user, event="budget.reached", data=reached)


def _cancel_what_waits(*, user: User, **_: Any) -> None:
    for job in Job.objects.filter(user=user, status=Status.QUEUED):
        lifecycle.cancel_job_if_queued(job=job)


def _delete_images(jobs: list[Job]) -> None:
    for job in jobs:
        retention.delete_images(job)
