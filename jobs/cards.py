"""A job as the pages show it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from jobs.models import Job, Status
from jobs.representation import file_url


def card_of(job: Job) -> dict[str, Any]:
    """What a card or the page of a job tells of it."""
    return {
        "id": str(job.pk),
        "status": job.status,
        "status_label": Status(job.status).label,
        "is_ended": job.is_ended,
        "operation": job.operation,
        "credits_used": job.credits_used,
        "price_credits": job.price_credits,
        "created_at": job.created_at,
        "thumb_url": file_url(job, "output-preview", base_url="") or file_url(job, "input-preview", base_url=""),
        "output_url": file_url(job, "output", base_url=""),
        "error_message": job.error_message or None,
        "detail_url": reverse("job_detail", args=[job.pk]),
    }
