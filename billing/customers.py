"""Who an account is at Stripe."""

from __future__ import annotations

from django.db import transaction

from billing import stripe_gateway as gateway
from billing.models import Wallet
from pixelsite.lib.errors import PixelsiteError


class UnknownCustomer(PixelsiteError):
    """No account belongs to this customer of Stripe's."""

    code = "unknown_customer"
    status = 404


def wallet_of_customer(customer: str | None) -> Wallet:
    """Raises `UnknownCustomer`."""
    wallet = (
        Wallet.objects.select_related("plan", "user").filter(stripe_customer=customer).first() if customer else None
    )
    if wallet is None:
        raise UnknownCustomer(f"No account belongs to the customer {customer or '(none)'}.")
    return wallet


def customer_of(wallet: Wallet) -> str:
    """The account's customer at Stripe, made at the first purchase. Two calls at once make one."""
    if wallet.stripe_customer:
        return wallet.stripe_customer
    user = wallet.user
    made = gateway.create_customer(
        email=user.email,
        name=user.name,
        account=str(user.pk),
        key=f"customer-{wallet.pk}-{user.date_joined.timestamp()}-{user.email}",
    )
    with transaction.atomic():
        locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
        if not locked.stripe_customer:
            locked.stripe_customer = made
            locked.save(update_fields=["stripe_customer"])
    wallet.stripe_customer = locked.stripe_customer
    return locked.stripe_customer
