"""What the OpenAPI document shows of batches: what is sent, and what is answered."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from jobs.api.batch_serializers import BatchRefusedSerializer
from jobs.batch_retries import NothingToRetry, NotStored
from jobs.batches import NothingAccepted
from jobs.results import NoResultsYet, ResultsGone
from pixelsite.lib.schema import Told

_SITE = "https://pixelsite.example"
_BATCH_ID = "5d0b7c52-6f0e-4a0e-9d5c-1b2a3c4d5e6f"
_JOB_IDS = ("0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10", "0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d11")
_SIZES_DIFFER = "The mask is 64×64 pixels but the image is 640×480. Send a mask of the image's size."
_POOR = "Insufficient credits. Required: 5, available: 2. Upgrade at https://pixelsite.example/pricing"
_REQUEST = {"param": None, "request_id": "5f0c3b1e9a7d4c62b8e1f2a3d4c5b6a7"}


def _line(index: int, **differences: Any) -> dict[str, Any]:
    """A picture whose job waits, but for these differences."""
    waiting = {
        "index": index,
        "filename": f"photo-{index}.jpg",
        "id": _JOB_IDS[index % 2],
        "generation_id": _JOB_IDS[index % 2],
        "status": "queued",
        "progress": 0,
        "credits_used": 5.0,
        "output_url": None,
        "error": None,
        "error_message": None,
        "warnings": [],
    }
    return waiting | differences


def _completed(index: int) -> dict[str, Any]:
    url = f"{_SITE}/v1/files/{_JOB_IDS[index % 2]}/output?expires=1764121200&sig=Wl3d…"
    return _line(index, status="completed", progress=100, output_url=url)


def _refused(index: int, code: str, message: str, *, has_job: bool = False) -> dict[str, Any]:
    refused = _line(
        index,
        status="failed",
        progress=100,
        credits_used=0.0,
        error={"code": code, "message": message},
        error_message=message,
    )
    return refused if has_job else refused | {"id": None, "generation_id": None}


def _batch(*lines: dict[str, Any], **differences: Any) -> dict[str, Any]:
    statuses = ("queued", "processing", "completed", "failed", "blocked", "canceled")
    accepted = sum(line["id"] is not None for line in lines)
    told = {
        "id": _BATCH_ID,
        "batch_id": _BATCH_ID,
        "operation": "remove-object",
        "status": "queued",
        "total": len(lines),
        "accepted": accepted,
        "refused": len(lines) - accepted,
        "counts": {status: sum(line["status"] == status for line in lines) for status in statuses},
        "progress": sum(line["progress"] for line in lines) // len(lines),
        "credits_used": sum(line["credits_used"] for line in lines),
        "results_url": None,
        "created_at": "2026-11-25T01:40:00Z",
        "ended_at": None,
        "jobs": list(lines),
    }
    return told | differences


_BAD = _refused(1, "mask_size_mismatch", _SIZES_DIFFER)
_ENDED = {
    "status": "completed",
    "results_url": f"{_SITE}/v1/batches/{_BATCH_ID}/results.zip",
    "ended_at": "2026-11-25T01:40:04Z",
}
_QUOTE = {
    "dry_run": True,
    "operation": "remove-object",
    "credits": 5.0,
    "credits_each": 5.0,
    "credits_remaining": 480.0,
    "total": 2,
    "accepted": 1,
    "refused": 1,
    "would_be_accepted": True,
    "jobs": [
        {"index": 0, "filename": "photo-0.jpg", "would_be_accepted": True, "refusal": None, "warnings": []},
        {
            "index": 1,
            "filename": "photo-1.jpg",
            "would_be_accepted": False,
            "refusal": {"code": "mask_size_mismatch", "detail": _SIZES_DIFFER},
            "warnings": [],
        },
    ],
}


def _sent(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True, media_type="multipart/form-data")


def _answered(name: str, value: Any, status: int = 200, *, summary: str | None = None) -> OpenApiExample:
    return OpenApiExample(name, value=value, summary=summary or name, response_only=True, status_codes=[str(status)])


SUBMIT = [
    _sent("A mask for each", {"images": ["photo-0.jpg", "photo-1.jpg"], "masks": ["mask-0.png", "mask-1.png"]}),
    _sent("One mask for all", {"images": ["photo-0.jpg", "photo-1.jpg"], "masks": ["logo.png"]}),
    _sent("One box in all", {"images": ["photo-0.jpg", "photo-1.jpg"], "bbox": "480,390,170,170"}),
    _answered("Accepted, but for one", _batch(_line(0), _BAD), 202),
    _answered("Dry run", _QUOTE, summary="With `dry_run=true`: what it would cost"),
    _answered("Ended in time", _batch(_completed(0), _BAD, **_ENDED), summary="With `Prefer: wait=60`"),
]
GET = [
    _answered("Ended", _batch(_completed(0), _BAD, **_ENDED)),
    _answered("Under way", _batch(_completed(0), _line(1, status="processing", progress=40), status="processing")),
]
RETRY = [
    _answered(
        "Tried again",
        _batch(_line(0), _BAD)
        | {
            "retried": [0],
            "not_retried": [
                {
                    "index": 1,
                    "filename": "photo-1.jpg",
                    "error": {"code": NotStored.code, "message": NotStored.__doc__},
                }
            ],
        },
        202,
    )
]
NOT_RETRIED = {
    400: Told("idempotency_key_invalid", "Idempotency-Key must be 1 to 255 printable ASCII characters."),
    409: Told(NothingToRetry.code, NothingToRetry.__doc__ or ""),
    422: Told("idempotency_key_reused", "This Idempotency-Key was used for another request. Use a new key."),
}
RESULTS = [
    OpenApiExample(
        "The ZIP",
        summary="A ZIP file, in binary",
        value="PK\\x03\\x04…",
        response_only=True,
        status_codes=["200"],
        media_type="application/zip",
    )
]
NO_RESULTS = {
    409: Told(NoResultsYet.code, NoResultsYet.__doc__ or ""),
    410: Told(ResultsGone.code, ResultsGone.__doc__ or ""),
}


def _nothing(description: str, code: str, detail: str, **facts: Any) -> OpenApiResponse:
    body = {"detail": detail, "code": code, **_REQUEST, **facts}
    return OpenApiResponse(BatchRefusedSerializer, description, examples=[OpenApiExample(code, value=body)])


NOTHING_ACCEPTED: dict[int, OpenApiResponse] = {
    402: _nothing(
        "Not even the first picture can be paid",
        "insufficient_credits",
        _POOR,
        required=5,
        available=2,
        jobs=[_refused(0, "insufficient_credits", _POOR)],
    ),
    422: _nothing(
        "The form is wrong, or no picture of it can be worked on",
        NothingAccepted.code,
        NothingAccepted.__doc__ or "",
        jobs=[_refused(0, "mask_size_mismatch", _SIZES_DIFFER)],
    ),
    429: _nothing(
        "Too many requests, or too many unfinished jobs: wait for Retry-After",
        "too_many_active_jobs",
        "50 of your jobs are still unfinished, the most your plan allows. Wait for one to end, then submit again.",
        jobs=[_refused(0, "too_many_active_jobs", "50 of your jobs are still unfinished, the most your plan allows.")],
    ),
    503: _nothing(
        "Not now: wait for Retry-After, then send the same again",
        "queue_full",
        "The site has more work than it can do. Nothing was charged; submit again in a moment.",
        jobs=[_refused(0, "queue_full", "The site has more work than it can do.")],
    ),
}
