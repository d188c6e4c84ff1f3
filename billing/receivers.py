"""What billing does when something happens in the house below."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services import account_closing, user_joined
from billing import event_handlers, ledger, stripe_events
from billing.models import Wallet


def connect() -> None:
    user_joined.connect(_open_wallet, dispatch_uid="billing.open_wallet")
    account_closing.connect(_end_subscriptions, dispatch_uid="billing.end_subscriptions")


def _open_wallet(*, user: User, **_: Any) -> None:
    ledger.open_wallet(user)


def _end_subscriptions(*, user: User, **_: Any) -> None:
    """Stripe is told from a stored row: once the account is closed, and again until it has heard."""
    wallet = Wallet.objects.filter(user=user, stripe_customer__isnull=False).first()
    if wallet is None:
        return
    stripe_events.store_own(
        kind=event_handlers.ACCOUNT_CLOSED,
        key=f"account_closed:{wallet.pk}",
        payload={"customer": wallet.stripe_customer},
    )
