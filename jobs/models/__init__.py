"""What is stored about jobs. Workflows live in `lifecycle.py` and `submission.py`."""

from jobs.models.job import ENDED, Job, Status
from jobs.models.worker import Worker

__all__ = ["ENDED", "Job", "Status", "Worker"]
