"""What Stripe does with money and time: invoices, renewals, retries, prorations. The double's arithmetic, no HTTP."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.servers import stripe_shapes as shapes
from tests.servers.stripe_shapes import Record

HOUR = 3600
DAY = 24 * HOUR
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
"""After a failed renewal, as Stripe's smart retries may fall."""


class Refused(Exception):
    """A request that Stripe answers with an error."""

    def __init__(self, status: int, kind: str, *, code: str = "", message: str = "", **more: Any) -> None:
        super().__init__(message or code)
        self.status = status
        self.body = {"error": {"type": kind, "code": code or None, "message": message or code, **more}}


@dataclass
class Ledgers:
    """Everything that is kept, and the rules by which it changes."""

    clock: Callable[[], float]
    base: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    events: list[Record] = field(default_factory=list)
    declining: set[str] = field(default_factory=set)
    """Customers whose card refuses."""
    after_retries: str = "canceled"
    """What becomes of a subscription nobody pays: canceled, unpaid or past_due."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _now: int | None = None

    @property
    def now(self) -> int:
        return self._now if self._now is not None else int(self.clock())

    def add(self, record: Record) -> Record:
        record.setdefault("id", f"{shapes.prefix_of(record['object'])}_{next(self._numbers):06d}")
        self.records[record["id"]] = record
        return record

    def get(self, record_id: str, kind: str = "") -> Record:
        record = self.records.get(record_id)
        if record is None or (kind and record["object"] != kind):
            raise Refused(
                404,
                "invalid_request_error",
                code="resource_missing",
                message=f"No such object: '{record_id}'",
                param="id",
            )
        return record

    def all(self, kind: str) -> list[Record]:
        """The newest first."""
        return [record for record in reversed(self.records.values()) if record["object"] == kind]

    def tell(self, kind: str, record: Record) -> None:
        event = {
            "object": "event",
            "type": kind,
            "created": self.now,
            "api_version": "2026-10-28.endive",
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": copy.deepcopy({key: value for key, value in record.items() if key != "line_items"})},
        }
        self.events.append(self.add(event))

    # -- Payments --------------------------------------------------------------------------------------------------

    def pay(self, payment: Record) -> bool:
        """Charge the customer's card for a payment intent."""
        if payment["customer"] in self.declining or not self.cards_of(payment["customer"]):
            payment["last_payment_error"] = {
                "type": "card_error",
                "code": "card_declined",
                "message": "Your card was declined.",
            }
            self.tell("payment_intent.payment_failed", payment)
            return False
        charge = self.add(shapes.charge(payment=payment, created=self.now))
        payment |= {"status": "succeeded", "latest_charge": charge["id"], "amount_received": payment["amount"]}
        payment["last_payment_error"] = None
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", payment)
        return True

    def cards_of(self, customer: str) -> list[Record]:
        return [card for card in self.all("payment_method") if card["customer"] == customer]

    def save_card(self, customer: str) -> None:
        if not self.cards_of(customer):
            self.add(
                {"object": "payment_method", "type": "card", "customer": customer, "created": self.now, "metadata": {}}
            )

    # -- Invoices --------------------------------------------------------------------------------------------------

    def open_invoice(self, *, customer: str, subscription: str | None, lines: list[Record], reason: str) -> Record:
        for one in lines:
            one["id"] = f"il_{next(self._numbers):06d}"
        invoice = self.add(
            shapes.invoice(customer=customer, subscription=subscription, lines=lines, created=self.now, reason=reason)
        )
        self.tell("invoice.created", invoice)
        return invoice

    def finalize(self, invoice: Record) -> None:
        invoice["status"] = "open"
        invoice["number"] = f"PX-{invoice['id'].rpartition('_')[2]}"
        invoice["hosted_invoice_url"] = f"{self.base}/invoice/{invoice['id']}"
        invoice["invoice_pdf"] = f"{self.base}/invoice/{invoice['id']}.pdf"
        self.tell("invoice.finalized", invoice)

    def collect(self, invoice: Record) -> bool:
        """Try to have an open invoice paid."""
        payment = self._payment_of(invoice)
        invoice["attempted"] = True
        invoice["attempt_count"] += 1
        if payment is not None and not self.pay(payment):
            tries = invoice["attempt_count"] - 1
            is_renewal = invoice["billing_reason"] == "subscription_cycle"
            invoice["next_payment_attempt"] = self.now + RETRIES[tries] if is_renewal and tries < len(RETRIES) else None
            self.tell("invoice.payment_failed", invoice)
            return False
        invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
        invoice["next_payment_attempt"] = None
        self.tell("invoice.paid", invoice)
        self.tell("invoice.payment_succeeded", invoice)
        return True

    def _payment_of(self, invoice: Record) -> Record | None:
        if not invoice["amount_due"]:
            return None
        for known in self.all("invoice_payment"):
            if known["invoice"] == invoice["id"]:
                return self.get(known["payment"]["payment_intent"])
        payment = self.add(
            shapes.payment_intent(
                customer=invoice["customer"], amount=invoice["amount_due"], currency=invoice["currency"],
                created=self.now, metadata={},
            )
        )  # fmt: skip
        self.bind(invoice, payment)
        return payment

    def bind(self, invoice: Record, payment: Record) -> None:
        self.add(
            {
                "object": "invoice_payment",
                "invoice": invoice["id"],
                "payment": {"type": "payment_intent", "payment_intent": payment["id"]},
                "amount_requested": payment["amount"],
                "created": self.now,
                "currency": payment["currency"],
                "is_default": True,
                "livemode": False,
                "status": "open",
            }
        )

    # -- Subscriptions ---------------------------------------------------------------------------------------------

    def subscribe(self, customer: str, price: Record) -> Record:
        """Begin a subscription; the first invoice is paid at once."""
        subscription = self.add(
            shapes.subscription(customer=customer, price=price, item=f"si_{next(self._numbers):06d}", start=self.now)
        )
        invoice = self._bill_period(subscription, reason="subscription_create")
        self.tell("customer.subscription.created", subscription)
        self.finalize(invoice)
        if self.collect(invoice):
            subscription["status"] = "active"
            self.tell("customer.subscription.updated", subscription)
        return subscription

    def end(self, subscription: Record) -> None:
        subscription |= {
            "status": "canceled",
            "ended_at": self.now,
            "canceled_at": subscription["canceled_at"] or self.now,
        }
        self.tell("customer.subscription.deleted", subscription)

    def proration_lines(self, subscription: Record, price: Record, at: int) -> list[Record]:
        item = subscription["items"]["data"][0]
        start, end = item["current_period_start"], item["current_period_end"]
        if not start <= at <= end:
            raise Refused(
                400, "invalid_request_error", message="proration_date is outside of the period", param="proration_date"
            )
        shares = ((item["price"], -1), (price, 1))
        return [
            shapes.line(
                price=one, amount=sign * round(one["unit_amount"] * (end - at) / (end - start)), start=at, end=end,
                item=item["id"], proration=True,
            )
            for one, sign in shares
        ]  # fmt: skip

    def period_line(self, subscription: Record, price: Record, start: int, end: int) -> Record:
        item = subscription["items"]["data"][0]
        return shapes.line(
            price=price, amount=price["unit_amount"] * item["quantity"], start=start, end=end, item=item["id"],
            proration=False, quantity=item["quantity"],
        )  # fmt: skip

    def set_price(self, subscription: Record, price: Record) -> None:
        subscription["items"]["data"][0]["price"] = price
        self.tell("customer.subscription.updated", subscription)

    def upgrade(self, subscription: Record, price: Record, at: int) -> None:
        """Bill the difference at once; a card that refuses leaves a pending update and an open invoice."""
        lines = self.proration_lines(subscription, price, at)
        invoice = self.open_invoice(
            customer=subscription["customer"],
            subscription=subscription["id"],
            lines=lines,
            reason="subscription_update",
        )
        subscription["latest_invoice"] = invoice["id"]
        self.finalize(invoice)
        if self.collect(invoice):
            self.set_price(subscription, price)
            return
        subscription["pending_update"] = {
            "expires_at": self.now + 23 * HOUR,
            "billing_cycle_anchor": None,
            "subscription_items": [{"price": price}],
        }
        self.tell("customer.subscription.updated", subscription)

    def pay_open_invoice(self, invoice: Record) -> bool:
        """The customer pays on the invoice's own page."""
        if invoice["status"] != "open" or not self.collect(invoice):
            return False
        subscription = self.records.get(_subscription_id(invoice) or "")
        if subscription is None:
            return True
        if pending := subscription["pending_update"]:
            subscription["pending_update"] = None
            self.set_price(subscription, pending["subscription_items"][0]["price"])
        elif subscription["status"] in ("past_due", "unpaid"):
            subscription["status"] = "active"
            self.tell("customer.subscription.updated", subscription)
        return True

    def _bill_period(self, subscription: Record, *, reason: str) -> Record:
        item = subscription["items"]["data"][0]
        line = self.period_line(subscription, item["price"], item["current_period_start"], item["current_period_end"])
        invoice = self.open_invoice(
            customer=subscription["customer"], subscription=subscription["id"], lines=[line], reason=reason
        )
        subscription["latest_invoice"] = invoice["id"]
        return invoice

    # -- Time ------------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Do what fell due since, each at its own moment."""
        until = int(self.clock())
        while (due := self._next_due(until)) is not None:
            self._now, act = due
            act()
        self._now = None

    def _next_due(self, until: int) -> tuple[int, Callable[[], None]] | None:
        due: list[tuple[int, int, Callable[[], None]]] = []
        for order, one in enumerate(self.all("subscription")):
            if one["status"] in ("active", "past_due"):
                due.append((one["items"]["data"][0]["current_period_end"], order, partial(self._renew, one)))
            if (pending := one["pending_update"]) is not None:
                due.append((pending["expires_at"], order, partial(self._drop_pending_update, one)))
        for order, one in enumerate(self.all("invoice")):
            if one["status"] == "draft":
                due.append((one["created"] + HOUR, order, partial(self._charge_draft, one)))
            elif one["status"] == "open" and one["next_payment_attempt"]:
                due.append((one["next_payment_attempt"], order, partial(self._retry, one)))
        found = min((entry for entry in due if entry[0] <= until), default=None, key=lambda entry: entry[:2])
        return (found[0], found[2]) if found else None

    def _renew(self, subscription: Record) -> None:
        if subscription["cancel_at_period_end"]:
            self.end(subscription)
            return
        item = subscription["items"]["data"][0]
        anchor, month = subscription["billing_cycle_anchor"], 1
        while shapes.months_later(anchor, month) <= item["current_period_end"]:
            month += 1
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] = shapes.months_later(anchor, month)
        self._bill_period(subscription, reason="subscription_cycle")
        self.tell("customer.subscription.updated", subscription)

    def _charge_draft(self, invoice: Record) -> None:
        subscription = self.get(_subscription_id(invoice) or "")
        self.finalize(invoice)
        if not self.collect(invoice) and subscription["status"] == "active":
            subscription["status"] = "past_due"
            self.tell("customer.subscription.updated", subscription)

    def _retry(self, invoice: Record) -> None:
        if self.pay_open_invoice(invoice) or invoice["next_payment_attempt"]:
            return
        subscription = self.get(_subscription_id(invoice) or "")
        if self.after_retries == "canceled":
            self.end(subscription)
        elif subscription["status"] != self.after_retries:
            subscription["status"] = self.after_retries
            self.tell("customer.subscription.updated", subscription)

    def _drop_pending_update(self, subscription: Record) -> None:
        subscription["pending_update"] = None
        invoice = self.get(subscription["latest_invoice"])
        invoice["status"] = "void"
        self.tell("invoice.voided", invoice)
        self.tell("customer.subscription.updated", subscription)


def _subscription_id(invoice: Record) -> str | None:
    parent = invoice["parent"]
    found: str | None = parent["subscription_details"]["subscription"] if parent else None
    return found
