"""A stateful Stripe on loopback: what the site asks of the API, what customers do on Stripe's pages, and time.

    with running_stripe() as stripe:
        starter = stripe.add_price("price_starter", 10_00, interval="month")
        ...                               # the site makes a customer and a checkout page
        stripe.pay(checkout_url)          # the customer pays on it
        stripe.deliver(receiver)          # signed events, in order; or shuffled, repeated, dropped by the test

The stand-in published as localstripe speaks the API of years before the version that our library pins: it has no
prices, checkout pages, portal, idempotency keys or disputes, keeps a subscription's period, an invoice's subscription
and payment and a line's price where they no longer are, and its clock cannot be moved. Nearly every object would have
had to be rewritten on the way out, so this is a small one of our own; a test holds its fields against the library's.
"""

from __future__ import annotations

import hmac
import html
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.servers import stripe_shapes as shapes
from tests.servers.stripe_api import Api
from tests.servers.stripe_billing import Ledgers, Refused
from tests.servers.stripe_shapes import Record

Receiver = Callable[[bytes, str], int]
"""Takes a signed event (body, signature header); returns the HTTP status."""


@dataclass
class Asked:
    """A request that came in."""

    method: str
    path: str
    params: Record
    idempotency_key: str


@dataclass
class StripeServer:
    """The double: its state, and what people who are not the site do at Stripe."""

    port: int
    secret_key: str = "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc"
    webhook_secret: str = "whsec_" + "test-5WbX5kEWLlfzsGNjyZ64tzfrs"
    ledgers: Ledgers = field(default_factory=lambda: Ledgers(clock=time.time), repr=False)
    asked: list[Asked] = field(default_factory=list, repr=False)
    is_away: bool = False
    """Every request of the API is answered 500."""
    webhook_url: str = ""
    """Where events are sent as soon as they happen, as the real one does; empty: a test delivers them."""
    _answers: dict[str, tuple[str, int, Record]] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.ledgers.base = self.base

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """As new, at the same address."""
        with self._lock:
            self.ledgers = Ledgers(clock=time.time, base=self.base)
            self._answers.clear()
            self.asked.clear()
            self.is_away = False

    # -- The API ---------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked, authorization: str) -> tuple[int, Record]:
        """One request at a time; a write that is repeated under its key gets its first answer."""
        with self._lock:
            self.asked.append(asked)
            if self.is_away:
                return 500, {"error": {"type": "api_error", "message": "Away"}}
            if authorization != f"Bearer {self.secret_key}":
                return 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}
            fingerprint = json.dumps([asked.path, asked.params], sort_keys=True)
            if asked.idempotency_key in self._answers:
                first, status, body = self._answers[asked.idempotency_key]
                if first == fingerprint:
                    return status, body
                return 400, {
                    "error": {"type": "idempotency_error", "message": "Keys can only be used with the same parameters"}
                }
            try:
                status, body = 200, Api(self.ledgers).answer(asked.method, asked.path, dict(asked.params))
            except Refused as refusal:
                status, body = refusal.status, refusal.body
            if asked.idempotency_key:
                self._answers[asked.idempotency_key] = (fingerprint, status, body)
        self._send_at_once()
        return status, body

    # -- What the owner and customers do ---------------------------------------------------------------------------

    def add_price(self, price_id: str, unit_amount: int, *, interval: str | None = None, currency: str = "usd") -> str:
        self.ledgers.add(shapes.price(id=price_id, unit_amount=unit_amount, currency=currency, interval=interval))
        return price_id

    def pay(self, checkout_url: str, *, later: bool = False) -> Record:
        """Pay on a checkout page. `later`: by a means that takes days, so that it is complete but unpaid."""
        with self._lock:
            ledgers = self.ledgers
            session = ledgers.get(urlsplit(checkout_url).path.rpartition("/")[2], "checkout.session")
            if session["status"] != "open":
                raise Refused(400, "invalid_request_error", message="This page is closed")
            ledgers.save_card(session["customer"])
            if session["mode"] == "subscription":
                self._pay_for_plan(session)
            else:
                self._pay_for_pack(session, later=later)
            ledgers.tell("checkout.session.completed", session)
        self._send_at_once()
        return session

    def _pay_for_plan(self, session: Record) -> None:
        subscription = self.ledgers.subscribe(session["customer"], session["line_items"]["data"][0]["price"])
        session |= {
            "status": "complete", "payment_status": "paid", "subscription": subscription["id"],
            "invoice": subscription["latest_invoice"], "url": None,
        }  # fmt: skip

    def _pay_for_pack(self, session: Record, *, later: bool) -> None:
        ledgers = self.ledgers
        payment = ledgers.add(
            shapes.payment_intent(
                customer=session["customer"], amount=session["amount_total"], currency=session["currency"],
                created=ledgers.now, metadata={},
            )
        )  # fmt: skip
        session |= {"status": "complete", "payment_intent": payment["id"], "url": None}
        if later:
            payment["status"] = "processing"
        else:
            self._take(session, payment)

    def _take(self, session: Record, payment: Record) -> None:
        if not self.ledgers.pay(payment):
            raise Refused(402, "card_error", code="card_declined", message="Your card was declined.")
        session["payment_status"] = "paid"
        if session["has_invoice"]:
            one = session["line_items"]["data"][0]
            line = shapes.line(
                price=one["price"], amount=session["amount_total"], start=self.ledgers.now, end=self.ledgers.now,
                item="", proration=False,
            )  # fmt: skip
            line["parent"] = None
            invoice = self.ledgers.open_invoice(
                customer=session["customer"], subscription=None, lines=[line], reason="manual"
            )
            self.ledgers.finalize(invoice)
            self.ledgers.bind(invoice, payment)
            invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0}
            session["invoice"] = invoice["id"]
            self.ledgers.tell("invoice.paid", invoice)

    def settle_later_payment(self, session: Record, *, succeeds: bool) -> None:
        """What was paid `later` arrives, or does not."""
        with self._lock:
            payment = self.ledgers.get(session["payment_intent"])
            if succeeds:
                self._take(session, payment)
            else:
                payment["status"] = "requires_payment_method"
                self.ledgers.tell("payment_intent.payment_failed", payment)
            outcome = "succeeded" if succeeds else "failed"
            self.ledgers.tell(f"checkout.session.async_payment_{outcome}", session)

    def refund(self, payment_id: str, amount: int, *, status: str = "succeeded") -> Record:
        """The owner gives money back in the dashboard."""
        with self._lock:
            charge = self.ledgers.get(self.ledgers.get(payment_id, "payment_intent")["latest_charge"], "charge")
            refund = self.ledgers.add(
                {
                    "object": "refund", "charge": charge["id"], "payment_intent": payment_id, "amount": amount,
                    "currency": charge["currency"], "created": self.ledgers.now, "status": status, "metadata": {},
                    "reason": None,
                }
            )  # fmt: skip
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
            self.ledgers.tell("refund.created", refund)
            self.ledgers.tell("charge.refunded", charge)
            return refund

    def fail_refund(self, refund: Record) -> None:
        """The customer's bank did not take the money."""
        with self._lock:
            refund["status"] = "failed"
            self.ledgers.tell("refund.failed", refund)

    def dispute(self, payment_id: str, *, status: str = "needs_response") -> Record:
        """The customer's bank takes the money back. A status `warning_…` only asks."""
        with self._lock:
            charge = self.ledgers.get(self.ledgers.get(payment_id, "payment_intent")["latest_charge"], "charge")
            dispute = self.ledgers.add(
                {
                    "object": "dispute", "charge": charge["id"], "payment_intent": payment_id, "amount": charge["amount"],
                    "currency": charge["currency"], "created": self.ledgers.now, "status": status, "reason": "fraudulent",
                    "livemode": False, "metadata": {},
                }
            )  # fmt: skip
            charge["disputed"] = True
            self.ledgers.tell("charge.dispute.created", dispute)
            if not status.startswith("warning"):
                self.ledgers.tell("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def close_dispute(self, dispute: Record, *, won: bool) -> None:
        with self._lock:
            dispute["status"] = "won" if won else "lost"
            self.ledgers.tell("charge.dispute.closed", dispute)
            if won:
                self.ledgers.tell("charge.dispute.funds_reinstated", dispute)

    def pay_invoice(self, invoice_id: str) -> bool:
        """The customer pays an open invoice on its own page."""
        with self._lock:
            is_paid = self.ledgers.pay_open_invoice(self.ledgers.get(invoice_id, "invoice"))
        self._send_at_once()
        return is_paid

    def catch_up(self) -> None:
        """Let what fell due meanwhile happen: renewals, retries, ends."""
        with self._lock:
            self.ledgers.catch_up()

    # -- Events ----------------------------------------------------------------------------------------------------

    def undelivered(self) -> list[Record]:
        with self._lock:
            return [event for event in self.ledgers.events if event["pending_webhooks"]]

    def signed(self, event: Record, *, at: float | None = None, secret: str | None = None) -> tuple[bytes, str]:
        """The body and the signature header with which an event is sent."""
        body = json.dumps(event, indent=2).encode()
        return body, signature_of(body, secret=secret or self.webhook_secret, at=time.time() if at is None else at)

    def deliver(self, receiver: Receiver, events: list[Record] | None = None) -> None:
        """Send events: all that were not delivered, in order, or those given, as they are given."""
        for event in self.undelivered() if events is None else events:
            if 200 <= receiver(*self.signed(event)) < 300:
                event["pending_webhooks"] = 0

    def _send_at_once(self) -> None:
        if self.webhook_url:
            self.deliver(self._post)

    def _post(self, body: bytes, signature: str) -> int:
        request = Request(self.webhook_url, body, {"Stripe-Signature": signature, "Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except OSError:
            return 0


def signature_of(body: bytes, *, secret: str, at: float, scheme: str = "v1") -> str:
    """Stripe's scheme: HMAC-SHA256 of time, dot and body, under the endpoint's secret."""
    signed = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, sha256).hexdigest()
    return f"t={int(at)},{scheme}={signed}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: StripeServer

    def _api(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length", 0))
        text = self.rfile.read(length).decode() or query
        asked = Asked(self.command, path, shapes.nested(text), self.headers.get("Idempotency-Key", ""))
        status, body = self.double.answer(asked, self.headers.get("Authorization", ""))
        self._reply(status, json.dumps(body).encode(), "application/json")

    def do_GET(self) -> None:
        if self.path.startswith("/v1/"):
            self._api()
        elif self.path.startswith("/pay/"):
            self._page("Checkout", "Pay")
        elif self.path.startswith("/portal/"):
            self._page("Your cards and invoices", "Back")
        else:
            self._page("Invoice", "Pay")

    def do_POST(self) -> None:
        if self.path.startswith("/v1/"):
            self._api()
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind, _, what = self.path.strip("/").partition("/")
        if kind == "pay":
            goal = self.double.ledgers.get(what)["success_url"].replace("{CHECKOUT_SESSION_ID}", what)
            self.double.pay(self.path)
        elif kind == "invoice":
            goal = self.path
            self.double.pay_invoice(what)
        else:
            goal = self.double.ledgers.all("billing_portal.session")[0]["return_url"]
        self.send_response(303)
        self.send_header("Location", goal)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        self._api()

    def _page(self, title: str, button: str) -> None:
        text = f"<!doctype html><title>{title}</title><h1>{title}</h1><form method=post action='{html.escape(self.path)}'><button>{button}</button></form>"
        self._reply(200, text.encode(), "text/html; charset=utf-8")

    def _reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", "req_test")
        if status == 500:
            self.send_header("Stripe-Should-Retry", "false")  # tests need not wait for the library's pauses
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
        """Quiet."""


@contextmanager
def running_stripe() -> Iterator[StripeServer]:
    """The double at a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    double = StripeServer(port=server.server_address[1])
    server.RequestHandlerClass = type("Handler", (_Handler,), {"double": double})
    thread = threading.Thread(target=server.serve_forever, name="stripe", daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
