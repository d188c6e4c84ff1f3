"""What we read of Stripe's objects, as small values of our own. Nothing above this module sees the library's objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

LIVE = frozenset({"active", "trialing", "past_due", "unpaid", "incomplete", "paused"})
"""A subscription in one of these may still bill."""

# docs.stripe.com/currencies: amounts of these are not hundredths.
_WHOLE = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)
_THOUSANDTHS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in the smallest unit of its currency."""

    amount: int
    currency: str

    @property
    def digits(self) -> int:
        """How many digits of the amount stand behind the point."""
        return 0 if self.currency in _WHOLE else 3 if self.currency in _THOUSANDTHS else 2

    def __str__(self) -> str:
        digits = self.digits
        whole, rest = divmod(abs(self.amount), 10**digits)
        number = f"{whole:,}.{rest:0{digits}d}" if digits else f"{whole:,}"
        sign = "−" if self.amount < 0 else ""
        return f"{sign}${number}" if self.currency == "usd" else f"{sign}{number} {self.currency.upper()}"


@dataclass(frozen=True, kw_only=True)
class SubscriptionState:
    id: str
    customer: str
    status: str
    item: str
    price: str
    cancel_at: datetime | None
    """When it ends, if its end has been asked for."""
    period_end: datetime
    anchor: datetime
    """The day and hour that its months are counted from."""
    pay_url: str | None
    """Where its newest invoice can be paid, if that is open."""
    has_pending_update: bool

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    id: str
    price: str | None
    quantity: int
    amount: int
    is_proration: bool
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class InvoiceState:
    id: str
    customer: str | None
    subscription: str | None
    status: str
    number: str
    created: datetime
    total: Money
    due: Money
    url: str
    pdf_url: str
    lines: tuple[InvoiceLine, ...]
    next_attempt: datetime | None

    @property
    def is_paid(self) -> bool:
        return self.status == "paid"


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """A visit to Stripe's checkout page."""

    id: str
    customer: str | None
    mode: str
    url: str
    is_complete: bool
    is_paid: bool
    payment_intent: str | None
    subscription: str | None
    invoice: str | None
    created: datetime
    pack_slug: str
    """What our own call wrote on it; empty on a session that is not ours."""
    prices: tuple[tuple[str, int], ...] = ()
    """What was bought: (price, quantity)."""


@dataclass(frozen=True, kw_only=True)
class PaymentState:
    """A payment intent."""

    id: str
    customer: str | None
    status: str
    total: Money
    created: datetime
    charge: str | None
    top_up: str
    """The automatic top-up it is for, as our own call wrote it; empty on any other."""
    pack_slug: str
    failure: str

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"


@dataclass(frozen=True, kw_only=True)
class ChargeState:
    id: str
    customer: str | None
    payment_intent: str | None
    amount: int


@dataclass(frozen=True, kw_only=True)
class MoneyBack:
    """A refund or a dispute of a charge."""

    id: str
    charge: str
    is_dispute: bool
    amount: int
    created: datetime
    is_taken: bool
    """The money left us, at least for a while."""
    is_returned: bool
    """And came back: a dispute that was won, a refund that failed."""


@dataclass(frozen=True, kw_only=True)
class PriceState:
    id: str
    unit: Money
    is_active: bool
    interval: str
    """`month`, `year`, …; empty for what is paid once."""


@dataclass(frozen=True, kw_only=True)
class ToldEvent:
    """An event as Stripe tells it, whole."""

    id: str
    kind: str
    is_live: bool
    created: datetime
    payload: dict[str, Any]


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def id_of(expandable: Any) -> str | None:
    """The id of what may be an id, a whole object or nothing."""
    if expandable is None or isinstance(expandable, str):
        return expandable
    return str(expandable.id)


def subscription_of(told: stripe.Subscription) -> SubscriptionState:
    item = told.items.data[0]
    newest = told.latest_invoice
    is_open = isinstance(newest, stripe.Invoice) and newest.status == "open"
    ends = told.cancel_at or (item.current_period_end if told.cancel_at_period_end else None)
    return SubscriptionState(
        id=told.id,
        customer=id_of(told.customer) or "",
        status=told.status,
        item=item.id,
        price=item.price.id,
        cancel_at=moment(ends) if ends else None,
        period_end=moment(item.current_period_end),
        anchor=moment(told.billing_cycle_anchor),
        pay_url=newest.hosted_invoice_url if is_open and isinstance(newest, stripe.Invoice) else None,
        has_pending_update=told.pending_update is not None,
    )


def line_of(told: stripe.InvoiceLineItem) -> InvoiceLine:
    parent = told.parent
    detail = parent and (parent.subscription_item_details or parent.invoice_item_details)
    price = told.pricing.price_details if told.pricing else None
    return InvoiceLine(
        id=told.id,
        price=id_of(price.price) if price else None,
        quantity=told.quantity or 1,
        amount=told.amount,
        is_proration=bool(detail and detail.proration),
        start=moment(told.period.start),
        end=moment(told.period.end),
    )


def invoice_of(told: stripe.Invoice, lines: tuple[InvoiceLine, ...] | None = None) -> InvoiceState:
    about = told.parent.subscription_details if told.parent else None
    return InvoiceState(
        id=told.id,
        customer=id_of(told.customer),
        subscription=id_of(about.subscription) if about else None,
        status=told.status or "",
        number=told.number or "",
        created=moment(told.created),
        total=Money(amount=told.total, currency=told.currency),
        due=Money(amount=told.amount_due, currency=told.currency),
        url=told.hosted_invoice_url or "",
        pdf_url=told.invoice_pdf or "",
        lines=lines if lines is not None else tuple(line_of(line) for line in told.lines.data),
        next_attempt=moment(told.next_payment_attempt) if told.next_payment_attempt else None,
    )


def session_of(told: stripe.checkout.Session, *, with_items: bool = False) -> SessionState:
    items = told.line_items.data if with_items and told.line_items else []
    return SessionState(
        id=told.id,
        customer=id_of(told.customer),
        mode=told.mode,
        url=told.url or "",
        is_complete=told.status == "complete",
        is_paid=told.payment_status in ("paid", "no_payment_required"),
        payment_intent=id_of(told.payment_intent),
        subscription=id_of(told.subscription),
        invoice=id_of(told.invoice),
        created=moment(told.created),
        pack_slug=_written(told.metadata, "pixelsite_pack"),
        prices=tuple((item.price.id, item.quantity or 1) for item in items if item.price),
    )


def payment_of(told: stripe.PaymentIntent) -> PaymentState:
    error = told.last_payment_error
    return PaymentState(
        id=told.id,
        customer=id_of(told.customer),
        status=told.status,
        total=Money(amount=told.amount, currency=told.currency),
        created=moment(told.created),
        charge=id_of(told.latest_charge),
        top_up=_written(told.metadata, "pixelsite_top_up"),
        pack_slug=_written(told.metadata, "pixelsite_pack"),
        failure=(error.message or error.code or "") if error else "",
    )


def charge_of(told: stripe.Charge) -> ChargeState:
    return ChargeState(
        id=told.id,
        customer=id_of(told.customer),
        payment_intent=id_of(told.payment_intent),
        amount=told.amount_captured or told.amount,
    )


def refund_of(told: stripe.Refund) -> MoneyBack:
    return MoneyBack(
        id=told.id,
        charge=id_of(told.charge) or "",
        is_dispute=False,
        amount=told.amount,
        created=moment(told.created),
        is_taken=True,
        is_returned=told.status in ("failed", "canceled"),
    )


def dispute_of(told: stripe.Dispute) -> MoneyBack:
    return MoneyBack(
        id=told.id,
        charge=id_of(told.charge) or "",
        is_dispute=True,
        amount=told.amount,
        created=moment(told.created),
        # An inquiry (`warning_…`) takes no money, nor does a dispute that was prevented.
        is_taken=not (told.status.startswith("warning") or told.status == "prevented"),
        is_returned=told.status == "won",
    )


def price_of(told: stripe.Price) -> PriceState:
    return PriceState(
        id=told.id,
        unit=Money(amount=told.unit_amount or 0, currency=told.currency),
        is_active=told.active,
        interval=told.recurring.interval if told.recurring else "",
    )


def event_of(told: stripe.Event) -> ToldEvent:
    return ToldEvent(
        id=told.id,
        kind=told.type,
        is_live=told.livemode,
        created=moment(told.created),
        payload=told.to_dict(for_json=True),
    )


def _written(metadata: Any, name: str) -> str:
    return str(metadata[name]) if metadata is not None and name in metadata else ""
