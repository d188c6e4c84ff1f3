"""Pictures and jobs for the tests of the jobs house."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFilter

from jobs import lifecycle, storage
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job
from jobs.submission import OutputOptions, submit_job
from jobs.uploads import Source, check_input
from tests.cast import Cast

SIZE = (64, 48)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(kind: str = "PNG", *, size: tuple[int, int] = SIZE, mode: str = "RGB", **options: Any) -> bytes:
    """A picture with some texture, in any format and mode."""
    grey = Image.frombytes("L", size, random.Random(7).randbytes(size[0] * size[1]))
    return encoded(grey.filter(ImageFilter.GaussianBlur(1)).convert(mode), kind, **options)


def mask(*, size: tuple[int, int] = SIZE, box: tuple[int, int, int, int] | None = (10, 10, 30, 30)) -> bytes:
    """A white box on black; `None` draws nothing."""
    picture = Image.new("L", size, 0)
    if box is not None:
        ImageDraw.Draw(picture).rectangle(box, fill=255)
    return encoded(picture)


def upload(data: bytes, name: str = "photo.png", content_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the jobs that were rung for. The broker itself is tested with real processes in tests/live."""
    ids: list[str] = []

    def ring(*, job_id: Any, operation: str) -> bool:
        ids.append(str(job_id))
        return True

    monkeypatch.setattr("jobs.dispatch.ring", ring)
    return ids


@pytest.fixture(autouse=True)
def _no_heartbeat(settings: Any) -> None:
    """A worker's heartbeat has a connection of its own, to which a job of a test's transaction does not exist: on a slow
    machine it would take the job for lost. Real workers' leases are tested in tests/faults."""
    settings.LEASE_S = 3600


@pytest.fixture
def submit(cast: Cast) -> Callable[..., Job]:
    """Submit a job of Alice's."""

    def submit(**options: Any) -> Job:
        checked = check_input(image=Source(file=io.BytesIO(photo())), mask=Source(file=io.BytesIO(mask())), boxes=())
        output = OutputOptions(**options)
        return submit_job(user=cast.alice, operation=REMOVE_OBJECT, checked=checked, output=output).job

    return submit


@pytest.fixture
def job(submit: Callable[..., Job]) -> Job:
    """A queued job of Alice's."""
    return submit()


@pytest.fixture
def claimed(job: Job) -> Job:
    """A job of Alice's that a worker has claimed."""
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    return claimed


def result_of(job: Job) -> lifecycle.Result:
    """Store what a worker would, and name it."""
    names = (
        storage.output_name(job.pk, job.attempt, "png"),
        storage.preview_name(job.pk, job.attempt, "input"),
        storage.preview_name(job.pk, job.attempt, "output"),
    )
    for name in names:
        storage.write(name, photo())
    return lifecycle.Result(
        output_name=names[0],
        output_type="image/png",
        input_preview_name=names[1],
        output_preview_name=names[2],
        engine="exemplar",
        receipt={"engine": "exemplar"},
    )


@pytest.fixture
def completed(claimed: Job) -> Job:
    """A finished job of Alice's."""
    assert lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))
    return Job.objects.get(pk=claimed.pk)


def block(job: Job, *, safety: dict[str, Any]) -> Job:
    """Let a worker claim a queued job, and the content filter refuse it."""
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.block_job(
        job_id=job.pk, attempt=claimed.attempt, code="blocked", message="The filter says no.", safety=safety
    )
    return Job.objects.get(pk=job.pk)
