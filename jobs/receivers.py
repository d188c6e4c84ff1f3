"""What this house does when something happens in the house below."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services import account_closing
from jobs import lifecycle, retention
from jobs.models import Job, Status, WebhookEndpoint


def connect() -> None:
    account_closing.connect(_end_what_is_theirs, dispatch_uid="jobs.end_what_is_theirs")


def _end_what_is_theirs(*, user: User, **_: Any) -> None:
    """Cancel what waits, forget where events go, delete images. A job under way ends by itself; its images go at once."""
    WebhookEndpoint.objects.filter(user=user).delete()
    Job.objects.filter(user=user).update(webhook_url="", metadata=None, keep_hours=0)
    for job in Job.objects.filter(user=user, status=Status.QUEUED):
        lifecycle.cancel_job_if_queued(job=job)
    ended = list(Job.objects.filter(user=user, ended_at__isnull=False, images_deleted_at=None))
    transaction.on_commit(lambda: _delete_images(ended))


def _delete_images(jobs: list[Job]) -> None:
    for job in jobs:
        retention.delete_images(job)
