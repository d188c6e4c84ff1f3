"""How the tests send batches, and end their jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.models import Job
from tests.jobs.conftest import mask, result_of, upload

URL = "/v1/image/remove-object/batch"
BAD = b"no picture"


def files(*pictures: bytes, kind: str = "photo") -> list[SimpleUploadedFile]:
    return [upload(data, name=f"{kind}-{index}.png") for index, data in enumerate(pictures)]


def send(api: APIClient, *pictures: bytes, masks: int | None = None, key: str = "", **fields: Any) -> Any:
    """A batch of these pictures, each with a mask of the usual size, or with so many masks."""
    count = len(pictures) if masks is None else masks
    form = {"images": files(*pictures), "masks": files(*[mask()] * count, kind="mask"), **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(URL, {name: value for name, value in form.items() if value != []}, headers=headers)


def codes(told: dict[str, Any]) -> list[str | None]:
    return [line["error"]["code"] if line["error"] else None for line in told["jobs"]]


def stored_files(images: Path) -> list[Path]:
    return [path for path in images.rglob("*") if path.is_file()]


def finish(job: Job) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.complete_job(job_id=job.pk, attempt=claimed.attempt, result=result_of(claimed))


def fail(job: Job) -> None:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.fail_job(job_id=job.pk, attempt=claimed.attempt, code="engine_failed", message="It broke.")


def job_at(index: int) -> Job:
    return Job.objects.filter(batch_index=index).latest("created_at")
