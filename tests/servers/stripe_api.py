"""The double's API: which request does what. Parameters and answers are nested dictionaries; HTTP is in `stripe.py`."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from tests.servers import stripe_shapes as shapes
from tests.servers.stripe_billing import Ledgers, Refused
from tests.servers.stripe_shapes import Record

Answer = Callable[..., Record]


class Api:
    """Requests of a secret key."""

    def __init__(self, ledgers: Ledgers) -> None:
        self.ledgers = ledgers
        self.routes: list[tuple[str, re.Pattern[str], Answer]] = [
            (method, re.compile(f"/v1/{path}"), answer)
            for method, path, answer in (
                ("POST", "customers", self.create_customer),
                ("GET", "customers/([^/]+)/payment_methods", self.list_cards),
                ("POST", "checkout/sessions", self.create_session),
                ("GET", "checkout/sessions", self.list_of("checkout.session")),
                ("GET", "checkout/sessions/([^/]+)", self.retrieve("checkout.session")),
                ("POST", "checkout/sessions/([^/]+)/expire", self.expire_session),
                ("POST", "billing_portal/sessions", self.create_portal),
                ("GET", "subscriptions", self.list_of("subscription")),
                ("GET", "subscriptions/([^/]+)", self.retrieve("subscription")),
                ("POST", "subscriptions/([^/]+)", self.update_subscription),
                ("DELETE", "subscriptions/([^/]+)", self.cancel_subscription),
                ("POST", "invoices/create_preview", self.preview),
                ("GET", "invoices", self.list_of("invoice")),
                ("GET", "invoices/([^/]+)", self.retrieve("invoice")),
                ("GET", "invoice_payments", self.list_of("invoice_payment")),
                ("POST", "payment_intents", self.create_payment),
                ("GET", "payment_intents", self.list_of("payment_intent")),
                ("GET", "payment_intents/([^/]+)", self.retrieve("payment_intent")),
                ("GET", "charges/([^/]+)", self.retrieve("charge")),
                ("GET", "refunds", self.list_of("refund")),
                ("GET", "disputes", self.list_of("dispute")),
                ("GET", "prices/([^/]+)", self.retrieve("price")),
                ("GET", "events", self.list_of("event")),
            )
        ]

    def answer(self, method: str, path: str, params: Record) -> Record:
        for known, pattern, answer in self.routes:
            if known == method and (found := pattern.fullmatch(path)):
                self.ledgers.catch_up()
                expand = params.pop("expand", [])
                return self._expanded(copy.deepcopy(answer(*found.groups(), **params)), expand)
        raise Refused(404, "invalid_request_error", message=f"Unrecognized request URL ({method}: {path})")

    # -- Reading ---------------------------------------------------------------------------------------------------

    def retrieve(self, kind: str) -> Answer:
        return lambda record_id: self.ledgers.get(record_id, kind)

    def list_of(self, kind: str) -> Answer:
        def answer(*, limit: str = "10", starting_after: str = "", **wanted: Any) -> Record:
            found = [record for record in self.ledgers.all(kind) if _fits(record, wanted)]
            ids = [record["id"] for record in found]
            begin = ids.index(starting_after) + 1 if starting_after else 0
            page = found[begin : begin + int(limit)]
            return shapes.listing(page, url=f"/v1/{kind}s", has_more=begin + int(limit) < len(found))

        return answer

    def list_cards(self, customer: str, *, limit: str = "10") -> Record:
        self.ledgers.get(customer, "customer")
        return shapes.listing(
            self.ledgers.cards_of(customer)[: int(limit)], url=f"/v1/customers/{customer}/payment_methods"
        )

    # -- Writing ---------------------------------------------------------------------------------------------------

    def create_customer(self, *, email: str, name: str = "", metadata: Record | None = None) -> Record:
        customer = {
            "object": "customer", "email": email, "name": name, "metadata": metadata or {}, "created": self.ledgers.now,
            "livemode": False,
        }  # fmt: skip
        return self.ledgers.add(customer)

    def create_session(self, **params: Any) -> Record:
        self.ledgers.get(params["customer"], "customer")
        items: list[Record] = [
            {"object": "item", "price": self.ledgers.get(one["price"], "price"), "quantity": int(one["quantity"])}
            for one in params["line_items"]
        ]
        kinds = {"subscription": "recurring", "payment": "one_time"}
        if any(one["price"]["type"] != kinds[params["mode"]] for one in items):
            raise Refused(400, "invalid_request_error", message="The price does not fit the mode", param="line_items")
        session = self.ledgers.add(shapes.session(params=params, created=self.ledgers.now, items=items))
        session["url"] = f"{self.ledgers.base}/pay/{session['id']}"
        session["has_invoice"] = params.get("invoice_creation", {}).get("enabled") == "true"
        return session

    def expire_session(self, session_id: str) -> Record:
        session = self.ledgers.get(session_id, "checkout.session")
        if session["status"] != "open":
            raise Refused(400, "invalid_request_error", message="Only open sessions can be expired")
        session |= {"status": "expired", "url": None}
        self.ledgers.tell("checkout.session.expired", session)
        return session

    def create_portal(self, *, customer: str, return_url: str) -> Record:
        self.ledgers.get(customer, "customer")
        portal = {
            "object": "billing_portal.session", "customer": customer, "return_url": return_url, "livemode": False,
            "created": self.ledgers.now, "url": f"{self.ledgers.base}/portal/{customer}",
        }  # fmt: skip
        return self.ledgers.add(portal)

    def update_subscription(
        self,
        subscription_id: str,
        *,
        items: list[Record] | None = None,
        proration_behavior: str = "create_prorations",
        proration_date: str = "",
        payment_behavior: str = "allow_incomplete",
        cancel_at_period_end: str = "",
        cancel_at: str | None = None,
    ) -> Record:
        ledgers = self.ledgers
        subscription = ledgers.get(subscription_id, "subscription")
        if subscription["status"] == "canceled":
            raise Refused(400, "invalid_request_error", message="A canceled subscription can only update its metadata")
        if cancel_at_period_end:
            subscription["cancel_at_period_end"] = cancel_at_period_end == "true"
            subscription["canceled_at"] = ledgers.now if cancel_at_period_end == "true" else None
            ledgers.tell("customer.subscription.updated", subscription)
        if items:
            price = ledgers.get(items[0]["price"], "price")
            assert items[0]["id"] == subscription["items"]["data"][0]["id"]
            if proration_behavior == "none":
                ledgers.set_price(subscription, price)
            else:
                assert (proration_behavior, payment_behavior) == ("always_invoice", "pending_if_incomplete")
                ledgers.upgrade(subscription, price, int(proration_date))
        return subscription

    def cancel_subscription(self, subscription_id: str) -> Record:
        subscription = self.ledgers.get(subscription_id, "subscription")
        if subscription["status"] == "canceled":
            raise Refused(
                404, "invalid_request_error", code="resource_missing", message="No such subscription", param="id"
            )
        self.ledgers.end(subscription)
        return subscription

    def preview(self, *, customer: str, subscription: str, subscription_details: Record) -> Record:
        ledgers = self.ledgers
        known = ledgers.get(subscription, "subscription")
        price = ledgers.get(subscription_details["items"][0]["price"], "price")
        if subscription_details["proration_behavior"] == "always_invoice":
            lines = ledgers.proration_lines(known, price, int(subscription_details["proration_date"]))
        else:
            if known["cancel_at_period_end"]:
                raise Refused(
                    404, "invalid_request_error", code="invoice_upcoming_none", message="No upcoming invoices"
                )
            end = known["items"]["data"][0]["current_period_end"]
            lines = [ledgers.period_line(known, price, end, shapes.months_later(end, 1))]
        for number, one in enumerate(lines):
            one["id"] = f"il_tmp_{number}"
        preview = shapes.invoice(
            customer=customer, subscription=subscription, lines=lines, created=ledgers.now, reason="upcoming"
        )
        return preview | {"id": f"upcoming_in_{subscription}"}

    def create_payment(self, *, amount: str, currency: str, customer: str, payment_method: str, **more: Any) -> Record:
        ledgers = self.ledgers
        assert (more["off_session"], more["confirm"]) == ("true", "true")
        if int(amount) < 50:
            raise Refused(
                400, "invalid_request_error", code="amount_too_small", message="Amount too small", param="amount"
            )
        ledgers.get(payment_method, "payment_method")
        payment = ledgers.add(
            shapes.payment_intent(
                customer=customer, amount=int(amount), currency=currency, created=ledgers.now, metadata=more["metadata"]
            )
        )
        if not ledgers.pay(payment):
            error = payment["last_payment_error"]
            raise Refused(402, "card_error", code=error["code"], message=error["message"], payment_intent=payment)
        return payment

    # -- Expanding -------------------------------------------------------------------------------------------------

    def _expanded(self, answer: Record, expand: list[str]) -> Record:
        """Replace ids by objects where asked; leave out what is told only when asked for."""
        records = answer["data"] if answer["object"] == "list" else [answer]
        wanted = {name.removeprefix("data.") for name in expand}
        for record in records:
            if record["object"] == "checkout.session" and "line_items" not in wanted:
                record.pop("line_items", None)
            if "latest_invoice" in wanted and record.get("latest_invoice"):
                record["latest_invoice"] = copy.deepcopy(self.ledgers.get(record["latest_invoice"]))
        return answer


def _fits(record: Record, wanted: Record) -> bool:
    """Whether a record is among those that a list's parameters ask for."""
    hides_ended = record["object"] == "subscription" and "status" not in wanted
    if hides_ended and record["status"] == "canceled":
        return False
    return all(_LOOKS_AT.get(name, _is)(record, name, value) for name, value in wanted.items())


def _is(record: Record, name: str, value: Any) -> bool:
    return bool(record.get(name) == value)


def _is_of_subscription(record: Record, name: str, value: Any) -> bool:
    details = (record["parent"] or {}).get("subscription_details") or {}
    return bool(details.get("subscription") == value)


_LOOKS_AT: dict[str, Callable[[Record, str, Any], bool]] = {
    "created": lambda record, _, value: record["created"] >= int(value.get("gte", 0)),
    "payment": lambda record, _, value: bool(record["payment"]["payment_intent"] == value["payment_intent"]),
    "delivery_success": lambda record, _, value: (record["pending_webhooks"] == 0) == (value == "true"),
    "subscription": _is_of_subscription,
}
