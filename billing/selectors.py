"""Reads for pages and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from billing.ledger import available_credits, wallet_of
from billing.models import EntryKind, LedgerEntry, Plan

_TAKES_AWAY = {EntryKind.HOLD, EntryKind.EXPIRE, EntryKind.CLAWBACK}


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What an account can spend, and what is set aside for running jobs."""

    available: int
    held: int
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One ledger entry as a person reads it."""

    created_at: datetime
    kind: str
    label: str
    amount_signed: int
    balance_after: int
    reason: str
    job_id: UUID | None


def balance_of(user: User) -> Balance:
    wallet = wallet_of(user)
    return Balance(available=available_credits(wallet), held=wallet.held, plan=wallet.plan)


def plan_of(user: User) -> Plan:
    return wallet_of(user).plan


def all_plans() -> list[Plan]:
    return list(Plan.objects.all())


def statement(user: User, *, limit: int) -> list[StatementLine]:
    """The newest entries with the running balance."""
    entries = LedgerEntry.objects.filter(wallet__user=user).order_by("-id")[:limit]
    return [line_of(entry) for entry in entries]


def line_of(entry: LedgerEntry) -> StatementLine:
    return StatementLine(
        created_at=entry.created_at,
        kind=entry.kind,
        label=EntryKind(entry.kind).label,
        amount_signed=_effect_on_available(entry),
        balance_after=entry.available_after,
        reason=entry.reason,
        job_id=entry.job_id,
    )


def _effect_on_available(entry: LedgerEntry) -> int:
    if entry.kind == EntryKind.CAPTURE:
        return 0
    return -entry.amount if entry.kind in _TAKES_AWAY else entry.amount


def job_ids_posted(kind: str) -> QuerySet[LedgerEntry, UUID | None]:
    """Ids of the jobs that have an entry of this kind (`hold`, `capture` or `refund`), as a subquery."""
    return LedgerEntry.objects.filter(kind=kind, job_id__isnull=False).order_by().values_list("job_id", flat=True)
