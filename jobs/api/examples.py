"""What the OpenAPI document shows of each operation: what is sent, and what is answered when it goes well."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_SITE = "https://pixelsite.example"
JOB_ID = "0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10"
_MULTIPART, _JSON, _STREAM = "multipart/form-data", "application/json", "text/event-stream"
_RECEIPT = {
    "version": 1,
    "engine": "exemplar",
    "lossless": False,
    "mask_pixels": 18_212,
    "pixels_changed": 18_190,
    "largest_difference_outside": 2,
    "mcus_total": 4800,
    "mcus_reencoded": 112,
}


def _sent(name: str, value: dict[str, Any], media_type: str = _MULTIPART) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True, media_type=media_type)


def _answered(
    name: str, value: Any, status: int = 200, media_type: str = _JSON, *, summary: str = ""
) -> OpenApiExample:
    return OpenApiExample(
        name, value=value, summary=summary, response_only=True, status_codes=[str(status)], media_type=media_type
    )


def accepted(operation: str, price: float) -> dict[str, Any]:
    """A submission's answer."""
    return {
        "id": JOB_ID,
        "generation_id": JOB_ID,
        "status": "queued",
        "operation": operation,
        "credits_used": price,
        "warnings": [],
    }


def job(**differences: Any) -> dict[str, Any]:
    """A completed removal, but for these differences."""
    done = {
        "id": JOB_ID,
        "generation_id": JOB_ID,
        "status": "completed",
        "operation": "remove-object",
        "credits_used": 5.0,
        "output_url": f"{_SITE}/v1/files/{JOB_ID}/output?expires=1764121200&sig=Wl3d…",
        "progress": 100,
        "stage": None,
        "place_in_line": None,
        "error": None,
        "error_message": None,
        "review": None,
        "width": 1280,
        "height": 960,
        "engine": "exemplar",
        "receipt": _RECEIPT,
        "selection": None,
        "metadata": {"order": 17},
        "created_at": "2026-11-25T01:40:00Z",
        "started_at": "2026-11-25T01:40:00Z",
        "ended_at": "2026-11-25T01:40:02Z",
    }
    return done | differences


_NOT_DONE = {"output_url": None, "receipt": None, "progress": 0, "started_at": None, "ended_at": None, "engine": None}
_QUEUED = job(status="queued", place_in_line=2, **_NOT_DONE)
_CANCELED = job(status="canceled", credits_used=0.0, **_NOT_DONE | {"ended_at": "2026-11-25T01:40:01Z"})
_FAILED = job(
    status="failed",
    credits_used=0.0,
    error={"code": "nothing_found", "message": "Nothing was found to remove. Mark the object with a mask or a box."},
    error_message="Nothing was found to remove. Mark the object with a mask or a box.",
    **_NOT_DONE | {"started_at": "2026-11-25T01:40:00Z", "ended_at": "2026-11-25T01:40:02Z"},
)
_BLOCKED = job(
    status="blocked",
    credits_used=0.0,
    error={"code": "content_blocked", "message": "The content filter does not allow this picture."},
    error_message="The content filter does not allow this picture.",
    review="appealed",
    **_NOT_DONE | {"started_at": "2026-11-25T01:40:00Z", "ended_at": "2026-11-25T01:40:01Z"},
)
_FOUND = job(
    operation="segment",
    credits_used=0.0,
    receipt=None,
    metadata=None,
    selection={
        "area_share": 0.0148,
        "price_credits": 5.0,
        "understood": None,
        "found_by": ["grabcut"],
        "warnings": [],
    },
)


def _dry_run(operation: str, price: float) -> dict[str, Any]:
    return {
        "dry_run": True,
        "operation": operation,
        "credits": price,
        "credits_remaining": 480.0,
        "would_be_accepted": True,
        "refusal": None,
        "warnings": [],
    }


REMOVE_OBJECT = [
    _sent("A box", {"image": "photo.jpg", "bbox": "480,390,170,170"}),
    _sent("A mask", {"image": "photo.jpg", "mask": "mask.png", "grow": "auto"}),
    _sent("A sentence", {"image": "photo.jpg", "prompt": "the text in the bottom-right corner"}),
    _sent("An address", {"image_url": f"{_SITE}/static/img/sample.jpg", "bbox": [480, 390, 170, 170]}, _JSON),
    _answered("Accepted", accepted("remove-object", 5.0), 202),
    _answered("Ended in time", job(), summary="With `Prefer: wait=30`: the ended job"),
    _answered("Dry run", _dry_run("remove-object", 5.0), summary="With `dry_run=true`: what it would cost"),
]
SEGMENT = [
    _sent("A box around the object", {"image": "photo.jpg", "box": "[450,360,690,590]"}),
    _sent("Clicks", {"image": "photo.jpg", "points": "[[566,474]]", "labels": "[1]"}),
    _sent("An address", {"image_url": f"{_SITE}/static/img/sample.jpg", "points": [[566, 474]], "labels": [1]}, _JSON),
    _answered("Found", _FOUND),
    _answered("Dry run", _dry_run("segment", 0.0), summary="With `dry_run=true`: what it would cost"),
    _answered("Not ended in time", accepted("segment", 0.0), 202),
]
GET_JOB = [_answered("Completed", job()), _answered("Queued", _QUEUED), _answered("Failed", _FAILED)]
DELETE_JOB = [
    _answered("Canceled", _CANCELED),
    _answered("Images deleted", job(output_url=None), summary="Of an ended job"),
]
APPEAL = [_answered("Appealed", _BLOCKED)]
STREAM_JOB = [
    _answered(
        "A change",
        {"event": "status", "id": "3", "data": '{"id": "0b6d6a3e-…", "status": "completed", …}'},
        media_type=_STREAM,
    )
]
LIST_USAGE = [
    _answered(
        "A page",
        {
            "next": f"{_SITE}/v1/account/usage?cursor=cD0yMDI2",
            "previous": None,
            "results": [
                {
                    "id": JOB_ID,
                    "generation_id": JOB_ID,
                    "operation": "remove-object",
                    "model": "exemplar",
                    "status": "completed",
                    "credits_used": 5.0,
                    "output_url": f"{_SITE}/v1/files/{JOB_ID}/output?expires=1764121200&sig=Wl3d…",
                    "created_at": "2026-11-25T01:40:00Z",
                }
            ],
        },
    )
]
LIST_MODELS = [
    _answered(
        "On offer",
        {
            "models": [
                {
                    "operation": "remove-object",
                    "title": "Remove an object",
                    "endpoint": "/v1/image/remove-object",
                    "credits": 5.0,
                    "typical_seconds": 4.0,
                    "engine": "exemplar",
                    "device": "cpu",
                    "available": True,
                }
            ]
        },
    )
]
