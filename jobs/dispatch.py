"""Ring for a job: send the name of its task. A dead broker costs delay, never a job: the sweeper rings again."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import current_app

from jobs.catalogue import OPERATIONS

logger = logging.getLogger(__name__)


def ring(*, job_id: UUID, operation: str) -> bool:
    """Tell the workers that a job waits. Returns whether the broker took the message."""
    task = OPERATIONS[operation].task
    try:
        current_app.send_task(task, kwargs={"job_id": str(job_id)}, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever a broker's client raises, the row is the job
        logger.warning("could not ring for job %s: %s", job_id, type(error).__name__)
        return False
    return True
