"""The rows of billing: what may be stored at all. Nothing here decides anything.

The triggers that make the ledger append-only and the wallet its mirror are in `billing/triggers.py`.
"""

from billing.models.alerts import AutomaticTopUp, SpendingRules
from billing.models.plans import Pack, Plan
from billing.models.stripe import EventState, StripeEvent, Subscription
from billing.models.wallet import CreditLot, Debt, EntryKind, LedgerEntry, LotDraw, LotKind, Wallet

__all__ = [
    "AutomaticTopUp",
    "CreditLot",
    "Debt",
    "EntryKind",
    "EventState",
    "LedgerEntry",
    "LotDraw",
    "LotKind",
    "Pack",
    "Plan",
    "SpendingRules",
    "StripeEvent",
    "Subscription",
    "Wallet",
]
