"""Celery tasks of the jobs house: one domain call each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from jobs import sweeper


@shared_task(name="jobs.tasks.sweep")
def sweep(**_: Any) -> None:
    sweeper.sweep()
