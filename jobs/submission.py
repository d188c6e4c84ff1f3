"""Submit a job: look into the purse, store the images, then hold and row in one transaction, then ring."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import ApiKey, User
from billing import ledger
from jobs import caps, dispatch, fairness, images, sandbox, storage, uploads
from jobs.catalogue import Operation
from jobs.idempotency import IdempotentRequest
from jobs.models import Job, Status
from jobs.representation import submission_json
from jobs.targets import NO_GROWTH, Grow, boxes_to_json, clicks_to_json
from jobs.uploads import CheckedInput, Pointed
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


class FormatCannotHoldImage(PixelsiteError):
    """WebP cannot hold a picture with a side over 16383 pixels. Ask for png or jpeg."""

    code = "invalid_parameter"
    status = 422


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How the hole is bordered and the result encoded; None means as the input was."""

    format: str | None = None
    quality: int | None = None
    metadata_policy: str = "keep"
    mode: str = "fast"
    grow: Grow = NO_GROWTH
    feather: int | None = None
    """Pixels; None is half of the growth."""


@dataclass(frozen=True, kw_only=True)
class CallOptions:
    """What else a caller asks for: to be told, to be given back, to be let go."""

    webhook_url: str = ""
    metadata: dict[str, Any] | None = None
    cancel_after_s: int | None = None
    """Seconds after which the job, if it is still queued, is canceled."""
    keep_hours: int | None = None
    """For how long images are kept; None is as the site is set."""
    idempotent: IdempotentRequest | None = None


NO_CALL_OPTIONS = CallOptions()


@dataclass(frozen=True, kw_only=True)
class Submission:
    """An accepted job and how its acceptance is told; `is_replay` if that happened at an earlier request."""

    job: Job
    answer: dict[str, Any]
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a submission would cost, and whether it would be accepted now."""

    price_credits: int
    available: int
    is_sandbox: bool
    refusal: PixelsiteError | None


def submit_job(
    *,
    user: User,
    operation: Operation,
    checked: CheckedInput,
    output: OutputOptions,
    api_key: ApiKey | None = None,
    call: CallOptions = NO_CALL_OPTIONS,
) -> Submission:
    """Accept a job. Its price is held in the transaction that writes its row; workers are rung for after the commit.

    Raises `ledger.InsufficientCredits`, `KeyCapReached`, `SandboxLimitReached`, `TooManyActiveJobs`, `QueueFull`,
    `StorageUnavailable` or `FormatCannotHoldImage`; then nothing was stored. A copy of a request that was accepted
    meanwhile gets its answer.
    """
    _refuse_what_the_image_cannot_be(checked, output)
    buyer = _buyer(user, operation, api_key)
    _refuse_before_storing(buyer)
    job_id = uuid.uuid4()
    stored: list[str] = []
    try:
        stored += _stored(job_id, checked)
        with transaction.atomic():
            _hold(buyer, job_id)
            job = _create_row(
                job_id,
                checked=checked,
                stored=stored,
                operation=operation.name,
                **_of_buyer(buyer),
                **_as_columns(output),
                **_as_call_columns(call),
            )
            answer = submission_json(job, warnings=checked.warnings)
            if call.idempotent is not None:
                call.idempotent.record(job=job, answer=answer)
            transaction.on_commit(lambda: _ring(job))
    except IntegrityError:
        storage.delete(stored)
        earlier = call.idempotent.earlier() if call.idempotent is not None else None
        if earlier is None:
            raise
        return Submission(job=earlier.job, answer=earlier.answer, is_replay=True)
    except (OperationalError, InterfaceError):
        raise  # the commit may have happened all the same; if not, the sweep finds the files
    except BaseException:
        storage.delete([storage.input_name(job_id, checked.facts.extension), storage.mask_name(job_id)])
        raise
    return Submission(job=job, answer=answer)


def estimate_job(
    *,
    user: User,
    operation: Operation,
    checked: CheckedInput,
    output: OutputOptions,
    api_key: ApiKey | None = None,
) -> Estimate:
    """What `submit_job` would do now; nothing is stored or held. Raises `FormatCannotHoldImage`."""
    _refuse_what_the_image_cannot_be(checked, output)
    buyer = _buyer(user, operation, api_key)
    refusal = None
    try:
        _refuse_before_storing(buyer)
    except PixelsiteError as error:
        refusal = error
    return Estimate(
        price_credits=buyer.price,
        available=ledger.available_credits(buyer.wallet),
        is_sandbox=buyer.is_sandbox,
        refusal=refusal,
    )


@dataclass(frozen=True, kw_only=True)
class _Buyer:
    """Who wants a job, and what it costs them."""

    user: User
    wallet: Any
    """Billing's; its tables are that house's own."""
    api_key: ApiKey | None
    price: int
    is_sandbox: bool


def _buyer(user: User, operation: Operation, api_key: ApiKey | None) -> _Buyer:
    return _Buyer(
        user=user,
        wallet=ledger.wallet_of(user),
        api_key=api_key,
        price=sandbox.price_of(operation, key=api_key),
        is_sandbox=sandbox.is_sandbox(api_key),
    )


def _of_buyer(buyer: _Buyer) -> dict[str, Any]:
    return {
        "user": buyer.user,
        "api_key": buyer.api_key,
        "price_credits": buyer.price,
        "is_sandbox": buyer.is_sandbox,
        "turn": fairness.next_turn(user=buyer.user, is_paid=buyer.wallet.plan.is_paid),
    }


def _refuse_before_storing(buyer: _Buyer) -> None:
    """What can be refused before a byte is stored. `_hold` decides again, where copies of a request come in turn."""
    ledger.refuse_unless_affordable(wallet=buyer.wallet, amount=buyer.price)
    _refuse_above_limits(buyer)
    _refuse_when_the_queue_is_full()


def _hold(buyer: _Buyer, job_id: uuid.UUID) -> None:
    """Hold the price; part of the transaction that writes the job's row."""
    if buyer.price:
        ledger.hold(wallet=buyer.wallet, job_id=job_id, amount=buyer.price)  # locks the wallet
    elif buyer.is_sandbox:
        sandbox.lock(buyer.user)
    _refuse_above_limits(buyer)


def _refuse_above_limits(buyer: _Buyer) -> None:
    if buyer.is_sandbox:
        sandbox.refuse_above_limit(buyer.user)
    if buyer.api_key is not None:
        caps.refuse_above_caps(buyer.api_key, price=buyer.price)
    _refuse_too_many(buyer.user, active_jobs_max=buyer.wallet.plan.active_jobs_max)


def _refuse_what_the_image_cannot_be(checked: CheckedInput, output: OutputOptions) -> None:
    target_format = output.format or checked.facts.format
    if target_format == "webp" and max(checked.facts.size) > images.WEBP_SIDE_PX_MAX:
        raise FormatCannotHoldImage(param="output_format")


def _refuse_when_the_queue_is_full() -> None:
    if Job.objects.filter(status=Status.QUEUED).count() >= settings.QUEUE_JOBS_MAX:
        raise QueueFull


def _stored(job_id: uuid.UUID, checked: CheckedInput) -> tuple[str, str]:
    try:
        return uploads.store_input(job_id, checked)
    except OSError as error:
        logger.exception("job %s: its input could not be stored", job_id)
        raise StorageUnavailable from error


def _ring(job: Job) -> None:
    """A bell that nobody heard is rung again by the next sweep."""
    if not dispatch.ring(job_id=job.pk, operation=job.operation):
        Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(ring_at=Now())


def _as_columns(output: OutputOptions) -> dict[str, Any]:
    return {
        "output_format": output.format or "",
        "quality": output.quality,
        "metadata_policy": output.metadata_policy,
        "mode": output.mode,
        "grow": str(output.grow),
        "feather": output.feather,
    }


def _as_call_columns(call: CallOptions) -> dict[str, Any]:
    seconds = call.cancel_after_s
    return {
        "webhook_url": call.webhook_url,
        "metadata": call.metadata,
        "keep_hours": call.keep_hours,
        "cancel_at": None if seconds is None else Now() + timedelta(seconds=seconds),
    }


def _as_target_columns(pointed: Pointed) -> dict[str, Any]:
    box, segmentation = pointed.object_box, pointed.segmentation
    return {
        "clicks": clicks_to_json(pointed.clicks),
        "object_box": None if box is None else box.to_json(),
        "segmentation": None if segmentation is None else segmentation.to_json(),
        "prompt": "" if pointed.prompt is None else pointed.prompt.text,
    }


def _create_row(job_id: uuid.UUID, *, checked: CheckedInput, stored: list[str], **facts: Any) -> Job:
    # What the sweeper compares with the database's clock is written by it: this machine's own may be off.
    return Job.objects.create(
        id=job_id,
        ring_at=Now() + timedelta(seconds=settings.RING_AGAIN_S),
        deadline_at=Now() + timedelta(seconds=settings.QUEUE_TIME_LIMIT_S),
        input_name=stored[0],
        input_format=checked.facts.format,
        mask_name=stored[1],
        boxes=boxes_to_json(checked.boxes),
        **_as_target_columns(checked.pointed),
        width=checked.facts.width,
        height=checked.facts.height,
        created_at=timezone.now(),
        **facts,
    )


def _refuse_too_many(user: User, *, active_jobs_max: int) -> None:
    # Two equalities, so that the partial indexes serve: an account's history would be counted each time otherwise.
    unfinished = Job.objects.filter(Q(status=Status.QUEUED) | Q(status=Status.PROCESSING), user=user)
    if unfinished[:active_jobs_max].count() >= active_jobs_max:
        raise TooManyActiveJobs(
            f"{active_jobs_max} of your jobs are still unfinished, the most your plan allows. "
            "Wait for one to end, then submit again."
        )
