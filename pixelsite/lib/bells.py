"""Tell workers that there is something to do. The row is what is to be done: a bell that nobody hears costs delay."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app

logger = logging.getLogger(__name__)

# The first send after a broker's restart finds a dead connection, the second opens a new one.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def ring(task: str, *args: Any, about: str) -> bool:
    """Send the name of a task. Returns whether the broker took the message; `about` is for the log where it did not."""
    try:
        current_app.send_task(task, args=list(args), retry=True, retry_policy=_ONCE_MORE, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever a broker's client raises, the row is there
        logger.warning("could not ring for %s: %s", about, type(error).__name__)
        return False
    return True
