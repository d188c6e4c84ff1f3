"""The only module that calls Stripe. It answers with values of `stripe_objects`, and refuses as `stripe_client` says.

Every write bears an idempotency key; the library repeats a call that got no answer twice, under the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import stripe
from django.conf import settings

from billing import stripe_objects as objects
from billing.stripe_client import asking, client
from billing.stripe_objects import (
    ChargeState,
    InvoiceLine,
    InvoiceState,
    MoneyBack,
    PaymentState,
    PriceState,
    SessionState,
    SubscriptionState,
    ToldEvent,
)

logger = logging.getLogger(__name__)

_PAGE = 100


# -- Customers and pages of Stripe's -------------------------------------------------------------------------------


def create_customer(*, email: str, name: str, account: str, key: str) -> str:
    with asking() as v1:
        told = v1.customers.create(
            {"email": email, "name": name, "metadata": {"pixelsite_account": account}}, {"idempotency_key": key}
        )
        return told.id


def open_plan_checkout(*, customer: str, price: str, success_url: str, cancel_url: str) -> str:
    """A page of Stripe's where a subscription is bought. Returns its address."""
    with asking() as v1:
        told = v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer,
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": success_url,
                "cancel_url": cancel_url,
                "automatic_tax": {"enabled": settings.STRIPE_TAX},
                "customer_update": {"address": "auto"} if settings.STRIPE_TAX else {},
            },
            {"idempotency_key": str(uuid4())},
        )
        return told.url or ""


def open_pack_checkout(*, customer: str, price: str, pack_slug: str, success_url: str, cancel_url: str) -> str:
    """A page of Stripe's where a pack is bought; the card is kept for automatic top-ups. Returns its address."""
    with asking() as v1:
        told = v1.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": customer,
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": success_url,
                "cancel_url": cancel_url,
                "metadata": {"pixelsite_pack": pack_slug},
                "payment_intent_data": {"setup_future_usage": "off_session"},
                "invoice_creation": {"enabled": True},
                "automatic_tax": {"enabled": settings.STRIPE_TAX},
                "customer_update": {"address": "auto"} if settings.STRIPE_TAX else {},
            },
            {"idempotency_key": str(uuid4())},
        )
        return told.url or ""


def open_portal(*, customer: str, return_url: str) -> str:
    """Stripe's page for cards, addresses and tax ids. Returns its address."""
    with asking() as v1:
        told = v1.billing_portal.sessions.create(
            {"customer": customer, "return_url": return_url}, {"idempotency_key": str(uuid4())}
        )
        return told.url


def close_open_checkouts(*, customer: str) -> None:
    """So that a page left open in another tab cannot be paid as well."""
    with asking() as v1:
        for told in v1.checkout.sessions.list({"customer": customer, "status": "open"}).auto_paging_iter():
            try:
                v1.checkout.sessions.expire(told.id, {}, {"idempotency_key": f"expire-{told.id}"})
            except stripe.InvalidRequestError:  # it was paid or ran out meanwhile
                logger.info("checkout session %s could not be closed", told.id)


def session(session_id: str) -> SessionState:
    with asking() as v1:
        told = v1.checkout.sessions.retrieve(session_id, {"expand": ["line_items"]})
        return objects.session_of(told, with_items=True)


def session_paid_by(payment_id: str) -> SessionState | None:
    """The checkout page that made a payment intent."""
    with asking() as v1:
        found = v1.checkout.sessions.list({"payment_intent": payment_id, "limit": 1}).data
    return session(found[0].id) if found else None


# -- Subscriptions -------------------------------------------------------------------------------------------------


def subscription(subscription_id: str) -> SubscriptionState:
    with asking() as v1:
        return objects.subscription_of(v1.subscriptions.retrieve(subscription_id, {"expand": ["latest_invoice"]}))


def live_subscriptions(*, customer: str) -> list[SubscriptionState]:
    with asking() as v1:
        told = v1.subscriptions.list({"customer": customer, "limit": _PAGE, "expand": ["data.latest_invoice"]})
        return [state for one in told.data if (state := objects.subscription_of(one)).is_live]


def change_price(
    *, subscription: SubscriptionState, price: str, prorated_at: datetime | None, key: str
) -> SubscriptionState:
    """Bill another price: from the next invoice on, or at once with the difference as of `prorated_at`.

    A difference that cannot be charged at once changes nothing: it waits as a pending update, to be paid at `pay_url`.
    """
    params: stripe.params.SubscriptionUpdateParams = {
        "items": [{"id": subscription.item, "price": price}],
        "proration_behavior": "none",
        "expand": ["latest_invoice"],
    }
    if prorated_at is not None:
        params["proration_behavior"] = "always_invoice"
        params["proration_date"] = int(prorated_at.timestamp())
        params["payment_behavior"] = "pending_if_incomplete"
    with asking() as v1:
        return objects.subscription_of(v1.subscriptions.update(subscription.id, params, {"idempotency_key": key}))


def set_cancel_at_period_end(subscription_id: str, *, cancels: bool) -> SubscriptionState:
    # "" takes back an end that was set by date, as Stripe's own portal does.
    params: stripe.params.SubscriptionUpdateParams = (
        {"cancel_at_period_end": True} if cancels else {"cancel_at": "", "cancel_at_period_end": False}
    )
    with asking() as v1:
        told = v1.subscriptions.update(
            subscription_id, {**params, "expand": ["latest_invoice"]}, {"idempotency_key": str(uuid4())}
        )
        return objects.subscription_of(told)


def cancel_now(subscription_id: str) -> None:
    """Once and for all, without another invoice. What is canceled already stays so."""
    with asking() as v1:
        try:
            v1.subscriptions.cancel(subscription_id, {}, {"idempotency_key": f"cancel-{subscription_id}"})
        except stripe.InvalidRequestError as refusal:
            if refusal.code != "resource_missing":
                raise


def preview_change(*, subscription: SubscriptionState, price: str, prorated_at: datetime | None) -> InvoiceState:
    """The invoice that `change_price` would make: at once with `prorated_at`, else the one at the period's end."""
    with asking() as v1:
        told = v1.invoices.create_preview(
            {
                "customer": subscription.customer,
                "subscription": subscription.id,
                "subscription_details": {
                    "items": [{"id": subscription.item, "price": price}],
                    **(
                        {"proration_behavior": "always_invoice", "proration_date": int(prorated_at.timestamp())}
                        if prorated_at
                        else {"proration_behavior": "none"}
                    ),
                },
            }
        )
        return objects.invoice_of(told)


# -- Invoices and payments -----------------------------------------------------------------------------------------


def invoice(invoice_id: str) -> InvoiceState:
    """With all of its lines, however many."""
    with asking() as v1:
        told = v1.invoices.retrieve(invoice_id)
        return objects.invoice_of(told, _all_lines(v1, told))


def invoices_of(*, customer: str, limit: int) -> list[InvoiceState]:
    """The newest, drafts left out."""
    with asking() as v1:
        told = v1.invoices.list({"customer": customer, "limit": limit})
        return [objects.invoice_of(one) for one in told.data if one.status != "draft"]


def invoices_of_subscription(subscription_id: str, *, status: str, limit: int = 12) -> list[InvoiceState]:
    with asking() as v1:
        told = v1.invoices.list({"subscription": subscription_id, "status": status, "limit": limit})
        return [objects.invoice_of(one) for one in told.data]


def paid_invoices(*, since: datetime) -> Iterator[InvoiceState]:
    with asking() as v1:
        found = v1.invoices.list({"status": "paid", "created": {"gte": int(since.timestamp())}, "limit": _PAGE})
        for told in found.auto_paging_iter():
            yield objects.invoice_of(told, _all_lines(v1, told))


def complete_sessions(*, since: datetime) -> Iterator[SessionState]:
    with asking() as v1:
        found = v1.checkout.sessions.list(
            {"status": "complete", "created": {"gte": int(since.timestamp())}, "limit": _PAGE}
        )
        for told in found.auto_paging_iter():
            yield objects.session_of(told)


def payment(payment_id: str) -> PaymentState:
    with asking() as v1:
        return objects.payment_of(v1.payment_intents.retrieve(payment_id))


def payments(*, since: datetime, customer: str | None = None) -> Iterator[PaymentState]:
    params: stripe.params.PaymentIntentListParams = {"created": {"gte": int(since.timestamp())}, "limit": _PAGE}
    if customer:
        params["customer"] = customer
    with asking() as v1:
        for told in v1.payment_intents.list(params).auto_paging_iter():
            yield objects.payment_of(told)


def charge(charge_id: str) -> ChargeState:
    with asking() as v1:
        return objects.charge_of(v1.charges.retrieve(charge_id))


def money_back_of(*, charge_id: str) -> list[MoneyBack]:
    """Refunds and disputes of a charge, the oldest first."""
    with asking() as v1:
        refunds = v1.refunds.list({"charge": charge_id, "limit": _PAGE}).auto_paging_iter()
        disputes = v1.disputes.list({"charge": charge_id, "limit": _PAGE}).auto_paging_iter()
        found = [*map(objects.refund_of, refunds), *map(objects.dispute_of, disputes)]
    return sorted(found, key=lambda back: (back.created, back.id))


def money_back_since(since: datetime) -> list[MoneyBack]:
    """Refunds and disputes of all charges."""
    first = int(since.timestamp())
    with asking() as v1:
        refunds = v1.refunds.list({"created": {"gte": first}, "limit": _PAGE}).auto_paging_iter()
        disputes = v1.disputes.list({"created": {"gte": first}, "limit": _PAGE}).auto_paging_iter()
        return [*map(objects.refund_of, refunds), *map(objects.dispute_of, disputes)]


def invoice_paid_by(payment_id: str) -> str | None:
    """The invoice that a payment intent paid; None if it was for none."""
    with asking() as v1:
        told = v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": payment_id}})
        return next((objects.id_of(one.invoice) for one in told.data), None)


def saved_card(*, customer: str) -> str | None:
    """The newest way to pay that may be used while the customer is away."""
    with asking() as v1:
        told = v1.customers.payment_methods.list(customer, {"limit": 1})
        return told.data[0].id if told.data else None


def charge_saved_card(
    *, customer: str, card: str, price: PriceState, metadata: dict[str, str], description: str, key: str
) -> PaymentState:
    """Take a payment nobody sits in front of. Raises `PaymentDeclined`, also where the bank wants to see the customer."""
    with asking() as v1:
        told = v1.payment_intents.create(
            {
                "amount": price.unit.amount,
                "currency": price.unit.currency,
                "customer": customer,
                "payment_method": card,
                "off_session": True,
                "confirm": True,
                "description": description,
                "metadata": metadata,
            },
            {"idempotency_key": key},
        )
        return objects.payment_of(told)


def price(price_id: str) -> PriceState:
    with asking() as v1:
        return objects.price_of(v1.prices.retrieve(price_id))


def undelivered_events(*, since: datetime) -> Iterator[ToldEvent]:
    """Events that Stripe could not hand over, the oldest first. Stripe keeps them for 30 days."""
    with asking() as v1:
        found = v1.events.list(
            {"delivery_success": False, "created": {"gte": int(since.timestamp())}, "limit": _PAGE}
        ).auto_paging_iter()
        yield from reversed([objects.event_of(told) for told in found])


def verified_event(payload: bytes, signature: str) -> ToldEvent:
    """The event of a signed message. Raises the library's `SignatureVerificationError`, or `ValueError`."""
    return objects.event_of(client().construct_event(payload, signature, settings.STRIPE_WEBHOOK_SECRET))


def _all_lines(v1: stripe.V1Services, told: stripe.Invoice) -> tuple[InvoiceLine, ...]:
    if not told.lines.has_more:
        return tuple(map(objects.line_of, told.lines.data))
    return tuple(map(objects.line_of, v1.invoices.line_items.list(told.id, {"limit": _PAGE}).auto_paging_iter()))
