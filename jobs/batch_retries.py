"""Submit again what failed of a batch, from the pictures that are still stored: nothing is uploaded a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from accounts.models import ApiKey, User
from jobs import acceptance
from jobs.acceptance import Buyer, StorageUnavailable, Stored
from jobs.batch_representation import Line, batch_json
from jobs.batches import Picture, accept_as_many_as_fit, forget, standing_of, without_frames
from jobs.catalogue import OPERATIONS
from jobs.copies import PictureGone, copy_of
from jobs.idempotency import IdempotentRequest
from jobs.models import Batch, Job, Status
from pixelsite.lib.errors import PixelsiteError


class NothingToRetry(PixelsiteError):
    """Nothing of this batch can be tried again: no job of it failed whose picture is still stored."""

    code = "nothing_to_retry"
    status = 409


class NotStored(PixelsiteError):
    """This picture was refused when it came and is not stored. Correct what its error says and send it in a new batch."""

    code = "not_stored"
    status = 409


class WasBlocked(PixelsiteError):
    """The content filter does not allow this picture; trying again would not change that. You can appeal."""

    code = "blocked"
    status = 409


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The answer to a retry; `is_replay` if it was made at an earlier request."""

    answer: dict[str, Any]
    is_replay: bool = False


@dataclass
class _Copies:
    """Copies the inputs of what failed, one at a time, until a limit is reached."""

    buyer: Buyer
    limit: PixelsiteError | None = None
    pictures: list[Picture] = field(default_factory=list)
    _count: int = 0

    def take(self, line: Line, job: Job | None) -> None:
        picture = Picture(filename=line["filename"], warnings=tuple(line["warnings"]))
        try:
            self.pictures.append(replace(picture, stored=self._copied(job)))
        except StorageUnavailable:
            raise
        except PixelsiteError as refusal:
            self.pictures.append(replace(picture, refusal=without_frames(refusal)))

    def _copied(self, job: Job | None) -> Stored | None:
        """None of what needs no second try. Raises why there can be none."""
        if job is None:
            raise NotStored
        if job.status == Status.BLOCKED:
            raise WasBlocked
        if job.status != Status.FAILED:
            return None
        if not job.input_name:
            raise PictureGone
        if self.limit is None:
            try:
                acceptance.refuse_before_storing(self.buyer, beside=self._count)
            except PixelsiteError as refusal:
                self.limit = refusal
        if self.limit is not None:
            raise self.limit
        copied = copy_of(job)
        self._count += 1
        return copied


def retry_batch(
    *, batch: Batch, user: User, api_key: ApiKey | None, idempotent: IdempotentRequest | None, base_url: str
) -> Retry:
    """New jobs in the places of those that failed. They cost as new ones do.

    Raises `NothingToRetry`, `StorageUnavailable`, or the limit that lets not a single one through.
    """
    copies = _Copies(acceptance.buyer_of(user, OPERATIONS[batch.operation], api_key))
    standing = standing_of(batch)
    try:
        for index, line in enumerate(batch.lines):
            copies.take(line, standing.get(index))
        retry, pictures = _written(batch, copies, idempotent, base_url=base_url)
    except IntegrityError:
        forget(copies.pictures)
        earlier = idempotent.earlier() if idempotent is not None else None
        if earlier is None:
            raise
        return Retry(answer=earlier.answer, is_replay=True)
    except (OperationalError, InterfaceError):
        raise  # the commit may have happened all the same; if not, the sweep finds the files
    except BaseException:
        forget(copies.pictures)
        raise
    forget(picture for picture in pictures if picture.job is None)
    return retry


@transaction.atomic
def _written(
    batch: Batch, copies: _Copies, idempotent: IdempotentRequest | None, *, base_url: str
) -> tuple[Retry, list[Picture]]:
    locked = Batch.objects.select_for_update().get(pk=batch.pk)
    still_failed = {index for index, job in standing_of(locked).items() if job.status == Status.FAILED}
    wanted = [
        picture if index in still_failed else replace(picture, stored=None)
        for index, picture in enumerate(copies.pictures)
    ]
    pictures = accept_as_many_as_fit(
        wanted, copies.buyer, lambda index: {"operation": locked.operation, "batch": locked, "batch_index": index}
    )
    jobs = {index: picture.job for index, picture in enumerate(pictures) if picture.job is not None}
    if not jobs:
        raise _reason(pictures)
    answer = batch_json(locked, standing_of(locked), base_url=base_url) | {
        "retried": sorted(jobs),
        "not_retried": [
            {"index": index, "filename": picture.filename, "error": picture.as_line()["error"]}
            for index, picture in enumerate(pictures)
            if picture.refusal is not None
        ],
    }
    if idempotent is not None:
        idempotent.record(batch=locked, answer=answer)
    transaction.on_commit(lambda: acceptance.ring(jobs.values()))
    # Copies that another retry has made meanwhile are in nobody's way, and go.
    return Retry(answer=answer), _with_unneeded(copies.pictures, pictures)


def _reason(pictures: Sequence[Picture]) -> PixelsiteError:
    """Why nothing is tried again: a limit, where it is one."""
    own = (NotStored, WasBlocked, PictureGone)
    limits = [
        picture.refusal for picture in pictures if picture.refusal is not None and not isinstance(picture.refusal, own)
    ]
    return limits[0] if limits else NothingToRetry()


def _with_unneeded(copied: Sequence[Picture], pictures: Sequence[Picture]) -> list[Picture]:
    return [now if now.job is not None else before for before, now in zip(copied, pictures, strict=True)]
