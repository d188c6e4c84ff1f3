"""What the OpenAPI document shows of Maskr's operations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_REMOVED = {
    "job_id": "0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10",
    "status": "completed",
    "input_filename": "photo.jpg",
    "output_url": "https://pixelsite.example/v1/files/0b6d6a3e-1f0a-4a53-9a2e-3a5f3b6b8d10/output?expires=…&sig=…",
    "processing_time_ms": 1841.2,
    "error": None,
    "original_width": 1280,
    "original_height": 960,
    "output_width": 1280,
    "output_height": 960,
    "credits_used": 5,
}
_FAILED = _REMOVED | {
    "job_id": "7d1f2c04-5a3e-4b0c-8f6d-2b9e1c7a4d55",
    "status": "failed",
    "input_filename": "other.jpg",
    "output_url": None,
    "processing_time_ms": 0.0,
    "error": "The mask is empty: paint what is to be removed white.",
    "output_width": None,
    "output_height": None,
    "credits_used": 0,
}


def _both(name: str, *, sent: dict[str, Any], answered: dict[str, Any]) -> list[OpenApiExample]:
    """What is sent and what is answered."""
    return [
        OpenApiExample(name, value=sent, request_only=True, media_type="multipart/form-data"),
        OpenApiExample("Ended", value=answered, response_only=True, status_codes=["200"]),
    ]


ONE = _both(
    "A mask",
    sent={"image": "photo.jpg", "mask": "mask.png"},
    answered={"job_id": _REMOVED["job_id"], "status": "completed", "result": _REMOVED, "error": None},
)
MANY = _both(
    "Two pairs",
    sent={"images": ["photo.jpg", "other.jpg"], "masks": ["mask.png", "other-mask.png"]},
    answered={
        "batch_id": "c1a5f0b2-6d3e-4f7a-9b8c-0d1e2f3a4b5c",
        "status": "completed",
        "total_files": 2,
        "completed": 1,
        "failed": 1,
        "results": [_REMOVED, _FAILED],
        "total_processing_time_ms": 1841.2,
        "total_credits_used": 5,
        "error": None,
    },
)
