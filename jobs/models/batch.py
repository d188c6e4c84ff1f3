"""Many pictures that were submitted in one request."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Batch(models.Model):
    """What was sent together. Its jobs end each for itself; what was refused at once is told here only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=40)
    lines = models.JSONField(help_text="For each picture as sent: its file's name, warnings, and why it became no job.")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"batch {self.id}"
