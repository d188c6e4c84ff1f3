"""An account's books as its owner reads them: what can be spent until when, and every movement."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from billing import ledger
from billing.models import CreditLot, LedgerEntry, LotKind
from billing.selectors import StatementLine, line_of

_CSV_COLUMNS = ("number", "time (UTC)", "what", "credits", "balance after", "set aside after", "job", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate what begins so


@dataclass(frozen=True, kw_only=True)
class LotLeft:
    """Credits of one grant that are still there, and until when."""

    label: str
    remaining: int
    amount: int
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StatementPage:
    """Movements, the newest first, and where the older ones begin."""

    lines: list[StatementLine]
    older_than: int | None


class _Echo:
    """What csv writes is handed on instead of kept."""

    def write(self, text: str) -> str:
        return text


def lots_left(user: User, *, now: datetime | None = None) -> list[LotLeft]:
    """What can be spent, in the order in which it is: what expires first goes first."""
    now = now or timezone.now()
    lots = CreditLot.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), wallet=ledger.wallet_of(user), remaining__gt=0
    )
    return [
        LotLeft(label=LotKind(lot.kind).label, remaining=lot.remaining, amount=lot.amount, expires_at=lot.expires_at)
        for lot in lots.order_by(F("expires_at").asc(nulls_last=True), "pk")
    ]


def statement_page(user: User, *, older_than: int | None = None, limit: int = 50) -> StatementPage:
    """Movements before entry `older_than`, or the newest."""
    entries = LedgerEntry.objects.filter(wallet__user=user).order_by("-pk")
    if older_than is not None:
        entries = entries.filter(pk__lt=older_than)
    found = list(entries[: limit + 1])
    return StatementPage(
        lines=[line_of(entry) for entry in found[:limit]],
        older_than=found[limit - 1].pk if len(found) > limit else None,
    )


def statement_csv(user: User) -> Iterator[str]:
    """Every movement, the oldest first, as lines of CSV (RFC 4180)."""
    row = csv.writer(_Echo()).writerow
    yield str(row(_CSV_COLUMNS))
    for entry in LedgerEntry.objects.filter(wallet__user=user).order_by("pk").iterator(chunk_size=1000):
        line = line_of(entry)
        cells = (
            entry.pk,
            f"{line.created_at:%Y-%m-%d %H:%M:%S}",
            line.label,
            line.amount_signed,
            line.balance_after,
            entry.held_after,
            line.job_id or "",
            _harmless(line.reason),
        )
        yield str(row(cells))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
