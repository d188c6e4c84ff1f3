"""Accounts that an operator should look at. When to flag one is decided by the houses above."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User


@transaction.atomic
def flag(user_id: int, *, reason: str) -> bool:
    """Flag an account for the operators. False if it is flagged already."""
    is_new = bool(User.objects.filter(pk=user_id, flagged_at=None).update(flagged_at=timezone.now()))
    if is_new:
        audit.note(AuditKind.FLAGGED, user=User.objects.get(pk=user_id), about=reason)
    return is_new


@transaction.atomic
def clear_flag(user: User, *, actor: User, request: HttpRequest | None = None) -> bool:
    """An operator has looked at the account. False if it was not flagged."""
    is_cleared = bool(User.objects.filter(pk=user.pk, flagged_at__isnull=False).update(flagged_at=None))
    if is_cleared:
        audit.note(AuditKind.FLAG_CLEARED, user=user, actor=actor, request=request)
    return is_cleared
