"""Which workers are alive: they report themselves in the database, so that every broker gives the same answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from jobs.models import Worker

# After this long a worker that never said goodbye is forgotten.
_FORGET_AFTER = timedelta(hours=1)


def report_worker(*, name: str, engines: list[dict[str, Any]], safety_filter: str) -> None:
    """A worker is ready."""
    now = timezone.now()
    facts = {"engines": engines, "safety_filter": safety_filter, "started_at": now, "seen_at": now}
    Worker.objects.update_or_create(name=name, defaults=facts)
    Worker.objects.filter(seen_at__lt=Now() - _FORGET_AFTER).delete()


def note_worker_alive(name: str) -> None:
    Worker.objects.filter(name=name).update(seen_at=Now())


def forget_worker(name: str) -> None:
    """A worker said goodbye."""
    Worker.objects.filter(name=name).delete()


def alive_workers() -> QuerySet[Worker]:
    return Worker.objects.filter(seen_at__gt=Now() - timedelta(seconds=settings.WORKER_SEEN_S)).order_by("started_at")


def serving_engine() -> dict[str, Any] | None:
    """The engine that would serve a job now: the preferred one of the longest-running worker."""
    for worker in alive_workers():
        if worker.engines:
            engine: dict[str, Any] = worker.engines[0]
            return engine
    return None


def content_filters() -> list[str]:
    """Names of the filters that the workers alive look at pictures with; `none` among them if one looks at nothing."""
    return sorted(set(alive_workers().order_by().values_list("safety_filter", flat=True)))
