"""What Schemathesis cannot make up: a picture, and where the id of a job comes from."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import HookContext

from tests.faults.customers import small_mask, small_picture

_PICTURE, _MASK = small_picture(), small_mask()
_JOB = "/v1/image/{job_id}"
_BATCH_SUBMISSION = "/v1/image/remove-object/batch"
_BATCH = "/v1/batches/{batch_id}"
_SUBMISSIONS = ("/v1/image/remove-object", "/v1/image/segment")
_IMAGE_FIELDS = (
    "image_url", "mask", "mask_url", "rectangles", "points", "labels", "box", "segmentation", "prompt", "grow", "expand",
    "feather", "metadata", "webhook_url",
)  # fmt: skip
# What the other vendors' programs send.
_FACADE_FIELDS = ("image_file", "image_url", "mask_file", "mask_url", "rectangles", "image", "mask", "images", "masks")
_FACADES: dict[str, dict[str, Any]] = {
    "POST /cleanup/v1": {"image_file": _PICTURE, "mask_file": _MASK, "mode": "fast"},
    "POST /inpainting/v1": {"image_file": _PICTURE, "mask_file": _MASK, "mode": "fast"},
    "POST /api/tasks/visual/inpaint": {"image_file": _PICTURE, "mask_file": _MASK},
    "POST /v1/services/object-removal": {"image": _PICTURE, "mask": _MASK},
    "POST /v1/services/object-removal/batch": {"images": [_PICTURE, _PICTURE], "masks": [_MASK, _MASK]},
}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """An accepted submission leads to its job."""
    _link_batches(raw_schema["paths"])
    links = {
        name: {"operationId": name, "parameters": {"job_id": "$response.body#/id"}}
        for name in ("get_job", "delete_job", "stream_job")
    }
    for operation, statuses in (*((path, ("202", "200")) for path in _SUBMISSIONS), (_JOB, ("200",))):
        for method in raw_schema["paths"][operation].values():
            for status in statuses:
                method["responses"][status]["links"] = links


def _link_batches(paths: dict[str, Any]) -> None:
    """An accepted batch leads to how it stands, to its results, and to trying again."""
    links = {
        name: {"operationId": name, "parameters": {"batch_id": "$response.body#/id"}}
        for name in ("get_batch", "retry_batch", "get_batch_results")
    }
    for path, method, status in ((_BATCH_SUBMISSION, "post", "202"), (_BATCH, "get", "200")):
        paths[path][method]["responses"][status]["links"] = links


@schemathesis.hook
def map_case(context: HookContext, case: Any) -> Any:
    """Valid submissions get a picture that is one, so that some are accepted and become jobs."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    is_submission = case.operation.label in [f"POST {path}" for path in _SUBMISSIONS]
    if is_submission and isinstance(case.body, dict) and "image" in case.body:
        for name in _IMAGE_FIELDS:
            case.body.pop(name, None)
        case.body |= {"image": _PICTURE, "bbox": "4,4,10,10"}
    if case.operation.label == f"POST {_BATCH_SUBMISSION}" and isinstance(case.body, dict):
        for name in (*_IMAGE_FIELDS, "masks"):
            case.body.pop(name, None)
        case.body |= {"images": [_PICTURE, _PICTURE], "bbox": "4,4,10,10"}
    if (wanted := _FACADES.get(case.operation.label)) is not None and isinstance(case.body, dict):
        for name in _FACADE_FIELDS:
            case.body.pop(name, None)
        case.body |= wanted
        case.query = {}
    if case.operation.label == "GET /v1/account/usage" and case.query:
        case.query.pop("cursor", None)  # a text that only we can write
    return case


@schemathesis.hook
def filter_failure(context: HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Some cases are spoilt, or found to be spoilt, and then made good again by the hook above."""
    is_made_good = isinstance(case.body, dict) and (
        case.body.get("image") is _PICTURE or _PICTURE in (case.body.get("images") or ())
    )
    return not (is_made_good and type(failure).__name__ == "AcceptedNegativeData")
