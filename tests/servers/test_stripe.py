"""The double says nothing that the library of the pinned version would not know, and refuses what Stripe refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.servers.stripe import StripeServer, running_stripe
from tests.servers.stripe_api import Api

# What only the double itself looks at.
_ITS_OWN = {"checkout.session": {"has_invoice"}}
_CLASSES: dict[str, Any] = {
    "checkout.session": stripe.checkout.Session,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
    "invoice": stripe.Invoice,
    "line_item": stripe.InvoiceLineItem,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "price": stripe.Price,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
}


@pytest.fixture(scope="module")
def server() -> Iterator[StripeServer]:
    with running_stripe() as running:
        running.add_price("price_plan", 10_00, interval="month")
        running.add_price("price_pack", 5_00)
        yield running


@pytest.fixture
def v1(server: StripeServer) -> stripe.V1Services:
    return stripe.StripeClient(server.secret_key, base_addresses={"api": server.base}).v1


def _session(server: StripeServer, price: str, mode: str) -> dict[str, Any]:
    api = Api(server.ledgers)
    customer = api.create_customer(email="a@example.com")
    return api.create_session(
        mode=mode,
        customer=customer["id"],
        line_items=[{"price": price, "quantity": "1"}],
        success_url="https://a.example/",
        cancel_url="https://a.example/",
        invoice_creation={"enabled": "true"},
    )


def _have_everything(server: StripeServer) -> None:
    server.pay(_session(server, "price_plan", "subscription")["url"])
    pack = server.pay(_session(server, "price_pack", "payment")["url"])
    server.refund(pack["payment_intent"], 1_00)
    server.dispute(pack["payment_intent"])


def test_every_field_is_one_that_the_library_knows(server: StripeServer) -> None:
    _have_everything(server)
    seen: set[str] = set()
    strange: set[tuple[str, str]] = set()
    for record in list(server.ledgers.records.values()):
        parts = [record, *record.get("items", {}).get("data", []), *record.get("lines", {}).get("data", [])]
        for part in parts:
            kind = part["object"]
            known = set(_fields(_CLASSES[kind]))
            seen.add(kind)
            strange |= {(kind, name) for name in part.keys() - known - _ITS_OWN.get(kind, set())}

    assert strange == set()
    assert seen == _CLASSES.keys()


def _fields(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        yield from getattr(base, "__annotations__", {})


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("invoice", ("parent", "Parent")),
        ("line_item", ("pricing", "Pricing")),
        ("line_item", ("parent", "Parent")),
        ("invoice_payment", ("payment", "Payment")),
    ],
)
def test_inner_fields_are_where_the_pinned_version_has_them(
    server: StripeServer, kind: str, path: tuple[str, str]
) -> None:
    _have_everything(server)
    lines = [line for invoice in server.ledgers.all("invoice") for line in invoice["lines"]["data"]]
    records = lines if kind == "line_item" else server.ledgers.all(kind)
    name, inner = path
    told = [record[name] for record in records if record[name] is not None]

    assert told
    assert {field for one in told for field in one} <= set(_fields(getattr(_CLASSES[kind], inner)))


def test_a_write_repeated_under_its_key_is_done_once(server: StripeServer, v1: stripe.V1Services) -> None:
    made = [v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k1"}).id for _ in range(2)]

    assert made[0] == made[1]


def test_a_key_is_not_taken_for_another_write(server: StripeServer, v1: stripe.V1Services) -> None:
    v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k2"})

    with pytest.raises(stripe.IdempotencyError):
        v1.customers.create({"email": "c@example.com"}, {"idempotency_key": "k2"})


def test_a_wrong_key_is_refused(server: StripeServer) -> None:
    stranger = stripe.StripeClient("sk_test_wrong", base_addresses={"api": server.base})

    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.prices.retrieve("price_plan")


def test_what_is_not_there_is_missing(v1: stripe.V1Services) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        v1.subscriptions.retrieve("sub_none")

    assert refusal.value.code == "resource_missing"


def test_its_events_pass_the_librarys_check_and_no_other(server: StripeServer) -> None:
    _have_everything(server)
    body, signature = server.signed(server.ledgers.events[0])

    stripe.Webhook.construct_event(body, signature, server.webhook_secret)
    for wrong in (server.signed(server.ledgers.events[0], at=time.time() - 301)[1], signature[:-1] + "x"):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, wrong, server.webhook_secret)


def test_lists_come_in_pages(server: StripeServer, v1: stripe.V1Services) -> None:
    for number in range(25):
        v1.customers.create({"email": f"{number}@example.com"})
    _have_everything(server)

    events = list(v1.events.list({"limit": 5}).auto_paging_iter())

    assert [event.id for event in events] == [event["id"] for event in reversed(server.ledgers.events)]
