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


def operations_of(task: str) -> tuple[str, ...]:
    """Return the names of the operations that this task does."""
    return tuple(operation.name for operation in OPERATIONS.values() if operation.task == task)
