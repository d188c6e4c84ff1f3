"""Submit a job: look into the purse, store the images, then hold and row in one transaction, then ring."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, User
from billing import ledger
from jobs import dispatch, images, storage, uploads
from jobs.catalogue import Operation
from jobs.models import ENDED, Job
from jobs.targets import NO_GROWTH, Grow, boxes_to_json
from jobs.uploads import CheckedInput
from pixelsite.lib.errors import PixelsiteError


class TooManyActiveJobs(PixelsiteError):
    """Too many of your jobs are still unfinished. Wait for one to end, then submit again."""

    code = "too_many_active_jobs"
    status = 429

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


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


def submit_job(
    *, user: User, operation: Operation, checked: CheckedInput, output: OutputOptions, api_key: ApiKey | None = None
) -> Job:
    """Accept a job. Its price is held in the transaction that writes its row; workers are rung for after the commit.

    Raises `ledger.InsufficientCredits`, `TooManyActiveJobs` or `FormatCannotHoldImage`; then nothing was stored.
    """
    target_format = output.format or checked.facts.format
    if target_format == "webp" and max(checked.facts.size) > images.WEBP_SIDE_PX_MAX:
        raise FormatCannotHoldImage(param="output_format")
    wallet = ledger.wallet_of(user)
    available = ledger.available_credits(wallet)
    if available < operation.price_credits:  # before a byte is stored; the hold below decides
        raise ledger.InsufficientCredits(required=operation.price_credits, available=available)
    _refuse_too_many(user, active_jobs_max=wallet.plan.active_jobs_max)

    job_id = uuid.uuid4()
    stored: list[str] = []
    try:
        stored += uploads.store_input(job_id, checked)
        with transaction.atomic():
            if operation.price_credits:
                ledger.hold(wallet=wallet, job_id=job_id, amount=operation.price_credits)
            job = _create_row(
                job_id,
                checked=checked,
                stored=stored,
                user=user,
                api_key=api_key,
                operation=operation.name,
                price_credits=operation.price_credits,
                output_format=output.format or "",
                quality=output.quality,
                metadata_policy=output.metadata_policy,
                mode=output.mode,
                grow=str(output.grow),
                feather=output.feather,
            )
            transaction.on_commit(lambda: dispatch.ring(job_id=job_id, operation=operation.name))
    except BaseException:
        storage.delete(stored or [storage.input_name(job_id, checked.facts.extension)])
        raise
    return job


def _create_row(job_id: uuid.UUID, *, checked: CheckedInput, stored: list[str], **facts: Any) -> Job:
    now = timezone.now()
    return Job.objects.create(
        id=job_id,
        ring_at=now + timedelta(seconds=settings.RING_AGAIN_S),
        deadline_at=now + timedelta(seconds=settings.QUEUE_TIME_LIMIT_S),
        input_name=stored[0],
        input_format=checked.facts.format,
        mask_name=stored[1],
        boxes=boxes_to_json(checked.boxes),
        width=checked.facts.width,
        height=checked.facts.height,
        created_at=now,
        **facts,
    )


def _refuse_too_many(user: User, *, active_jobs_max: int) -> None:
    if Job.objects.filter(user=user).exclude(status__in=ENDED).count() >= active_jobs_max:
        raise TooManyActiveJobs(
            f"{active_jobs_max} of your jobs are still unfinished, the most your plan allows. "
            "Wait for one to end, then submit again."
        )
