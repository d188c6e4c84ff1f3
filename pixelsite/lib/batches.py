"""Reading many rows for a reader who may be slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def in_batches(rows: QuerySet[Row], *, size: int = 500) -> Iterator[Row]:
    """Every row by its key, `size` at a time.

    In between the database connection goes back: whoever reads slowly must not keep one of a process's few.
    """
    rows = rows.order_by("pk")
    batch = list(rows[:size])
    while batch:
        if not connection.in_atomic_block:
            connection.close()
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])
