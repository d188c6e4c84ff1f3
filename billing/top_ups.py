"""Packs of credits, bought once: where they are sold, and the credits that come when they are paid."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from billing import ledger
from billing import stripe_gateway as gateway
from billing.customers import customer_of, wallet_of_customer
from billing.models import LotKind, Pack, Wallet
from billing.prices import pack_of_price, price_of
from billing.stripe_objects import PaymentState, SessionState
from pixelsite.lib.errors import PixelsiteError


class PackNotSold(PixelsiteError):
    """This pack cannot be bought here. Choose one of those on the page."""

    code = "pack_not_sold"
    status = 422


def sold_pack(slug: str) -> Pack:
    """The pack of this name, if it is for sale. What it costs and holds is never the buyer's to say."""
    pack = Pack.objects.filter(slug=slug).first() if price_of(slug) else None
    if pack is None:
        raise PackNotSold(param="pack")
    return pack


def begin_checkout(*, wallet: Wallet, pack: Pack, success_url: str, cancel_url: str) -> str:
    """The address of Stripe's page that sells this pack. Raises `PackNotSold`."""
    price = price_of(pack.slug)
    if price is None:
        raise PackNotSold(param="pack")
    customer = customer_of(wallet)
    return gateway.open_pack_checkout(
        customer=customer, price=price, pack_slug=pack.slug, success_url=success_url, cancel_url=cancel_url
    )


def grant_session(session: SessionState) -> bool:
    """Grant the packs of a checkout page that is paid. Returns whether it sold packs of ours and is paid."""
    bought = _credits_of(session)
    if not (session.is_complete and session.is_paid and bought):
        return False
    ledger.grant(
        wallet=wallet_of_customer(session.customer),
        kind=LotKind.TOPUP,
        amount=bought,
        source=source_of(session),
        expires_at=session.created + timedelta(days=settings.TOP_UP_DAYS),
        reason=f"{bought:,} credits bought",
    )
    return True


def grant_payment(payment: PaymentState, *, wallet: Wallet, pack: Pack) -> None:
    """Grant the pack that a payment without a checkout page paid."""
    ledger.grant(
        wallet=wallet,
        kind=LotKind.TOPUP,
        amount=pack.credits,
        source=payment.id,
        expires_at=payment.created + timedelta(days=settings.TOP_UP_DAYS),
        reason=f"{pack.credits:,} credits bought automatically",
    )


def source_of(session: SessionState) -> str:
    """A page whose price a coupon took to nothing has no payment."""
    return session.payment_intent or session.id


def sells_packs(session: SessionState) -> bool:
    return session.mode == "payment" and bool(session.pack_slug)


def _credits_of(session: SessionState) -> int:
    if not sells_packs(session):
        return 0
    packs = [(pack_of_price(price), quantity) for price, quantity in session.prices]
    bought = sum(pack.credits * quantity for pack, quantity in packs if pack is not None)
    if bought:
        return bought
    # The price was replaced in STRIPE_PRICES while the page was open: the name is our own.
    pack = Pack.objects.filter(slug=session.pack_slug).first()
    return pack.credits if pack else 0
