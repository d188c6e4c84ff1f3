"""Submissions that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jobs.models.job import Job


class IdempotencyRecord(models.Model):
    """A key that a caller has used, what was asked under it, and what was answered. Written with the job it made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_used_once")]

    def __str__(self) -> str:
        return f"idempotency key of job {self.job_id}"
