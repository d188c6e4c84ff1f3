"""A web process for the fault tests: the real one, that dies between commit and bell where a job's metadata say so."""

from __future__ import annotations

import os
import signal
from typing import Any
from uuid import UUID

from pixelsite.asgi import application  # sets Django up

from jobs import dispatch  # isort: skip
from jobs.models import Job  # isort: skip

_ring = dispatch.ring


def _ring_or_die(*, job_id: UUID, **facts: Any) -> bool:
    job = Job.objects.get(pk=job_id)
    if (job.metadata or {}).get("die_before_ring"):
        os.kill(os.getpid(), signal.SIGKILL)
    return _ring(job_id=job_id, **facts)


dispatch.ring = _ring_or_die

__all__ = ["application"]
