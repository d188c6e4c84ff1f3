"""What billing does when something happens in the house below."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services import user_joined
from billing import ledger


def connect() -> None:
    user_joined.connect(_open_wallet, dispatch_uid="billing.open_wallet")


def _open_wallet(*, user: User, **_: Any) -> None:
    ledger.open_wallet(user)
