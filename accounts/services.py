"""Journeys of an account, and the signals by which the houses above take part in them."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, AuditEvent, AuditKind, User

user_joined = Signal()
"""A new account exists; sent with `user`, inside the transaction that creates it."""

account_closing = Signal()
"""An account is being closed; sent with `user`, inside the transaction that closes it."""

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


@transaction.atomic
def close_account(user: User, *, request: HttpRequest | None = None) -> None:
    """Close an account: its keys stop at once, queued jobs end with their credits back, its images are deleted.

    The account's rows stay for the books, under an address that says nothing of the person.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not locked.is_active:
        return
    account_closing.send(sender=User, user=locked)
    ApiKey.objects.filter(user=locked, revoked_at=None).update(revoked_at=timezone.now())
    EmailAddress.objects.filter(user=locked).delete()
    SocialAccount.objects.filter(user=locked).delete()
    audit.note(AuditKind.ACCOUNT_CLOSED, user=locked, request=request)
    AuditEvent.objects.filter(user=locked).update(address=None)
    locked.email, locked.name, locked.is_active = f"closed-{locked.pk}@pixelsite.invalid", "", False
    locked.set_unusable_password()
    locked.save()
