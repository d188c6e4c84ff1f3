"""Submit many pictures at once: looked at and stored one by one, then held and written in one transaction.

No more than one picture is in memory. One that is bad is refused in its place, and the others go on. Where the credits,
a cap or a limit give out, as many as fit are accepted, in the order they were sent.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from accounts.models import ApiKey, User
from billing import ledger
from jobs import acceptance, storage
from jobs.acceptance import Buyer, Stored
from jobs.batch_representation import Line, Standing, batch_json, line_json
from jobs.catalogue import Operation
from jobs.models import ENDED, Batch, Job, Status
from jobs.submission import (
    NO_CALL_OPTIONS,
    CallOptions,
    OutputOptions,
    call_columns,
    output_columns,
    refuse_what_the_image_cannot_be,
)
from jobs.uploads import CheckedInput
from pixelsite.lib.errors import PixelsiteError

PICTURES_MAX = 50


class NothingAccepted(PixelsiteError):
    """No picture of the batch can be worked on: `jobs` says why of each. Nothing was charged."""

    code = "batch_refused"
    status = 422

    def __init__(self, pictures: Sequence[Picture], *, because: PixelsiteError | None = None) -> None:
        super().__init__(because.message if because else None)
        self._facts: dict[str, Any] = {}
        if because is not None:
            self.code, self.status, self.retry_after_s = because.code, because.status, because.retry_after_s
            self._facts = because.facts
        self._pictures = pictures

    @property
    def facts(self) -> dict[str, Any]:
        lines = [line_json(index, picture.as_line(), None, base_url="") for index, picture in enumerate(self._pictures)]
        return self._facts | {"jobs": lines}


class CountsDiffer(PixelsiteError):
    """Send as many `masks` as `images`, in the same order; or one mask for all of them."""

    code = "batch_counts_differ"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A picture and its target, not looked at yet."""

    filename: str
    check: Callable[[], CheckedInput]
    """Reads and checks both. Raises what `uploads.check_input` raises."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What became of one pair: it was refused, or stored, and perhaps a job."""

    filename: str
    warnings: tuple[str, ...] = ()
    refusal: PixelsiteError | None = None
    stored: Stored | None = None
    job: Job | None = None

    def as_line(self) -> Line:
        error = None if self.refusal is None else {"code": self.refusal.code, "message": self.refusal.message}
        return {"filename": self.filename, "warnings": list(self.warnings), "error": error}


@dataclass(frozen=True, kw_only=True)
class BatchSubmission:
    """What became of the pictures, in the order sent. `batch` is None where none was accepted: nothing is stored then."""

    batch: Batch | None
    answer: dict[str, Any]
    pictures: tuple[Picture, ...] = ()
    is_replay: bool = False
    """Whether it was accepted at an earlier request; `pictures` is empty then."""

    @property
    def jobs(self) -> list[Job]:
        return [picture.job for picture in self.pictures if picture.job is not None]

    def refuse_if_nothing_was_accepted(self) -> Batch:
        """Raises `NothingAccepted` in the words of what stopped all of them, where that is one thing."""
        if self.batch is None:
            refusals = [picture.refusal for picture in self.pictures if picture.refusal is not None]
            raise NothingAccepted(self.pictures, because=next(filter(_is_of_all, refusals), None))
        return self.batch


@dataclass(frozen=True, kw_only=True)
class BatchEstimate:
    """What a batch would cost, and which of its pictures would be accepted now."""

    price_credits: int
    available: int
    is_sandbox: bool
    pictures: tuple[Picture, ...]


@dataclass
class Intake:
    """Takes pairs one at a time, until a limit is reached."""

    buyer: Buyer
    output: OutputOptions
    keep: Callable[[CheckedInput], Stored | None]
    looks_on: bool = False
    """Whether what comes after the limit is looked at as well."""
    limit: PixelsiteError | None = None
    pictures: list[Picture] = field(default_factory=list)
    _accepted: int = 0

    def take(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self.pictures.append(self._taken(pair))

    def _taken(self, pair: Pair) -> Picture:
        if self.limit is not None and not self.looks_on:
            return Picture(filename=pair.filename, refusal=self.limit)
        try:
            checked = pair.check()
            refuse_what_the_image_cannot_be(checked, self.output)
        except PixelsiteError as refusal:
            return Picture(filename=pair.filename, refusal=without_frames(refusal))
        if not self._has_room():
            return Picture(filename=pair.filename, warnings=checked.warnings, refusal=self.limit)
        stored = self.keep(checked)
        self._accepted += 1
        return Picture(filename=pair.filename, warnings=checked.warnings, stored=stored)

    def _has_room(self) -> bool:
        if self.limit is None:
            try:
                acceptance.refuse_before_storing(self.buyer, beside=self._accepted)
            except PixelsiteError as refusal:
                self.limit = without_frames(refusal)
        return self.limit is None


def submit_batch(
    *,
    user: User,
    operation: Operation,
    pairs: Iterable[Pair],
    output: OutputOptions,
    api_key: ApiKey | None = None,
    call: CallOptions = NO_CALL_OPTIONS,
) -> BatchSubmission:
    """Accept what can be accepted; the prices are held in the transaction that writes batch and jobs.

    Raises `StorageUnavailable`; then nothing was stored. A copy of a request that was accepted meanwhile gets its answer.
    """
    intake = Intake(acceptance.buyer_of(user, operation, api_key), output, keep=_store)
    try:
        intake.take(pairs)
        columns = {"operation": operation.name, **output_columns(output), **call_columns(call)}
        submission = _written(intake, columns, call)
    except IntegrityError:
        forget(intake.pictures)
        earlier = call.idempotent.earlier() if call.idempotent is not None else None
        if earlier is None:
            raise
        return BatchSubmission(batch=earlier.batch, answer=earlier.answer, is_replay=True)
    except (OperationalError, InterfaceError):
        raise  # the commit may have happened all the same; if not, the sweep finds the files
    except BaseException:
        forget(intake.pictures)
        raise
    forget([picture for picture in submission.pictures if picture.job is None])
    return submission


def estimate_batch(
    *,
    user: User,
    operation: Operation,
    pairs: Iterable[Pair],
    output: OutputOptions,
    api_key: ApiKey | None = None,
) -> BatchEstimate:
    """What `submit_batch` would do now, of every picture; nothing is stored or held."""
    buyer = acceptance.buyer_of(user, operation, api_key)
    intake = Intake(buyer, output, keep=lambda checked: None, looks_on=True)
    intake.take(pairs)
    return BatchEstimate(
        price_credits=buyer.price,
        available=ledger.available_credits(buyer.wallet),
        is_sandbox=buyer.is_sandbox,
        pictures=tuple(intake.pictures),
    )


def standing_of(batch: Batch) -> dict[int, Job]:
    """The job of each picture as it stands; of one that was submitted again the newest."""
    jobs = Job.objects.filter(batch=batch).select_related(None).order_by("batch_index", "created_at")
    standing: dict[int, Job] = {}
    for job in jobs:
        before = standing.get(_place_of(job))
        # Only what failed is submitted again: what has not failed is the newest, whatever a machine's clock said.
        if before is None or before.status == Status.FAILED:
            standing[_place_of(job)] = job
    return standing


def forget_names(user: User) -> None:
    """Of the pictures in an account's batches only what became of them is kept."""
    for batch in Batch.objects.filter(user=user).iterator():
        batch.lines = [line | {"filename": ""} for line in batch.lines]
        batch.save(update_fields=["lines"])


def is_ended(standing: Standing) -> bool:
    return all(job.status in ENDED for job in standing.values())


def _job_of(stored: Stored, buyer: Buyer, **columns: Any) -> Job:
    """A job, held and written; part of the transaction that writes all of them. Raises a limit's error."""
    with transaction.atomic():
        acceptance.hold(buyer, stored.job_id)
        return acceptance.create_row(stored.job_id, buyer, files=stored.files, **stored.asked, **columns)


def accept_as_many_as_fit(
    pictures: Sequence[Picture], buyer: Buyer, columns_of: Callable[[int], dict[str, Any]]
) -> list[Picture]:
    """Each picture that was stored becomes a job, until a limit is reached; the others are refused with it."""
    limit: PixelsiteError | None = None
    accepted: list[Picture] = []
    for index, picture in enumerate(pictures):
        if picture.stored is not None and limit is None:
            try:
                picture = replace(picture, job=_job_of(picture.stored, buyer, **columns_of(index)))
            except PixelsiteError as refusal:
                limit = without_frames(refusal)
        if picture.stored is not None and picture.job is None:
            picture = replace(picture, refusal=limit)
        accepted.append(picture)
    return accepted


class _NoneFitted(Exception):
    """Undoes the transaction."""

    def __init__(self, pictures: list[Picture]) -> None:
        super().__init__()
        self.pictures = pictures


def _written(intake: Intake, columns: dict[str, Any], call: CallOptions) -> BatchSubmission:
    try:
        with transaction.atomic():
            return _written_together(intake, columns, call)
    except _NoneFitted as end:
        return BatchSubmission(batch=None, answer={}, pictures=tuple(end.pictures))


def _written_together(intake: Intake, columns: dict[str, Any], call: CallOptions) -> BatchSubmission:
    user = intake.buyer.user
    batch = Batch.objects.create(user=user, operation=columns["operation"], lines=[], created_at=timezone.now())
    pictures = accept_as_many_as_fit(
        intake.pictures, intake.buyer, lambda index: columns | {"batch": batch, "batch_index": index}
    )
    jobs = {index: picture.job for index, picture in enumerate(pictures) if picture.job is not None}
    if not jobs:
        raise _NoneFitted(pictures)
    batch.lines = [picture.as_line() for picture in pictures]
    batch.save(update_fields=["lines"])
    answer = batch_json(batch, jobs, base_url="")
    if call.idempotent is not None:
        call.idempotent.record(batch=batch, answer=answer)
    transaction.on_commit(lambda: acceptance.ring(jobs.values()))
    return BatchSubmission(batch=batch, answer=answer, pictures=tuple(pictures))


def _store(checked: CheckedInput) -> Stored:
    job_id = uuid.uuid4()
    try:
        files = acceptance.stored(job_id, checked)
    except BaseException:
        storage.delete([storage.input_name(job_id, checked.facts.extension), storage.mask_name(job_id)])
        raise
    return Stored(job_id=job_id, files=files, asked=acceptance.asked_of(checked))


def forget(pictures: Iterable[Picture]) -> None:
    """Delete what was stored of them."""
    for picture in pictures:
        if picture.stored is not None:
            storage.delete(picture.stored.files)


def without_frames(refusal: PixelsiteError) -> PixelsiteError:
    """The refusal without the frames it and its causes passed through: they hold the picture, some of them in circles."""
    passed: BaseException | None = refusal
    while passed is not None:
        traceback.clear_frames(passed.__traceback__)
        passed = passed.__context__
    refusal.__traceback__ = refusal.__context__ = refusal.__cause__ = None
    return refusal


def _is_of_all(refusal: PixelsiteError) -> bool:
    """Whether it says something of the account or the site, rather than of a picture."""
    return refusal.status in (402, 429, 503)


def _place_of(job: Job) -> int:
    assert job.batch_index is not None  # noqa: S101  # a constraint of the table
    return job.batch_index
