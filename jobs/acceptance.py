"""What every job goes through to be accepted, whichever way it came: purse, limits, files, row, bell."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import ApiKey, User
from billing import ledger
from jobs import caps, dispatch, fairness, sandbox, uploads
from jobs.catalogue import Operation
from jobs.models import Job, Status
from jobs.targets import boxes_to_json, clicks_to_json
from jobs.uploads import CheckedInput
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)


class TooManyActiveJobs(PixelsiteError):
    """Too many of your jobs are still unfinished. Wait for one to end, then submit again."""

    code = "too_many_active_jobs"
    status = 429
    retry_after_s = 5


class QueueFull(PixelsiteError):
    """The site has more work than it can do. Nothing was charged; submit again in a moment."""

    code = "queue_full"
    status = 503
    retry_after_s = 30


class StorageUnavailable(PixelsiteError):
    """The picture could not be stored. Nothing was charged; submit again in a moment."""

    code = "storage_unavailable"
    status = 503
    retry_after_s = 30


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Who wants a job, and what it costs them."""

    user: User
    wallet: Any
    """Billing's; its tables are that house's own."""
    api_key: ApiKey | None
    price: int
    is_sandbox: bool


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A picture that lies in storage under the id of a job that may come to be."""

    job_id: uuid.UUID
    files: tuple[str, str]
    asked: dict[str, Any]


def buyer_of(user: User, operation: Operation, api_key: ApiKey | None) -> Buyer:
    return Buyer(
        user=user,
        wallet=ledger.wallet_of(user),
        api_key=api_key,
        price=sandbox.price_of(operation, key=api_key),
        is_sandbox=sandbox.is_sandbox(api_key),
    )


def refuse_before_storing(buyer: Buyer, *, beside: int = 0) -> None:
    """What can be refused before a byte is stored. `hold` decides again, where copies of a request come in turn.

    `beside` counts the jobs of the same request that come before and have no row yet.
    """
    ledger.refuse_unless_affordable(wallet=buyer.wallet, amount=buyer.price, beside=beside * buyer.price)
    _refuse_above_limits(buyer, beside=beside)
    _refuse_when_the_queue_is_full(beside=beside)


def hold(buyer: Buyer, job_id: uuid.UUID) -> None:
    """Hold the price; part of the transaction that writes the job's row."""
    if buyer.price:
        ledger.hold(wallet=buyer.wallet, job_id=job_id, amount=buyer.price)  # locks the wallet
    elif buyer.is_sandbox:
        sandbox.lock(buyer.user)
    _refuse_above_limits(buyer, beside=0)


def stored(job_id: uuid.UUID, checked: CheckedInput) -> tuple[str, str]:
    """Store what a job needs; return the names. Raises `StorageUnavailable`."""
    try:
        return uploads.store_input(job_id, checked)
    except OSError as error:
        logger.exception("job %s: its input could not be stored", job_id)
        raise StorageUnavailable from error


def asked_of(checked: CheckedInput) -> dict[str, Any]:
    """The columns that say which picture it is and what is pointed at in it."""
    pointed = checked.pointed
    box, segmentation = pointed.object_box, pointed.segmentation
    return {
        "input_format": checked.facts.format,
        "width": checked.facts.width,
        "height": checked.facts.height,
        "boxes": boxes_to_json(checked.boxes),
        "clicks": clicks_to_json(pointed.clicks),
        "object_box": None if box is None else box.to_json(),
        "segmentation": None if segmentation is None else segmentation.to_json(),
        "prompt": "" if pointed.prompt is None else pointed.prompt.text,
    }


def create_row(job_id: uuid.UUID, buyer: Buyer, *, files: tuple[str, str], **asked: Any) -> Job:
    # What the sweeper compares with the database's clock is written by it: this machine's own may be off.
    return Job.objects.create(
        id=job_id,
        user=buyer.user,
        api_key=buyer.api_key,
        price_credits=buyer.price,
        is_sandbox=buyer.is_sandbox,
        turn=fairness.next_turn(user=buyer.user, is_paid=buyer.wallet.plan.is_paid),
        ring_at=Now() + timedelta(seconds=settings.RING_AGAIN_S),
        deadline_at=Now() + timedelta(seconds=settings.QUEUE_TIME_LIMIT_S),
        input_name=files[0],
        mask_name=files[1],
        created_at=timezone.now(),
        **asked,
    )


def ring(jobs: Iterable[Job]) -> None:
    """A bell that nobody heard is rung again by the next sweep; where one fails, the others are not tried."""
    waiting = list(jobs)
    while waiting and dispatch.ring(job_id=waiting[0].pk, operation=waiting[0].operation):
        waiting.pop(0)
    if waiting:
        Job.objects.filter(pk__in=[job.pk for job in waiting], status=Status.QUEUED).update(ring_at=Now())


def _refuse_above_limits(buyer: Buyer, *, beside: int) -> None:
    if buyer.is_sandbox:
        sandbox.refuse_above_limit(buyer.user, beside=beside)
    if buyer.api_key is not None:
        caps.refuse_above_caps(buyer.api_key, price=buyer.price, beside=beside * buyer.price)
    _refuse_too_many(buyer.user, active_jobs_max=buyer.wallet.plan.active_jobs_max, beside=beside)


def _refuse_when_the_queue_is_full(*, beside: int) -> None:
    if Job.objects.filter(status=Status.QUEUED).count() + beside >= settings.QUEUE_JOBS_MAX:
        raise QueueFull


def _refuse_too_many(user: User, *, active_jobs_max: int, beside: int) -> None:
    # Two equalities, so that the partial indexes serve: an account's history would be counted each time otherwise.
    unfinished = Job.objects.filter(Q(status=Status.QUEUED) | Q(status=Status.PROCESSING), user=user)
    if unfinished[:active_jobs_max].count() + beside >= active_jobs_max:
        raise TooManyActiveJobs(
            f"{active_jobs_max} of your jobs are still unfinished, the most your plan allows. "
            "Wait for one to end, then submit again."
        )
