"""Submissions that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.batch import Batch
from jobs.models.job import Job


class IdempotencyRecord(models.Model):
    """A key that a caller has used, what was asked under it, and what was answered. Written with what it made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_used_once"),
            models.CheckConstraint(
                condition=Q(job__isnull=False, batch__isnull=True) | Q(job__isnull=True, batch__isnull=False),
                name="idempotency_key_made_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"idempotency key of {f'job {self.job_id}' if self.job_id else f'batch {self.batch_id}'}"

    @property
    def made_job(self) -> Job:
        """Of a request that makes one job: another's fingerprint differs."""
        assert self.job is not None  # noqa: S101  # the constraint above
        return self.job
