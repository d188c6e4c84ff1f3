"""Ring: send the name of a task that does waiting jobs. It says that there is work, not which: workers take the job whose
turn it is. A dead broker costs delay, never a job: the sweeper rings again."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import current_app

from jobs.catalogue import OPERATIONS

logger = logging.getLogger(__name__)

# The first send after a broker's restart finds a dead connection, the second opens a new one.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def ring(*, job_id: UUID, operation: str) -> bool:
    """Tell the workers that a job waits. Returns whether the broker took the message."""
    task = OPERATIONS[operation].task
    try:
        current_app.send_task(task, retry=True, retry_policy=_ONCE_MORE, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever a broker's client raises, the row is the job
        logger.warning("could not ring for job %s: %s", job_id, type(error).__name__)
        return False
    return True
