"""What must hold between jobs and money; run by `manage.py check_ledger` with billing's own checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import QuerySet

from billing.selectors import job_ids_posted
from jobs.models import Job, Status

_SHOWN = 10


def _offenders(jobs: QuerySet[Job], sentence: str) -> Iterator[str]:
    for job_id, status in jobs.values_list("pk", "status")[:_SHOWN]:
        yield f"job {job_id} is {status} {sentence}"


def every_priced_job_has_a_hold() -> Iterator[str]:
    """Every job was held for, for exactly its price. Otherwise someone got work for nothing."""
    priced = Job.objects.filter(price_credits__gt=0)
    yield from _offenders(priced.exclude(pk__in=job_ids_posted("hold")), "without a hold")


def completed_means_captured() -> Iterator[str]:
    """Completed ⇔ captured. Otherwise a result was free, or credits were spent on none."""
    priced = Job.objects.filter(price_credits__gt=0)
    captured = job_ids_posted("capture")
    yield from _offenders(priced.filter(status=Status.COMPLETED).exclude(pk__in=captured), "but not captured")
    yield from _offenders(priced.exclude(status=Status.COMPLETED).filter(pk__in=captured), "but captured")


def not_completed_means_refunded() -> Iterator[str]:
    """Failed, blocked, canceled ⇔ refunded. Otherwise a customer paid for our failure, or was paid for nothing."""
    refused = (Status.FAILED, Status.BLOCKED, Status.CANCELED)
    priced = Job.objects.filter(price_credits__gt=0)
    refunded = job_ids_posted("refund")
    yield from _offenders(priced.filter(status__in=refused).exclude(pk__in=refunded), "but not refunded")
    yield from _offenders(priced.exclude(status__in=refused).filter(pk__in=refunded), "but refunded")


def no_hold_without_a_job() -> Iterator[str]:
    """Every hold belongs to a job. Otherwise credits are set aside for nothing, for ever."""
    for job_id in job_ids_posted("hold").exclude(job_id__in=Job.objects.values("pk"))[:_SHOWN]:
        yield f"hold of job {job_id}, which does not exist"


INVARIANTS: tuple[Callable[[], Iterator[str]], ...] = (
    every_priced_job_has_a_hold,
    completed_means_captured,
    not_completed_means_refunded,
    no_hold_without_a_job,
)
