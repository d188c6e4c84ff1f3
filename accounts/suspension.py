"""Keeping an account out, and letting it in again: an operator's decision, with a reason that the customer is told.

`is_active` is what stops keys and sessions; `suspended_at` tells a suspended account from a closed one.
"""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, letters, sessions
from accounts.models import AuditKind, User
from pixelsite.lib.errors import PixelsiteError

account_suspending = Signal()
"""An account is being suspended; sent with `user`, inside the transaction that suspends it."""


class NotSuspendable(PixelsiteError):
    """This account cannot be suspended by you."""

    code = "not_suspendable"
    status = 409


class NotSuspended(PixelsiteError):
    """This account is not suspended: there is nothing to restore."""

    code = "not_suspended"
    status = 409


@transaction.atomic
def suspend(user: User, *, actor: User, reason: str, request: HttpRequest | None = None) -> None:
    """Keep an account out: keys are refused, sessions end, queued jobs are canceled with their credits back.

    Jobs under way end by themselves. Raises `NotSuspendable`.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    _check(locked, actor=actor)
    locked.is_active, locked.suspended_at, locked.suspended_reason = False, timezone.now(), reason[:200]
    locked.save(update_fields=["is_active", "suspended_at", "suspended_reason"])
    sessions.end_all_sessions(locked)
    account_suspending.send(sender=User, user=locked)
    event = audit.note(AuditKind.SUSPENDED, user=locked, actor=actor, reason=reason, request=request)
    letters.write(
        address=locked.email, kind="account_suspended", key=f"account_suspended:{event.pk}", context={"reason": reason}
    )


@transaction.atomic
def restore(user: User, *, actor: User, reason: str, request: HttpRequest | None = None) -> None:
    """Let a suspended account in again. Raises `NotSuspended`, `NotSuspendable`."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.suspended_at is None:
        raise NotSuspended
    if locked.is_superuser and not actor.is_superuser:
        raise NotSuspendable("Only a superuser can restore a superuser.")
    locked.is_active, locked.suspended_at, locked.suspended_reason = True, None, ""
    locked.save(update_fields=["is_active", "suspended_at", "suspended_reason"])
    event = audit.note(AuditKind.RESTORED, user=locked, actor=actor, reason=reason, request=request)
    letters.write(address=locked.email, kind="account_restored", key=f"account_restored:{event.pk}", context={})


def _check(user: User, *, actor: User) -> None:
    if user == actor:
        raise NotSuspendable("This is your own account. Ask another operator.")
    if user.is_superuser and not actor.is_superuser:
        raise NotSuspendable("Only a superuser can suspend a superuser.")
    if not user.is_active:
        raise NotSuspendable("This account is suspended or closed already.")
