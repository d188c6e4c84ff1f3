"""What is not Stripe's, is stale, or is for another mode is refused and leaves nothing (bad-inputs.md, 141 to 144)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import StripeEvent
from tests.billing.shop import Shop, grants, handle_waiting, post_event, receive
from tests.servers.stripe import signature_of
from tests.servers.stripe_shapes import Record


def _paid(shop: Shop) -> Record:
    shop.stripe.pay(shop.checkout("pack-5000"))
    return shop.events("checkout.session.completed")[0]


FORGED: dict[str, Callable[[bytes, str], tuple[bytes, str | None]]] = {
    "without a signature": lambda body, secret: (body, None),
    "with an empty signature": lambda body, secret: (body, ""),
    "with a signature that is no signature": lambda body, secret: (body, "t=,v1="),
    "with another secret": lambda body, secret: (body, signature_of(body, secret="whsec_other", at=time.time())),
    "with a byte changed": lambda body, secret: (
        body.replace(b"evt_", b"evu_", 1),
        signature_of(body, secret=secret, at=time.time()),
    ),
    "301 seconds old": lambda body, secret: (body, signature_of(body, secret=secret, at=time.time() - 302)),
    "301 seconds ahead": lambda body, secret: (body, signature_of(body, secret=secret, at=time.time() + 302)),
    "with the scheme v0 only": lambda body, secret: (
        body,
        signature_of(body, secret=secret, at=time.time(), scheme="v0"),
    ),
    "with a time that was changed": lambda body, secret: (
        body,
        signature_of(body, secret=secret, at=time.time() - 1000).replace("t=", f"t={int(time.time())},x=", 1),
    ),
    "that is no JSON": lambda body, secret: (b"{", signature_of(b"{", secret=secret, at=time.time())),
    "that is a list": lambda body, secret: (b"[]", signature_of(b"[]", secret=secret, at=time.time())),
    "that is no event": lambda body, secret: (b"{}", signature_of(b"{}", secret=secret, at=time.time())),
    "that is no UTF-8": lambda body, secret: (b"\xff", signature_of(b"\xff", secret=secret, at=time.time())),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_event_is_refused_and_leaves_nothing(shop: Shop, how: str) -> None:
    body, _ = shop.stripe.signed(_paid(shop))

    answer = post_event(*FORGED[how](body, shop.stripe.webhook_secret))

    assert (answer.status_code, answer.json()["code"]) == (400, "stripe_event_refused")
    assert StripeEvent.objects.count() == 0


def test_the_event_itself_is_taken(shop: Shop) -> None:
    """Otherwise the forged ones might be refused for another reason."""
    assert receive(*shop.stripe.signed(_paid(shop))) == 200


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_is_taken(shop: Shop, at: int, flip: int) -> None:
    event = (shop.stripe.ledgers.events or [_paid(shop)])[0]
    body, signature = shop.stripe.signed(event)
    changed = bytearray(body)
    changed[at % len(body)] ^= flip

    assert receive(bytes(changed), signature) == 400
    assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize("seconds", [-295, 295])
def test_clocks_may_differ_by_less_than_five_minutes(shop: Shop, seconds: int) -> None:
    assert receive(*shop.stripe.signed(_paid(shop), at=time.time() + seconds)) == 200


def test_a_live_event_is_refused_by_a_test_key(shop: Shop) -> None:
    event = _paid(shop) | {"livemode": True}

    assert receive(*shop.stripe.signed(event)) == 400
    assert StripeEvent.objects.count() == 0


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_a_test_event_is_refused_by_a_live_key(shop: Shop, settings, key: str) -> None:
    event = _paid(shop)
    settings.STRIPE_SECRET_KEY = key

    assert receive(*shop.stripe.signed(event)) == 400
    assert StripeEvent.objects.count() == 0


def test_an_event_that_comes_twice_is_stored_and_granted_once(shop: Shop) -> None:
    event = _paid(shop)

    statuses = [receive(*shop.stripe.signed(event)) for _ in range(2)]
    handle_waiting()

    assert statuses == [200, 200]
    assert (StripeEvent.objects.count(), grants(shop.wallet)) == (1, {5_000: 1})


def test_an_event_of_an_unknown_kind_is_taken_and_ignored(shop: Shop) -> None:
    event = _paid(shop) | {"type": "issuing_card.created"}

    status = receive(*shop.stripe.signed(event))

    assert (status, StripeEvent.objects.get().state) == (200, "ignored")


def test_an_event_of_an_unknown_customer_is_parked_and_told_of(shop: Shop, caplog) -> None:
    event = _paid(shop)
    wallet = shop.wallet
    wallet.stripe_customer = None
    wallet.save(update_fields=["stripe_customer"])

    status = receive(*shop.stripe.signed(event))
    handle_waiting()

    assert (status, StripeEvent.objects.get().state) == (200, "parked")
    assert [record.levelname for record in caplog.records if event["id"] in record.getMessage()] == ["ERROR"]


def test_a_genuine_event_about_a_forged_object_grants_nothing(shop: Shop) -> None:
    """What an event says of its object is not believed: the object is read again."""
    url = shop.checkout("pack-5000")
    session = shop.stripe.ledgers.get(url.rpartition("/")[2])
    said = session | {"status": "complete", "payment_status": "paid"}
    shop.stripe.ledgers.tell("checkout.session.completed", said)

    shop.hear()

    assert grants(shop.wallet) == {}


def test_an_event_about_nothing_is_parked(shop: Shop) -> None:
    event = json.loads(json.dumps(_paid(shop)))
    event["data"]["object"]["id"] = "cs_test_none"

    receive(*shop.stripe.signed(event))
    handle_waiting()

    assert StripeEvent.objects.get().state == "parked"


def test_only_posts_are_taken(shop: Shop) -> None:
    assert Client().get("/stripe/events").status_code == 405


def test_a_body_over_a_megabyte_is_not_read(shop: Shop) -> None:
    answer = post_event(b" " * 1_000_001, "t=1,v1=00")

    assert (answer.status_code, answer.json()["code"]) == (413, "stripe_event_too_large")


def test_there_is_no_such_address_while_payments_are_off(shop: Shop, settings) -> None:
    body, signature = shop.stripe.signed(_paid(shop))
    settings.STRIPE_SECRET_KEY = ""

    assert post_event(body, signature).status_code == 404


def test_another_sites_page_needs_no_csrf_token_here(shop: Shop) -> None:
    body, signature = shop.stripe.signed(_paid(shop))
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post(
        "/stripe/events", body, content_type="application/json", headers={"Stripe-Signature": signature}
    )

    assert answer.status_code == 200


def test_a_genuine_event_that_calls_an_open_invoice_paid_grants_nothing(shop: Shop) -> None:
    shop.buy("starter")
    ledgers = shop.stripe.ledgers
    invoice = ledgers.get(shop.at_stripe["latest_invoice"])
    unpaid = ledgers.add({**invoice, "id": "in_unpaid", "status": "open"})
    ledgers.tell("invoice.paid", unpaid | {"status": "paid"})

    shop.hear()

    assert grants(shop.wallet) == {10_000: 1}
