"""How PicWish tells of a task: a number for its state, seconds since 1970, a picture by its address or in base64."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import datetime
from typing import Any

from django.core.cache import cache

from accounts.models import User
from jobs import storage
from jobs.facades.refusals import Refusal
from jobs.models import Job, Status
from jobs.representation import file_url

KEEP_HOURS = 1
URL, BASE64 = 1, 2

_STATES: dict[int, str] = {
    1: "Complete",
    0: "Queued",
    2: "Preparing",
    3: "Waiting",
    4: "Processing",
    -1: "Failed",
    -2: "The result could not be stored",
    -3: "The source could not be downloaded",
    -5: "The image is too large",
    -7: "Invalid image file",
    -8: "Timed out",
    -10: "Prohibited content",
    -13: "Canceled",
}

# Why a job failed, where PicWish has a number for it.
_STATES_OF_FAILURES = {
    "storage_unavailable": -2,
    "invalid_image": -7,
    "image_too_complex": -7,
    "timed_out": -8,
    "expired_in_queue": -8,
}
# What we find out at once, and PicWish while it works: the request is understood, its task has failed.
_STATES_OF_REFUSALS = {
    **dict.fromkeys(("remote_error", "remote_timeout", "url_not_allowed"), -3),
    **dict.fromkeys(("remote_too_large", "image_too_large"), -5),
    **dict.fromkeys(
        (
            "invalid_image", "truncated_image", "unsupported_format", "animated_not_supported",
            "multi_page_not_supported", "image_too_small", "image_too_complex",
        ),
        -7,
    ),
}  # fmt: skip


def return_type_of(job: Job) -> int:
    return BASE64 if (job.metadata or {}).get("picwish_return_type") == BASE64 else URL


def metadata_for(return_type: int) -> dict[str, Any] | None:
    """What a job remembers until it is asked for; nothing where it is the default."""
    return {"picwish_return_type": return_type} if return_type == BASE64 else None


def task_json(job: Job, *, base_url: str) -> dict[str, Any]:
    """The task as polling tells it."""
    state = _state_of(job)
    return {
        "task_id": str(job.pk),
        "created_at": _seconds(job.created_at),
        "processed_at": _seconds(job.started_at),
        "completed_at": _seconds(job.ended_at),
        "image": _image(job, base_url) if state == 1 else "",
        "return_type": return_type_of(job),
        "progress": job.progress,
        "state": state,
        "state_detail": _detail(state, job.error_message),
    }


def is_expired(job: Job) -> bool:
    """Whether the result has been deleted."""
    return job.status == Status.COMPLETED and not job.output_name


def refused_task(refusal: Refusal, *, user: User, return_type: int) -> dict[str, Any] | None:
    """The task that PicWish would have begun on such an input, failed; kept as long as results are.

    None where the request itself is at fault.
    """
    state = _STATES_OF_REFUSALS.get(refusal.code)
    if state is None:
        return None
    now = int(time.time())
    task = {
        "task_id": str(uuid.uuid4()),
        "created_at": now,
        "processed_at": now,
        "completed_at": now,
        "image": "",
        "return_type": return_type,
        "progress": 0,
        "state": state,
        "state_detail": _detail(state, refusal.message),
    }
    cache.set(_cache_key(user, task["task_id"]), task, KEEP_HOURS * 3600)
    return task


def find_refused_task(task_id: uuid.UUID, *, user: User) -> dict[str, Any] | None:
    found: dict[str, Any] | None = cache.get(_cache_key(user, str(task_id)))
    return found


def _cache_key(user: User, task_id: Any) -> str:
    return f"picwish:refused:{user.pk}:{task_id}"


def _state_of(job: Job) -> int:
    match job.status:
        case Status.COMPLETED:
            return 1
        case Status.QUEUED:
            return 3 if job.attempt else 0
        case Status.PROCESSING:
            return 2 if job.stage in ("", "decoding") else 4
        case Status.BLOCKED:
            return -10
        case Status.CANCELED:
            return -13
        case _:
            return _STATES_OF_FAILURES.get(job.error_code, -1)


def _detail(state: int, reason: str) -> str:
    return f"{_STATES[state]}: {reason}" if state < 0 and reason else _STATES[state]


def _image(job: Job, base_url: str) -> str:
    if return_type_of(job) == BASE64:
        return base64.b64encode(storage.read(job.output_name)).decode()
    return file_url(job, "output", base_url=base_url) or ""


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0
