"""Whose it is: an id of Stripe's, as it stands in a mail or on Stripe's pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model, Q

from accounts.models import User
from billing.models import AutomaticTopUp, LedgerEntry, StripeEvent, Subscription, Wallet

_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Find:
    """Something that a word leads to: which row, what it is called, and whose it is."""

    model: str
    pk: object
    name: str
    user: User | None


def by_stripe_id(stripe_id: str) -> list[Find]:
    """Every row that names this customer, subscription, invoice, payment, refund, dispute or event."""
    wallets = Wallet.objects.filter(stripe_customer=stripe_id).select_related("user")
    subscriptions = Subscription.objects.filter(stripe_id=stripe_id).select_related("wallet__user")
    entries = LedgerEntry.objects.filter(Q(source=stripe_id) | Q(source__startswith=f"{stripe_id}:"))
    top_ups = AutomaticTopUp.objects.filter(payment_intent=stripe_id).select_related("wallet__user")
    events = StripeEvent.objects.filter(Q(stripe_id=stripe_id) | Q(payload__data__object__id=stripe_id))
    return [
        *(_found("wallet", row, row, f"Customer {stripe_id}") for row in wallets),
        *(_found("subscription", row, row.wallet, f"{row}") for row in subscriptions),
        *(
            _found("ledgerentry", row, row.wallet, f"Ledger entry {row.pk}: {row}")
            for row in entries.select_related("wallet__user")[:_SHOWN]
        ),
        *(_found("automatictopup", row, row.wallet, f"{row}".capitalize()) for row in top_ups),
        *(_found("stripeevent", row, None, f"{row}") for row in events[:_SHOWN]),
    ]


def _found(table: str, row: Model, wallet: Wallet | None, name: str) -> Find:
    return Find(model=f"billing_{table}", pk=row.pk, name=name, user=wallet.user if wallet else None)
