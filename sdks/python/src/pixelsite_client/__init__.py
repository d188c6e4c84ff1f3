"""Remove things from photos with Pixelsite.

from pixelsite_client import Pixelsite

with Pixelsite() as client:
    client.remove_object("photo.jpg", mask="mask.png").save("clean.jpg")
"""

from pixelsite_client import webhooks
from pixelsite_client._version import __version__
from pixelsite_client.async_client import AsyncPixelsite
from pixelsite_client.batch_models import BatchLine, BatchQuote, BatchStatus, NotRetried, QuotedLine
from pixelsite_client.batches import Batch, BatchItem
from pixelsite_client.client import Pixelsite
from pixelsite_client.errors import (
    ApiError,
    AuthenticationFailed,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    Gone,
    InsufficientCredits,
    InvalidRequest,
    JobBlocked,
    JobCanceled,
    JobFailed,
    JobNotDone,
    KeyCapReached,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    PixelsiteError,
    RateLimited,
    ServerError,
    ServiceUnavailable,
    UnexpectedAnswer,
    WaitTimeout,
)
from pixelsite_client.models import Balance, Estimate, Job, JobError, Model, Refusal, UsageLine
from pixelsite_client.results import AsyncResult, Result

__all__ = [
    "ApiError",
    "AsyncPixelsite",
    "AsyncResult",
    "AuthenticationFailed",
    "Balance",
    "Batch",
    "BatchItem",
    "BatchLine",
    "BatchQuote",
    "BatchStatus",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Estimate",
    "Gone",
    "InsufficientCredits",
    "InvalidRequest",
    "Job",
    "JobBlocked",
    "JobCanceled",
    "JobError",
    "JobFailed",
    "JobNotDone",
    "KeyCapReached",
    "Model",
    "NotFound",
    "NotRetried",
    "PaymentRequired",
    "PermissionDenied",
    "Pixelsite",
    "PixelsiteError",
    "QuotedLine",
    "RateLimited",
    "Refusal",
    "Result",
    "ServerError",
    "ServiceUnavailable",
    "UnexpectedAnswer",
    "UsageLine",
    "WaitTimeout",
    "__version__",
    "webhooks",
]
