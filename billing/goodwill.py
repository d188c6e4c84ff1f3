"""What a completed job cost, given back by hand: a customer who is right to be unhappy. Once for a job.

The job stays completed and its capture stays in the books; the credits come as a grant of their own.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User
from billing import ledger
from billing.models import EntryKind, LedgerEntry, LotKind
from billing.operator_limits import check_cap, check_not_own
from pixelsite.lib.errors import PixelsiteError


class NothingToRefund(PixelsiteError):
    """Only a completed job has cost anything. The credits of one that failed, was blocked or canceled are back already."""

    code = "nothing_to_refund"
    status = 409


class RefundedByHand(PixelsiteError):
    """The credits of this job were given back by hand before. For more, adjust the account's credits."""

    code = "refunded_by_hand"
    status = 409


@transaction.atomic
def refund_completed_job(*, job_id: UUID, actor: User, reason: str, request: HttpRequest | None = None) -> LedgerEntry:
    """Give back what the job cost. The customer reads the reason in the statement.

    Raises `NothingToRefund`, `RefundedByHand`, `OwnAccount`, `DailyCapReached`.
    """
    spent = _capture(job_id)
    if spent is None:
        raise NothingToRefund
    check_not_own(actor=actor, wallet=spent.wallet)
    check_cap(actor=actor, amount=spent.amount, now=timezone.now())
    entry = ledger.grant(
        wallet=spent.wallet,
        kind=LotKind.ADJUSTMENT,
        amount=spent.amount,
        source=_source(job_id),
        reason=reason,
        actor=actor,
    )
    if entry is None:
        raise RefundedByHand
    audit.note(
        AuditKind.JOB_REFUNDED,
        user=spent.wallet.user,
        actor=actor,
        about=f"job {job_id}, {spent.amount} credits",
        reason=reason,
        request=request,
    )
    return entry


def can_be_refunded(job_id: UUID) -> bool:
    """Whether the job has cost credits that were not given back by hand."""
    given = LedgerEntry.objects.filter(kind=EntryKind.GRANT, source=_source(job_id))
    return _capture(job_id) is not None and not given.exists()


def _capture(job_id: UUID) -> LedgerEntry | None:
    spent = LedgerEntry.objects.filter(kind=EntryKind.CAPTURE, job_id=job_id)
    return spent.select_related("wallet__user").first()


def _source(job_id: UUID) -> str:
    return f"goodwill:{job_id}"
