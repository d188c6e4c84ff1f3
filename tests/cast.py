"""Who the tests are about."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.test import APIClient

from accounts import api_keys, services
from accounts.models import User
from billing import ledger
from billing.models import Wallet


@dataclass(frozen=True)
class Cast:
    """Alice owns what a test is about; Bob has an account of his own; Olga runs the site."""

    alice: User
    alice_key: str
    bob: User
    bob_key: str
    olga: User

    @property
    def wallet(self) -> Wallet:
        """Alice's wallet as it is now."""
        return Wallet.objects.get(user=self.alice)

    def credits(self) -> tuple[int, int]:
        """What Alice has: (available, held)."""
        wallet = self.wallet
        return wallet.available, wallet.held

    def set_credits(self, amount: int) -> None:
        """Bring Alice's balance to this amount."""
        difference = amount - ledger.available_credits(self.wallet)
        if difference:
            ledger.adjust(wallet=self.wallet, amount=difference, actor=self.olga, reason="for the test")

    @staticmethod
    def api(key: str) -> APIClient:
        """A client that sends this key."""
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client


def make_cast() -> Cast:
    alice = services.register_user(email="alice@example.com", name="Alice")
    bob = services.register_user(email="bob@example.com", name="Bob")
    olga = User.objects.create_superuser("olga@example.com", "a long pass phrase")
    return Cast(
        alice=alice,
        alice_key=api_keys.mint_key(user=alice, name="Alice's key")[1],
        bob=bob,
        bob_key=api_keys.mint_key(user=bob, name="Bob's key")[1],
        olga=olga,
    )
