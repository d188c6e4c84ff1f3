"""A batch as JSON: the same for every way of asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from django.urls import reverse

from jobs.models import ENDED, Batch, Job, Status
from jobs.representation import file_url, sandbox_mark, utc

Standing = Mapping[int, Job]
"""The job of each picture that has one, by its place in the batch."""


class Line(TypedDict):
    """What is remembered of a picture beside its job. `error` is why it became none: `code` and `message`."""

    filename: str
    warnings: list[str]
    error: dict[str, str] | None


def batch_json(batch: Batch, jobs: Standing, *, base_url: str) -> dict[str, Any]:
    """What a caller is told of a batch. `base_url` is the site's address, without a final slash."""
    told = [line_json(index, line, jobs.get(index), base_url=base_url) for index, line in enumerate(batch.lines)]
    counts = {status: sum(line["status"] == status for line in told) for status in Status.values}
    status = _status(counts)
    ends = [job.ended_at for job in jobs.values() if job.ended_at is not None]
    return {
        "id": str(batch.pk),
        "batch_id": str(batch.pk),
        "operation": batch.operation,
        "status": status,
        "total": len(told),
        "accepted": len(jobs),
        "refused": len(told) - len(jobs),
        "counts": counts,
        "progress": sum(line["progress"] for line in told) // len(told),
        "credits_used": sum(line["credits_used"] for line in told),
        "results_url": base_url + results_path(batch) if counts[Status.COMPLETED] else None,
        "created_at": utc(batch.created_at),
        "ended_at": utc(max(ends)) if status in ENDED and ends else None,
        "jobs": told,
        **next((sandbox_mark(job) for job in jobs.values() if job.is_sandbox), {}),
    }


def line_json(index: int, line: Line, job: Job | None, *, base_url: str) -> dict[str, Any]:
    """One picture: its job as it stands, or why there is none."""
    if job is None:
        error, status, progress = line["error"], Status.FAILED.value, 100
    else:
        error = {"code": job.error_code, "message": job.error_message} if job.error_code else None
        status, progress = job.status, 100 if job.is_ended else job.progress
    job_id = None if job is None else str(job.pk)
    return {
        "index": index,
        "filename": line["filename"],
        "id": job_id,
        "generation_id": job_id,
        "status": status,
        "progress": progress,
        "credits_used": 0.0 if job is None else float(job.credits_used),
        "output_url": None if job is None else file_url(job, "output", base_url=base_url),
        "error": error,
        "error_message": error["message"] if error else None,
        "warnings": line["warnings"],
    }


def results_path(batch: Batch) -> str:
    return reverse("api_batch_results", kwargs={"batch_id": batch.pk})


def _status(counts: Mapping[str, int]) -> str:
    """Of the whole: what its pictures have in common, or the best that became of one."""
    if counts[Status.PROCESSING] or (counts[Status.QUEUED] and counts[Status.COMPLETED]):
        return Status.PROCESSING.value
    if counts[Status.QUEUED]:
        return Status.QUEUED.value
    if counts[Status.COMPLETED]:
        return Status.COMPLETED.value
    is_withdrawn = not counts[Status.FAILED] and not counts[Status.BLOCKED]
    return Status.CANCELED.value if is_withdrawn else Status.FAILED.value
