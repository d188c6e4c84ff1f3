"""A job as JSON: the same for every way of asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts import visits
from jobs import images
from jobs.models import Job, Review, Status
from pixelsite.lib.signing import sign_path

FILE_KINDS = ("output", "input", "output-preview", "input-preview")


def job_json(job: Job, *, base_url: str, place_in_line: int | None = None) -> dict[str, Any]:
    """What a caller is told of a job, whichever way: an answer, an event of a stream, a webhook.

    `base_url` is the site's address, without a final slash; `place_in_line` the number of jobs that go before it.
    """
    error = {"code": job.error_code, "message": job.error_message} if job.error_code else None
    return {
        "id": str(job.pk),
        "generation_id": str(job.pk),
        "status": job.status,
        "operation": job.operation,
        "credits_used": float(job.credits_used),
        "output_url": file_url(job, "output", base_url=base_url),
        "progress": job.progress,
        "stage": job.stage or None,
        "place_in_line": place_in_line,
        "error": error,
        "error_message": job.error_message or None,
        "review": _told_review(job),
        "width": job.width,
        "height": job.height,
        "engine": job.engine or None,
        "receipt": job.receipt,
        "selection": job.selection,
        "metadata": job.metadata,
        "created_at": utc(job.created_at),
        "started_at": utc(job.started_at),
        "ended_at": utc(job.ended_at),
        **sandbox_mark(job),
        **_batch_mark(job),
    }


def submission_json(job: Job, *, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """What a caller is told when a job was accepted."""
    return {
        "id": str(job.pk),
        "generation_id": str(job.pk),
        "status": job.status,
        "operation": job.operation,
        "credits_used": float(job.credits_used),
        "warnings": list(warnings),
        **sandbox_mark(job),
    }


def sandbox_mark(job: Job) -> dict[str, Any]:
    """Said of the jobs of test keys only: those of live keys are told as they were before there were others."""
    return {"sandbox": True} if job.is_sandbox else {}


def _batch_mark(job: Job) -> dict[str, Any]:
    """Said of jobs that were submitted with others only."""
    return {} if job.batch_id is None else {"batch_id": str(job.batch_id), "batch_index": job.batch_index}


def file_url(job: Job, kind: str, *, base_url: str) -> str | None:
    """A signed address of one of the job's images, or None where there is no such image.

    It stays the same from call to call, so that a browser fetches an image once.
    """
    # Whoever may follow a link may see the image: an operator who looks at the account gets none.
    if not file_name(job, kind) or visits.is_under_way():
        return None
    path = reverse("job_file", kwargs={"job_id": job.pk, "kind": kind})
    return base_url + sign_path(path, expires_at=int(_links_end_at(job).timestamp()))


def file_name(job: Job, kind: str) -> str:
    """Name in storage of one of the job's images; empty where there is none."""
    names = {
        "output": job.output_name if job.status == Status.COMPLETED else "",
        "input": job.input_name,
        "output-preview": job.output_preview_name,
        "input-preview": job.input_preview_name,
    }
    return names.get(kind, "")


def file_type(job: Job, kind: str) -> str:
    if kind.endswith("preview"):
        return "image/webp"
    return job.output_type if kind == "output" else images.CONTENT_TYPES[job.input_format]


def download_name(job: Job, kind: str) -> str:
    """The name a browser saves under; nothing in it comes from the caller."""
    extension = images.EXTENSIONS[file_type(job, kind).removeprefix("image/")]
    return f"pixelsite-{str(job.pk)[:8]}-{kind}.{extension}"


def _told_review(job: Job) -> str | None:
    """What a caller is told of a person's look at a blocked job. That a filter was unsure is told to operators only."""
    return job.review or None if job.status == Status.BLOCKED and job.review != Review.WANTED else None


def _links_end_at(job: Job) -> datetime:
    # A link does not outlive its image.
    hours = min(settings.OUTPUT_URL_HOURS, settings.OUTPUT_URL_HOURS if job.keep_hours is None else job.keep_hours)
    return (job.ended_at or job.created_at) + timedelta(hours=hours)


def utc(moment: datetime | None) -> str | None:
    """A moment as the API tells it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
