"""Is everything alive that a job needs?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import psycopg
from celery import current_app
from django.conf import settings
from django.db import connection

from jobs import workers

logger = logging.getLogger(__name__)

_BROKER_TIMEOUT_S = 2
_DATABASE_TIMEOUT_S = 2


def check_health() -> dict[str, Any]:
    """`{"status": "ok" | "unavailable", "database": …, "broker": …, "worker": …}`, each `ok` or what is wrong.

    And `content_filter`: the names of the workers' filters. A site without one is a choice, not a fault.
    """
    parts = {"database": _attempt(_database), "broker": _attempt(_broker)}
    # Workers report in the database: without it nobody knows, and asking would take its time.
    parts["worker"] = _attempt(_worker) if parts["database"] == "ok" else "unknown"
    healthy = all(state == "ok" for state in parts.values())
    parts["content_filter"] = _attempt(_content_filter) if parts["worker"] == "ok" else "unknown"
    return {"status": "ok" if healthy else "unavailable", **parts}


def _attempt(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # any failure of a part is the answer, not a bug
        logger.warning("health: %s: %s", check.__name__.strip("_"), error)
        return "unreachable"


def _database() -> str:
    if connection.vendor == "postgresql":
        # Not from the pool, which waits for a connection as long as a submission may.
        with psycopg.connect(settings.DATABASE_URL, connect_timeout=_DATABASE_TIMEOUT_S) as direct:
            direct.execute("SELECT 1")
        return "ok"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with current_app.connection_for_write(connect_timeout=_BROKER_TIMEOUT_S) as broker:
        broker.ensure_connection(max_retries=1, timeout=_BROKER_TIMEOUT_S, interval_start=0, interval_step=0)
    return "ok"


def _worker() -> str:
    return "ok" if workers.alive_workers().exists() else "no worker has reported for a while: start one"


def _content_filter() -> str:
    return ", ".join(workers.content_filters())
