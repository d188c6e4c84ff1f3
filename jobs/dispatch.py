"""Ring: send the name of a task that does waiting jobs. It says that there is work, not which: workers take the job whose
turn it is. A dead broker costs delay, never a job: the sweeper rings again."""

from __future__ import annotations

from uuid import UUID

from jobs.catalogue import OPERATIONS
from pixelsite.lib import bells


def ring(*, job_id: UUID, operation: str) -> bool:
    """Tell the workers that a job waits. Returns whether the broker took the message."""
    return bells.ring(OPERATIONS[operation].task, about=f"job {job_id}")
