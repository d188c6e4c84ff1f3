"""What is stored about jobs. Workflows live in `lifecycle.py`, `submission.py`, `batches.py` and `webhooks.py`."""

from jobs.models.batch import Batch
from jobs.models.idempotency import IdempotencyRecord
from jobs.models.job import ENDED, Job, Review, Status
from jobs.models.webhook import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookSecret
from jobs.models.worker import Worker

__all__ = [
    "ENDED",
    "Batch",
    "DeliveryState",
    "IdempotencyRecord",
    "Job",
    "Review",
    "Status",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
    "Worker",
]
