"""Submit a job: look into the purse, store the images, then hold and row in one transaction, then ring."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from accounts.models import ApiKey, User
from billing import ledger
from jobs import acceptance, images, storage
from jobs.catalogue import Operation
from jobs.idempotency import IdempotentRequest
from jobs.models import Job
from jobs.representation import submission_json
from jobs.targets import NO_GROWTH, Grow
from jobs.uploads import CheckedInput
from pixelsite.lib.errors import PixelsiteError


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
    refuse_what_the_image_cannot_be(checked, output)
    buyer = acceptance.buyer_of(user, operation, api_key)
    acceptance.refuse_before_storing(buyer)
    job_id = uuid.uuid4()
    stored: tuple[str, ...] = ()
    try:
        stored = files = acceptance.stored(job_id, checked)
        with transaction.atomic():
            acceptance.hold(buyer, job_id)
            job = acceptance.create_row(
                job_id,
                buyer,
                files=files,
                operation=operation.name,
                **acceptance.asked_of(checked),
                **output_columns(output),
                **call_columns(call),
            )
            answer = submission_json(job, warnings=checked.warnings)
            if call.idempotent is not None:
                call.idempotent.record(job=job, answer=answer)
            transaction.on_commit(lambda: acceptance.ring([job]))
    except IntegrityError:
        storage.delete(stored)
        earlier = call.idempotent.earlier() if call.idempotent is not None else None
        if earlier is None:
            raise
        return Submission(job=earlier.made_job, answer=earlier.answer, is_replay=True)
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
    refuse_what_the_image_cannot_be(checked, output)
    buyer = acceptance.buyer_of(user, operation, api_key)
    refusal = None
    try:
        acceptance.refuse_before_storing(buyer)
    except PixelsiteError as error:
        refusal = error
    return Estimate(
        price_credits=buyer.price,
        available=ledger.available_credits(buyer.wallet),
        is_sandbox=buyer.is_sandbox,
        refusal=refusal,
    )


def refuse_what_the_image_cannot_be(checked: CheckedInput, output: OutputOptions) -> None:
    """Raises `FormatCannotHoldImage`."""
    target_format = output.format or checked.facts.format
    if target_format == "webp" and max(checked.facts.size) > images.WEBP_SIDE_PX_MAX:
        raise FormatCannotHoldImage(param="output_format")


def output_columns(output: OutputOptions) -> dict[str, Any]:
    return {
        "output_format": output.format or "",
        "quality": output.quality,
        "metadata_policy": output.metadata_policy,
        "mode": output.mode,
        "grow": str(output.grow),
        "feather": output.feather,
    }


def call_columns(call: CallOptions) -> dict[str, Any]:
    seconds = call.cancel_after_s
    return {
        "webhook_url": call.webhook_url,
        "metadata": call.metadata,
        "keep_hours": call.keep_hours,
        "cancel_at": None if seconds is None else Now() + timedelta(seconds=seconds),
    }
