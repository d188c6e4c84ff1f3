"""The books by day, for operators: credits spent and given back, money that came and went, and what is outstanding.

Money is what Stripe's stored events said when they came: invoices paid, packs bought, refunds and disputes. It is no
accounting: fees, taxes and payouts are Stripe's to tell.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, Q, Sum, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDate

from billing.models import AutomaticTopUp, Debt, EntryKind, LedgerEntry, StripeEvent, Wallet
from billing.stripe_objects import Money

_USD = "usd"  # what packs are priced in
_CAME = ("invoice.paid", "checkout.session.completed", "checkout.session.async_payment_succeeded")
_WENT = ("refund.created", "charge.dispute.funds_withdrawn")


@dataclass(kw_only=True)
class DayOfBooks:
    """One day's credits, and its money by currency, in the smallest unit."""

    spent: int = 0
    refunded: int = 0
    refunds: int = 0
    given: int = 0
    """By operators, for completed jobs."""
    came: dict[str, int] = field(default_factory=dict)
    went: dict[str, int] = field(default_factory=dict)

    @property
    def revenue(self) -> str:
        return _in_words(self.came)

    def came_in(self, currency: str) -> int:
        """Revenue of one currency in its whole units, rounded, as a chart shows it."""
        money = Money(amount=self.came.get(currency, 0), currency=currency)
        units: int = 10**money.digits
        return round(money.amount / units)

    @property
    def returned(self) -> str:
        return _in_words(self.went)


@dataclass(frozen=True, kw_only=True)
class Outstanding:
    """What all accounts could still spend, have set aside, and owe."""

    available: int
    held: int
    owed: int


def books_by_day(since: datetime) -> dict[date, DayOfBooks]:
    """Days of UTC on which anything happened."""
    days: dict[date, DayOfBooks] = defaultdict(DayOfBooks)
    for row in _credits(since):
        day = days[row["day"]]
        day.spent, day.refunded = row["spent"] or 0, row["refunded"] or 0
        day.refunds, day.given = row["refunds"], row["given"] or 0
    for row in _money(since):
        for pocket, amount in ((days[row["day"]].came, row["came"]), (days[row["day"]].went, row["went"])):
            if amount:
                pocket[row["currency"] or _USD] = pocket.get(row["currency"] or _USD, 0) + amount
    for row in _automatic(since):
        came = days[row["day"]].came
        came[_USD] = came.get(_USD, 0) + row["cents"]
    return dict(days)


def outstanding() -> Outstanding:
    pockets = Wallet.objects.aggregate(available=Sum("available"), held=Sum("held"))
    owed = Debt.objects.filter(remaining__gt=0).aggregate(owed=Sum("remaining"))
    return Outstanding(available=pockets["available"] or 0, held=pockets["held"] or 0, owed=owed["owed"] or 0)


def _credits(since: datetime) -> list[Any]:
    refund, goodwill = Q(kind=EntryKind.REFUND), Q(kind=EntryKind.GRANT, source__startswith="goodwill:")
    entries = LedgerEntry.objects.filter(Q(kind=EntryKind.CAPTURE) | refund | goodwill, created_at__gte=since)
    return list(
        entries.order_by()
        .values(day=TruncDate("created_at", tzinfo=UTC))
        .annotate(
            spent=Sum("amount", filter=Q(kind=EntryKind.CAPTURE)),
            refunded=Sum("amount", filter=refund),
            refunds=Count("pk", filter=refund),
            given=Sum("amount", filter=goodwill),
        )
    )


def _money(since: datetime) -> list[Any]:
    """A checkout page that sold a plan is told of by its invoice as well; one whose payment is under way has sold nothing."""
    sold = Q(payload__data__object__mode="payment", payload__data__object__payment_status="paid")
    told = Q(kind__in=("invoice.paid", *_WENT)) | (Q(kind__in=_CAME[1:]) & sold)
    amount = Case(
        When(kind="invoice.paid", then=_sum("amount_paid")),
        When(kind__in=_CAME, then=_sum("amount_total")),
        default=_sum("amount"),
        output_field=BigIntegerField(),
    )
    return list(
        StripeEvent.objects.filter(told, received_at__gte=since)
        .order_by()
        .annotate(sum=amount)
        .values(day=TruncDate("received_at", tzinfo=UTC), currency=_text("currency"))
        .annotate(came=Sum("sum", filter=Q(kind__in=_CAME)), went=Sum("sum", filter=Q(kind__in=_WENT)))
    )


def _automatic(since: datetime) -> list[Any]:
    paid = AutomaticTopUp.objects.filter(state=AutomaticTopUp.State.PAID, created_at__gte=since)
    return list(paid.order_by().values(day=TruncDate("created_at", tzinfo=UTC)).annotate(cents=Sum(F("price_cents"))))


def _text(name: str) -> KeyTextTransform:
    return KeyTextTransform(name, KeyTextTransform("object", KeyTextTransform("data", "payload")))


def _sum(name: str) -> Cast:
    return Cast(_text(name), BigIntegerField())


def _in_words(pocket: dict[str, int]) -> str:
    return ", ".join(str(Money(amount=amount, currency=currency)) for currency, amount in sorted(pocket.items()))
