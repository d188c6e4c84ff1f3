"""The operations on offer, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Something a caller can ask for."""

    name: str
    title: str
    endpoint: str
    price_credits: int
    typical_seconds: float
    task: str
    """Name of the Celery task that does jobs of its kind; the worker registers it under this name."""


REMOVE_OBJECT = Operation(
    name="remove-object",
    title="Remove an object",
    endpoint="/v1/image/remove-object",
    price_credits=5,
    typical_seconds=4.0,
    task="inference.tasks.process_jobs",
)

SEGMENT = Operation(
    name="segment",
    title="Find an object",
    endpoint="/v1/image/segment",
    price_credits=0,
    typical_seconds=2.0,
    task="inference.tasks.process_jobs",
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (REMOVE_OBJECT, SEGMENT)}


@dataclass(frozen=True, kw_only=True)
class Unserved:
    """An operation that PixelAPI documents and no model here does: told in the catalogue, refused when it is called."""

    name: str
    title: str
    endpoint: str
    price_credits: int


UNSERVED = (
    Unserved(name="remove-background", title="Remove the background", endpoint="/v1/image/remove-background", price_credits=2),
    Unserved(name="replace-background", title="Replace the background", endpoint="/v1/image/replace-background", price_credits=5),
    Unserved(name="restore-face", title="Restore a face", endpoint="/v1/image/restore-face", price_credits=3),
    Unserved(name="upscale", title="Enlarge four times", endpoint="/v1/image/upscale", price_credits=20),
    Unserved(name="generate", title="Make an image", endpoint="/v1/image/generate", price_credits=3),
    Unserved(name="generate-audio", title="Make a sound", endpoint="/v1/audio/generate", price_credits=5),
    Unserved(name="generate-video", title="Make a video", endpoint="/v1/video/generate", price_credits=50),
    Unserved(name="virtual-tryon", title="Try a garment on", endpoint="/v1/virtual-tryon", price_credits=25),
)  # fmt: skip


def operations_of(task: str) -> tuple[str, ...]:
    """Return the names of the operations that this task does."""
    return tuple(operation.name for operation in OPERATIONS.values() if operation.task == task)
