"""Journeys of an account, and the signals by which the houses above take part in them."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, letters, sessions
from accounts.models import ApiKey, AuditEvent, AuditKind, Letter, User
from pixelsite.lib.errors import PixelsiteError

user_joined = Signal()
"""A new account exists; sent with `user`, inside the transaction that creates it."""

account_closing = Signal()
"""An account is being closed; sent with `user`, inside the transaction that closes it."""


class LastSuperuser(PixelsiteError):
    """Nobody else could run this site. Make another superuser first, then close this account."""

    code = "last_superuser"
    status = 409


CLOSED = "a closed account"
# .invalid is promised to lead nowhere (RFC 2606).
_NOWHERE = "pixelsite.invalid"
_FAREWELL = "account_closed"
DEMO_EMAIL = "demo@pixelsite.localhost"


def announce_new_user(user: User) -> None:
    """Let the houses above greet a new account. Call it in the transaction that created the user."""
    user_joined.send(sender=User, user=user)


@transaction.atomic
def register_user(*, email: str, name: str = "") -> User:
    """Return the account of this e-mail, creating it if there is none."""
    known = User.objects.filter(email=email.strip().lower())
    user = known.first()
    if user is not None:
        return user
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, name=name)
            announce_new_user(user)
    except IntegrityError:  # somebody was faster, with the same address
        return known.get()
    return user


@transaction.atomic
def close_account(user: User, *, request: HttpRequest | None = None) -> None:
    """Close an account: its keys and sessions stop at once, queued jobs end with their credits back, its images are deleted.

    The account's rows stay for the books, under an address that says nothing of the person. Raises `LastSuperuser`.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    if is_closed(locked):
        return
    check_that_another_runs_the_site(locked)
    account_closing.send(sender=User, user=locked)
    ApiKey.objects.filter(user=locked, revoked_at=None).update(revoked_at=timezone.now())
    ApiKey.objects.filter(user=locked).update(name="")
    EmailAddress.objects.filter(user=locked).delete()
    SocialAccount.objects.filter(user=locked).delete()
    sessions.end_all_sessions(locked)
    audit.note(AuditKind.ACCOUNT_CLOSED, user=locked, request=request)
    AuditEvent.objects.filter(user=locked).update(address=None)
    # What people call their keys, and where they have events sent, may name them.
    AuditEvent.objects.filter(user=locked, actor=None).update(about="")
    # The admin's own history names rows by what they are called.
    LogEntry.objects.filter(content_type__app_label="accounts", object_repr=locked.email).update(object_repr=CLOSED)
    Letter.objects.filter(address=locked.email).delete()
    letters.write(address=locked.email, kind=_FAREWELL, key=f"{_FAREWELL}:{locked.pk}", context={})
    locked.email, locked.name, locked.is_active = f"closed-{locked.pk}@{_NOWHERE}", "", False
    locked.is_staff = locked.is_superuser = False
    locked.suspended_at, locked.suspended_reason = None, ""
    locked.set_unusable_password()
    locked.save()


def is_closed(user: User) -> bool:
    """Whether somebody has closed it, for good."""
    return user.email.endswith(f"@{_NOWHERE}")


def check_that_another_runs_the_site(user: User) -> None:
    """Raise `LastSuperuser` if nobody could run the site without this account. Locks the others until the end."""
    if user.is_superuser and not [
        other for other in User.objects.select_for_update().filter(is_superuser=True, is_active=True) if other != user
    ]:
        raise LastSuperuser


def forget_farewells(*, limit: int = 100) -> int:
    """A closed account's address goes with the letter that was sent to it last."""
    done = Letter.objects.filter(kind=_FAREWELL).exclude(sent_at=None, given_up_at=None)
    return Letter.objects.filter(pk__in=list(done.values_list("pk", flat=True)[:limit])).delete()[0]
