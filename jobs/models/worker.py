"""Workers that have reported themselves."""

from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """A worker process, what it can do, and when it was last heard of."""

    name = models.CharField(max_length=120, unique=True)
    engines = models.JSONField(
        default=list, help_text="Engines loaded, the preferred one first: name, device, weights."
    )
    safety_filter = models.CharField(max_length=40, default="none")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
