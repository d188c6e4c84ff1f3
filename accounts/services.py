"""Journeys of an account, and the signals by which the houses above take part in them."""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

from accounts.models import User

user_joined = Signal()
"""A new account exists; sent with `user`, inside the transaction that creates it."""

DEMO_EMAIL = "demo@pixelsite.localhost"


def announce_new_user(user: User) -> None:
    """Let the houses above greet a new account. Call it in the transaction that created the user."""
    user_joined.send(sender=User, user=user)


@transaction.atomic
def register_user(*, email: str, name: str = "") -> User:
    """Return the account of this e-mail, creating it if there is none."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, name=name)
        announce_new_user(user)
    return user
