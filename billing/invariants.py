"""What must always hold of the money. Each check is a query that must return nothing.

Run by `manage.py check_ledger`, and by the tests after every property and fault run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from billing.models import CreditLot, Debt, EntryKind, LedgerEntry, LotDraw, Wallet

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Violation:
    """An invariant that does not hold, with what to look at."""

    invariant: str
    offender: str


def _sum(
    query: QuerySet[LedgerEntry] | QuerySet[CreditLot] | QuerySet[LotDraw], by: str, expression: object
) -> Coalesce:
    total = query.filter(**{by: OuterRef("pk")}).order_by().values(by).annotate(total=Sum(expression)).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0))


def _effect(available: bool) -> Case:
    plus = {EntryKind.GRANT, EntryKind.REFUND, EntryKind.ADJUST} if available else {EntryKind.HOLD}
    minus = (
        {EntryKind.HOLD, EntryKind.EXPIRE, EntryKind.CLAWBACK} if available else {EntryKind.CAPTURE, EntryKind.REFUND}
    )
    return Case(
        When(kind__in=plus, then=F("amount")),
        When(kind__in=minus, then=-F("amount")),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def pockets_equal_entries() -> Iterator[str]:
    """A wallet's pockets are the sums of its entries. Otherwise someone wrote past the ledger."""
    wallets = Wallet.objects.annotate(
        available_sum=_sum(LedgerEntry.objects.all(), "wallet", _effect(available=True)),
        held_sum=_sum(LedgerEntry.objects.all(), "wallet", _effect(available=False)),
    ).exclude(available_sum=F("available"), held_sum=F("held"))
    for wallet in wallets[:_SHOWN]:
        yield (
            f"wallet {wallet.pk}: available {wallet.available}, entries say {wallet.available_sum}; "
            f"held {wallet.held}, entries say {wallet.held_sum}"
        )


def pockets_equal_lots() -> Iterator[str]:
    """What is available is what remains in the lots. Otherwise credits exist that expire never or twice."""
    wallets = Wallet.objects.annotate(lots_sum=_sum(CreditLot.objects.all(), "wallet", F("remaining"))).exclude(
        lots_sum=F("available")
    )
    for wallet in wallets[:_SHOWN]:
        yield f"wallet {wallet.pk}: available {wallet.available}, lots hold {wallet.lots_sum}"


def held_equals_open_holds() -> Iterator[str]:
    """What is held is the sum of holds without a resolution. Otherwise credits are stuck or were freed twice."""
    open_holds = LedgerEntry.objects.filter(kind=EntryKind.HOLD, resolutions=None)
    wallets = Wallet.objects.annotate(open_sum=_sum(open_holds, "wallet", F("amount"))).exclude(open_sum=F("held"))
    for wallet in wallets[:_SHOWN]:
        yield f"wallet {wallet.pk}: held {wallet.held}, open holds add up to {wallet.open_sum}"


def holds_equal_draws() -> Iterator[str]:
    """Every hold knows from which lots it was paid. Otherwise a refund could not find its way back."""
    holds = (
        LedgerEntry.objects.filter(kind=EntryKind.HOLD)
        .annotate(drawn=_sum(LotDraw.objects.all(), "hold", F("amount")))
        .exclude(drawn=F("amount"))
    )
    for entry in holds[:_SHOWN]:
        yield f"hold {entry.pk} of {entry.amount}: draws add up to {entry.drawn}"


def resolutions_fit_holds() -> Iterator[str]:
    """A capture or refund has the job, wallet and amount of its hold, and a hold has at most one."""
    resolutions = LedgerEntry.objects.filter(kind__in=(EntryKind.CAPTURE, EntryKind.REFUND))
    misfit = ~Q(job_id=F("hold__job_id")) | ~Q(wallet=F("hold__wallet")) | ~Q(amount=F("hold__amount"))
    for entry in resolutions.filter(misfit | ~Q(hold__kind=EntryKind.HOLD))[:_SHOWN]:
        yield f"{entry.kind} {entry.pk} does not fit hold {entry.hold_id}"


def debts_equal_payments() -> Iterator[str]:
    """What of a debt is paid was taken by clawbacks that name it. Otherwise a debt vanished, or was paid twice."""
    for debt in Debt.objects.exclude(remaining=F("amount")):
        payments = LedgerEntry.objects.filter(kind=EntryKind.CLAWBACK, source__startswith=f"debt:{debt.pk}:")
        paid = payments.aggregate(paid=Coalesce(Sum("amount"), 0))["paid"]
        if paid != debt.amount - debt.remaining:
            yield f"debt {debt.pk}: {debt.amount - debt.remaining} paid, entries say {paid}"


INVARIANTS: tuple[Callable[[], Iterator[str]], ...] = (
    pockets_equal_entries,
    pockets_equal_lots,
    held_equals_open_holds,
    holds_equal_draws,
    resolutions_fit_holds,
    debts_equal_payments,
)
"""Billing's own. The house above adds what binds jobs to money by `register`."""

_registered: list[Callable[[], Iterator[str]]] = []


def register(invariant: Callable[[], Iterator[str]]) -> None:
    """Add a check of a house above to those that `violations` runs."""
    if invariant not in _registered:
        _registered.append(invariant)


def violations() -> list[Violation]:
    """Run every check; an empty list means the ledger does not lie."""
    return [
        Violation(invariant=check.__name__, offender=offender)
        for check in (*INVARIANTS, *_registered)
        for offender in check()
    ]
