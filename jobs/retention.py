"""Images are kept for a while after a job has ended; the row stays without them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from jobs import storage
from jobs.models import Job


def delete_images(job: Job) -> None:
    """Delete what is stored of an ended job. Safe to run twice."""
    names = job.image_names
    Job.objects.filter(pk=job.pk).update(
        input_name="",
        mask_name="",
        output_name="",
        input_preview_name="",
        output_preview_name="",
        images_deleted_at=Now(),
    )
    storage.delete(names)


def delete_due_images(*, limit: int = 200) -> int:
    """Delete the images of jobs that ended long enough ago. Returns how many jobs were visited."""
    due = Job.objects.filter(
        ended_at__lt=Now() - timedelta(hours=settings.RETENTION_HOURS), images_deleted_at__isnull=True
    ).order_by("ended_at")[:limit]
    jobs = list(due)
    for job in jobs:
        delete_images(job)
    return len(jobs)
