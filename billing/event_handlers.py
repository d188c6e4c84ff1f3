"""What each kind of event is a hint at. Handlers read the object from Stripe and return whether it was any of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import letters
from accounts.services import is_closed
from billing import auto_top_up, money_back, paid_invoices, subscriptions, top_ups
from billing import stripe_gateway as gateway
from billing.customers import wallet_of_customer
from billing.models import Subscription
from billing.stripe_objects import LIVE, InvoiceState

Payload = dict[str, Any]

ACCOUNT_CLOSED = "pixelsite.account_closed"
"""Our own: an account was closed, its subscriptions must end at Stripe."""


def _object_id(payload: Payload) -> str:
    return str(payload["data"]["object"]["id"])


def _read(subscription_id: str) -> Subscription:
    """Read a subscription again. One that was bought while its account was being closed ends at once."""
    subscription = subscriptions.read_again(subscription_id)
    if subscription.status in LIVE and is_closed(subscription.wallet.user):
        gateway.cancel_now(subscription_id)
        subscription = subscriptions.read_again(subscription_id)
    return subscription


def _checkout(payload: Payload) -> bool:
    session = gateway.session(_object_id(payload))
    if session.mode == "subscription" and session.subscription:
        if session.invoice:
            paid_invoices.grant_paid_invoice(session.invoice)
        _read(session.subscription)
        return True
    if not top_ups.sells_packs(session):
        return False
    # Not paid yet (a bank transfer, say): it is told of again when it is.
    wallet_of_customer(session.customer)
    top_ups.grant_session(session)
    return True


def _checkout_failed(payload: Payload) -> bool:
    session = gateway.session(_object_id(payload))
    if not top_ups.sells_packs(session):
        return False
    wallet = wallet_of_customer(session.customer)
    if not session.is_paid and wallet.user.is_active:
        letters.write(
            address=wallet.user.email,
            kind="top_up_failed",
            key=f"top_up_failed:{session.id}",
            context={"billing_url": f"{settings.SITE_URL}/billing/"},
        )
    return True


def _invoice_paid(payload: Payload) -> bool:
    invoice = gateway.invoice(_object_id(payload))
    did = paid_invoices.grant_paid_invoice(invoice.id)
    if invoice.subscription:
        wallet_of_customer(invoice.customer)
        _read(invoice.subscription)
    return did


def _invoice_failed(payload: Payload) -> bool:
    invoice = gateway.invoice(_object_id(payload))
    if not invoice.subscription:
        return False
    wallet_of_customer(invoice.customer)
    subscription = _read(invoice.subscription)
    if invoice.status == "open":
        _tell_of_failed_payment(subscription, invoice)
    return True


@transaction.atomic
def _tell_of_failed_payment(subscription: Subscription, invoice: InvoiceState) -> None:
    user = subscription.wallet.user
    until = subscriptions.grace_end(subscription)
    if not user.is_active or until is None:
        return
    letters.write(
        address=user.email,
        kind="payment_failed",
        key=f"payment_failed:{invoice.id}",
        context={
            "plan": (subscription.paid_plan or subscription.plan).name,
            "amount": str(invoice.due),
            "until": f"{until.day} {until:%B %Y}",
            "pay_url": invoice.url,
            "billing_url": f"{settings.SITE_URL}/billing/",
        },
    )


def _subscription(payload: Payload) -> bool:
    _read(_object_id(payload))
    return True


def _payment(payload: Payload) -> bool:
    payment = gateway.payment(_object_id(payload))
    if not payment.top_up:
        return False
    wallet_of_customer(payment.customer)
    return auto_top_up.record_payment(payment)


def _charge(payload: Payload) -> bool:
    return money_back.settle_charge(_object_id(payload))


def _part_of_charge(payload: Payload) -> bool:
    """A refund or a dispute names its charge, which never changes."""
    charge = payload["data"]["object"].get("charge")
    return bool(charge) and money_back.settle_charge(str(charge))


def _account_closed(payload: Payload) -> bool:
    customer = str(payload["customer"])
    gateway.close_open_checkouts(customer=customer)
    for state in gateway.live_subscriptions(customer=customer):
        gateway.cancel_now(state.id)
        subscriptions.read_again(state.id)
    return True


HANDLERS: dict[str, Callable[[Payload], bool]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "checkout.session.async_payment_failed": _checkout_failed,
    "invoice.paid": _invoice_paid,
    "invoice.payment_failed": _invoice_failed,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
    "payment_intent.succeeded": _payment,
    "payment_intent.payment_failed": _payment,
    "payment_intent.canceled": _payment,
    "charge.refunded": _charge,
    "refund.created": _part_of_charge,
    "refund.updated": _part_of_charge,
    "refund.failed": _part_of_charge,
    "charge.dispute.created": _part_of_charge,
    "charge.dispute.funds_withdrawn": _part_of_charge,
    "charge.dispute.funds_reinstated": _part_of_charge,
    "charge.dispute.closed": _part_of_charge,
    ACCOUNT_CLOSED: _account_closed,
}

FROM_STRIPE = tuple(kind for kind in HANDLERS if kind != ACCOUNT_CLOSED)
"""The events to choose for the webhook endpoint."""
