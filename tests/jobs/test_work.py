"""The worker's task with engines that behave as told: what each end of an attempt does to job, money and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing import invariants
from inference import tasks
from inference.codecs.codec import GuardedCodec
from inference.codecs.photo import Photo
from inference.engines.base import Crop, EngineSpec, Framing, Image
from inference.errors import BadOutput, EngineError, NothingFound, OutOfMemory
from inference.safety import Verdict
from jobs import lifecycle, storage
from jobs.models import Job, Status
from jobs.targets import Grow
from tests.cast import Cast
from tests.faults.engine import QuickEngine


class ToldEngine(QuickEngine):
    """Fills at once, after doing what it is told."""

    spec = EngineSpec(name="told", device="cpu", framing=Framing(best_side_px=512))

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.then = then

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        self.then()
        return super().fill(crops)


_POISON = b"poison"


class _FragileCodec(GuardedCodec):
    """Its decoder has a fault that certain files find."""

    def decode(self, data: bytes, *, max_pixels: int) -> Photo:
        if data.endswith(_POISON):
            self.guarded(os.abort)
        return super().decode(data, max_pixels=max_pixels)


class BlockingFilter:
    name = "test"

    def check(self, image: Image) -> Verdict:
        return Verdict("block", "test")


def _raise(error: Exception) -> Callable[[], object]:
    def then() -> object:
        raise error

    return then


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ToldEngine:
    told = ToldEngine()
    monkeypatch.setattr("inference.worker.engines", lambda: (told,))
    return told


@pytest.fixture(autouse=True)
def _money_and_jobs_agree(db: None) -> Any:
    yield
    assert invariants.violations() == []


def _run(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(not_before=None)  # the pause after a passing failure is over
    tasks.process_jobs()
    return Job.objects.get(pk=job.pk)


def _files(images: Path) -> list[str]:
    return sorted(path.relative_to(images).parts[0] for path in images.rglob("*") if path.is_file())


def test_a_job_is_completed_charged_and_stored(cast: Cast, job: Job, engine: ToldEngine, images: Path) -> None:
    done = _run(job)

    assert (done.status, done.engine, done.output_type, cast.credits()) == ("completed", "told", "image/png", (495, 0))
    assert _files(images) == ["inputs", "inputs", "outputs", "previews", "previews"]
    assert done.receipt is not None
    assert done.receipt["largest_difference_outside"] == 0


def test_a_job_is_done_as_it_was_asked_for_and_its_receipt_holds_true(
    submit: Callable[..., Job], engine: ToldEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    done = _run(submit(grow=Grow(px=4), feather=2, metadata_policy="strip", mode="quality", format="png"))

    assert done.receipt is not None
    asked = ("grow_px", "feather_px", "metadata_policy", "mode", "output_format")
    assert [done.receipt["parameters"][name] for name in asked] == [4, 2, "strip", "quality", "png"]
    call_command("verify_receipt", "--job", str(done.pk))
    assert "DIFFERS" not in (said := capsys.readouterr().out)
    assert "not checked" not in said


def test_ringing_twice_works_once(cast: Cast, job: Job, engine: ToldEngine) -> None:
    first, second = _run(job), _run(job)

    assert (second.attempt, second.ended_at, cast.credits()) == (1, first.ended_at, (495, 0))


@pytest.mark.parametrize("error", [NothingFound(), BadOutput(), EngineError("It broke.")])
def test_an_error_that_will_not_pass_fails_the_job_and_refunds_it(
    cast: Cast, job: Job, engine: ToldEngine, images: Path, error: EngineError
) -> None:
    engine.then = _raise(error)

    done = _run(job)

    assert (done.status, done.error_code, done.error_message) == (Status.FAILED, error.code, str(error))
    assert (cast.credits(), _files(images)) == ((500, 0), ["inputs", "inputs"])


@pytest.mark.parametrize("error", [OutOfMemory(), RuntimeError("a bug"), OSError("disk full")])
def test_an_error_that_may_pass_puts_the_job_back(cast: Cast, job: Job, engine: ToldEngine, error: Exception) -> None:
    engine.then = _raise(error)

    assert (_run(job).status, cast.credits()) == (Status.QUEUED, (495, 5))


@pytest.mark.parametrize("error", [OutOfMemory(), RuntimeError("a bug"), OSError("disk full")])
def test_after_the_last_attempt_it_fails_and_is_refunded(
    cast: Cast, job: Job, engine: ToldEngine, settings, error: Exception
) -> None:
    engine.then = _raise(error)

    done = [_run(job) for _ in range(settings.JOB_ATTEMPTS_MAX)][-1]

    assert (done.status, done.attempt, cast.credits()) == (Status.FAILED, settings.JOB_ATTEMPTS_MAX, (500, 0))
    assert "a bug" not in done.error_message  # what went wrong inside is for the log


def test_a_blocked_picture_costs_nothing_and_is_not_kept(
    cast: Cast, job: Job, engine: ToldEngine, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.worker.safety", BlockingFilter)

    done = _run(job)

    assert (done.status, done.error_code, cast.credits(), _files(images)) == (
        "blocked",
        "content_blocked",
        (500, 0),
        [],
    )


def test_a_picture_that_vanished_fails_in_the_end(cast: Cast, job: Job, engine: ToldEngine, settings) -> None:
    storage.delete([job.input_name])

    done = [_run(job) for _ in range(settings.JOB_ATTEMPTS_MAX)][-1]

    assert (done.status, done.error_code, cast.credits()) == (Status.FAILED, "storage_unavailable", (500, 0))


def test_a_worker_that_lost_its_lease_leaves_nothing_behind(
    cast: Cast, job: Job, engine: ToldEngine, images: Path
) -> None:
    def taken_over() -> None:
        Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
        assert lifecycle.claim_job(job.pk) is not None

    engine.then = taken_over

    done = _run(job)

    assert (done.status, done.attempt, cast.credits()) == (Status.PROCESSING, 2, (495, 5))
    assert _files(images) == ["inputs", "inputs"]


def test_a_result_that_cannot_be_stored_is_not_paid_for(
    cast: Cast, job: Job, engine: ToldEngine, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = storage.write

    def full(name: str, data: bytes) -> None:
        if name.startswith("previews/"):
            raise OSError("no space left on device")
        written(name, data)

    monkeypatch.setattr(storage, "write", full)

    done = _run(job)

    assert (done.status, cast.credits(), _files(images)) == (Status.QUEUED, (495, 5), ["inputs", "inputs"])


def test_progress_is_told_while_the_work_goes_on(job: Job, engine: ToldEngine) -> None:
    seen: list[tuple[str, int]] = []
    engine.then = lambda: seen.append(Job.objects.values_list("stage", "progress").get(pk=job.pk))

    _run(job)

    assert seen == [("filling", 10)]


def test_a_picture_that_kills_its_decoder_costs_its_own_job_and_no_other(
    cast: Cast, submit: Callable[..., Job], engine: ToldEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisonous, harmless = submit(), submit()
    picture = storage.read(poisonous.input_name)
    storage.delete([poisonous.input_name])
    storage.write(poisonous.input_name, picture + _POISON)
    fragile = _FragileCodec(memory_bytes=1 << 30, seconds=60, children_max=1)
    monkeypatch.setattr("inference.worker.codec", lambda: fragile)

    for _ in range(3):
        Job.objects.filter(pk=poisonous.pk).update(not_before=None)
        tasks.process_jobs()
    fragile.close()

    poisonous.refresh_from_db()
    harmless.refresh_from_db()
    assert (poisonous.status, poisonous.error_code, poisonous.attempt) == ("failed", "decoder_crashed", 3)
    assert (harmless.status, harmless.attempt) == ("completed", 1)
    assert cast.credits() == (495, 0)
