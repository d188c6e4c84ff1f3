"""The Celery task, and the only door from this house to Django: claim, run the pipeline, complete, fail or block."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypedDict, cast
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connection

from accounts import rights
from inference import pipeline, worker
from inference.codecs.metadata import MetadataPolicy
from inference.engines.base import Image
from inference.errors import EngineError
from inference.pipeline import RemovalRequest, RemovalResult, Selection
from inference.safety import Verdict
from jobs import appeals, images, lifecycle, retention, storage, uploads
from jobs.catalogue import REMOVE_OBJECT, SEGMENT, operations_of
from jobs.models import Job
from jobs.targets import Box, Grow, Segmentation, boxes_from_json, clicks_from_json

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another worker has this job now: stop, touch nothing."""


class RightsNotConfirmed(EngineError):
    """Marks of ownership, such as watermarks and logos, are removed for those who have the rights to the picture.

    Confirm once that you have them, in the dashboard or with POST /v1/account/rights; then submit again.
    """

    code = "rights_confirmation_required"

    def __init__(self) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))


@shared_task(name=REMOVE_OBJECT.task)
def process_jobs(**_: Any) -> None:
    """Do waiting jobs in the order of their turns until none is left. Being rung for twice, or too late, changes nothing."""
    mine = operations_of(REMOVE_OBJECT.task)
    while not worker.is_stopping():
        job = lifecycle.claim_next(operations=mine)
        if job is None:
            return
        work_on(job)


def work_on(job: Job) -> None:
    """Bring a claimed job to its end, or put it back for another attempt."""
    started = time.perf_counter()
    end = _End(job)
    try:
        with _leased(job) as lease:
            request = _request(job)
            judge = _Judge(job, request.image)
            judge.check_prompt()
            if job.operation == SEGMENT.name:
                end.show(_found(request, judge, lease))
            else:
                end.complete(_removed(request, judge, lease))
    except LeaseLost:
        logger.warning("job %s: attempt %d lost its lease", job.pk, job.attempt)
    except pipeline.Blocked as verdict:
        end.block(verdict)
    except EngineError as error:
        end.fail(error)
    except OSError as error:
        logger.exception("job %s: storage failed", job.pk)
        end.release("storage_unavailable", f"The images could not be stored ({type(error).__name__}).")
    except Exception:  # the outermost frame of the work: whatever it is, the customer gets the credits back
        logger.exception("job %s: attempt %d failed", job.pk, job.attempt)
        end.release("processing_error", "Something went wrong while the picture was worked on.")
    logger.info("job %s: attempt %d took %.2f s", job.pk, job.attempt, time.perf_counter() - started)


class _Judge:
    """The content filter, and the word of a person above it: what was let through after an appeal stays let through."""

    def __init__(self, job: Job, image: bytes) -> None:
        self._job, self._image, self._filter = job, image, worker.safety()
        self.name = self._filter.name

    def check(self, image: Image) -> Verdict:
        return self._after_appeals(self._filter.check(image))

    def check_prompt(self) -> None:
        """Raises `Blocked` or `RightsNotConfirmed`."""
        if not self._job.prompt:
            return
        verdict = self._after_appeals(worker.words().check(self._job.prompt))
        if verdict.blocked:
            raise pipeline.Blocked(verdict)
        if worker.words().mentions_mark_of_ownership(self._job.prompt) and not rights.are_confirmed(self._job.user):
            raise RightsNotConfirmed

    def _after_appeals(self, verdict: Verdict) -> Verdict:
        if verdict.blocked and appeals.is_released(
            user_id=self._job.user_id, fingerprint=appeals.fingerprint_of(self._image, self._job.prompt)
        ):
            return replace(verdict, decision="review")
        return verdict


def _removed(request: RemovalRequest, judge: _Judge, lease: _Lease) -> RemovalResult:
    return pipeline.run(
        request,
        engines=worker.engines(),
        safety=judge,
        on_progress=lease.note,
        codec=worker.codec(),
        finders=worker.finders(),
    )


def _found(request: RemovalRequest, judge: _Judge, lease: _Lease) -> Selection:
    return pipeline.find(request, safety=judge, on_progress=lease.note, codec=worker.codec(), finders=worker.finders())


def _request(job: Job) -> RemovalRequest:
    return RemovalRequest(
        image=storage.read(job.input_name),
        mask_png=storage.read(job.mask_name) if job.mask_name else None,
        boxes=boxes_from_json(job.boxes),
        segmentation=None if job.segmentation is None else Segmentation.from_json(job.segmentation),
        clicks=clicks_from_json(job.clicks),
        object_box=None if job.object_box is None else Box.from_json(job.object_box),
        prompt=job.prompt,
        output_format=job.output_format or None,
        quality=job.quality,
        metadata_policy=cast(MetadataPolicy, job.metadata_policy),
        mode=job.mode,
        grow=Grow.parse(job.grow),
        feather=job.feather,
        says_origin=settings.MARK_RESULTS,
        is_stamped=job.is_sandbox,
        max_pixels=settings.IMAGE_MEGAPIXELS_MAX * 1_000_000,
    )


class _Mine(TypedDict):
    """What fences a call: it applies only while this attempt holds the job."""

    job_id: UUID
    attempt: int


class _End:
    """How an attempt may end. Each way says nothing if the lease was lost meanwhile, and leaves no file behind."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._mine = _Mine(job_id=job.pk, attempt=job.attempt)

    def complete(self, result: RemovalResult) -> None:
        job = self._job
        files = {
            storage.output_name(job.pk, job.attempt, images.EXTENSIONS[result.format]): result.data,
            storage.preview_name(job.pk, job.attempt, "input"): result.input_preview,
            storage.preview_name(job.pk, job.attempt, "output"): result.output_preview,
        }
        names = list(files)
        self._keep(
            files,
            lifecycle.Result(
                output_name=names[0],
                output_type=result.content_type,
                input_preview_name=names[1],
                output_preview_name=names[2],
                engine=result.engine,
                receipt=result.receipt,
                safety=_as_json(result.verdict),
                needs_review=result.verdict.needs_review,
            ),
        )

    def show(self, selection: Selection) -> None:
        """The mask is the output."""
        name = storage.output_name(self._job.pk, self._job.attempt, images.EXTENSIONS["png"])
        found = {
            "area_share": round(selection.area_share, 6),
            "price_credits": float(REMOVE_OBJECT.price_credits),
            "understood": selection.understood,
            "found_by": list(selection.found_by),
            "warnings": list(uploads.warnings_of(selection.area_share)),
        }
        self._keep(
            {name: selection.mask_png},
            lifecycle.Result(
                output_name=name, output_type="image/png", selection=found, safety=_as_json(selection.verdict)
            ),
        )

    def _keep(self, files: dict[str, bytes], result: lifecycle.Result) -> None:
        try:
            for name, data in files.items():
                storage.write(name, data)
        except OSError:
            storage.delete(list(files))
            raise
        # An error here leaves the files: the commit may have happened all the same. If not, the sweep finds them.
        if not lifecycle.complete_job(**self._mine, result=result):
            storage.delete(list(files))

    def fail(self, error: EngineError) -> None:
        logger.info("job %s: %s: %s", self._job.pk, error.code, error)
        if error.retryable:
            self.release(error.code, str(error))
        else:
            lifecycle.fail_job(**self._mine, code=error.code, message=str(error))

    def release(self, code: str, message: str) -> None:
        lifecycle.release_job(**self._mine, code=code, message=message)

    def block(self, refusal: pipeline.Blocked) -> None:
        verdict = refusal.verdict
        what = f" ({verdict.category})" if verdict.category else ""
        message = (
            f"The content filter does not allow this{what}. Your credits are back. "
            "If it is mistaken, appeal: a person will look."
        )
        fingerprint = appeals.fingerprint_of(storage.read(self._job.input_name), self._job.prompt)
        facts = _as_json(verdict) | {"fingerprint": fingerprint}
        if lifecycle.block_job(**self._mine, code=refusal.code, message=message, safety=facts):
            retention.delete_images(Job.objects.get(pk=self._job.pk))


def _as_json(verdict: Verdict) -> dict[str, Any]:
    return {"decision": verdict.decision, "category": verdict.category, "scores": dict(verdict.scores)}


class _Lease:
    """Beats while the work goes on; tells the work when the lease is gone."""

    def __init__(self, job: Job) -> None:
        self._job_id, self._attempt = job.pk, job.attempt
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._noted: tuple[str, int] | None = None
        self._thread = threading.Thread(target=self._beat, name=f"lease-{job.pk}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def note(self, stage: str, percent: int) -> None:
        """Tell the customer how far the work is. Raises `LeaseLost`."""
        if self._lost.is_set():
            raise LeaseLost
        if (stage, percent) == self._noted:
            return
        self._noted = (stage, percent)
        if not lifecycle.note_progress(job_id=self._job_id, attempt=self._attempt, stage=stage, percent=percent):
            raise LeaseLost

    def _beat(self) -> None:
        # Past the time limit the beats end: the sweeper then takes the job from a worker that hangs.
        until = time.monotonic() + settings.JOB_TIME_LIMIT_S
        try:
            while not self._stop.wait(settings.LEASE_S / 3):
                if time.monotonic() > until or not self._extended():
                    self._lost.set()
                    return
        finally:
            connection.close()  # this thread's own

    def _extended(self) -> bool:
        try:
            return lifecycle.heartbeat(job_id=self._job_id, attempt=self._attempt)
        except Exception:  # the database may be away for a moment; the lease outlives two missed beats
            logger.exception("job %s: heartbeat failed", self._job_id)
            connection.close()  # the next beat opens another
            return True


@contextmanager
def _leased(job: Job) -> Iterator[_Lease]:
    lease = _Lease(job)
    lease.start()
    try:
        yield lease
    finally:
        lease.stop()
