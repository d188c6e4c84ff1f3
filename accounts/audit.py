"""The audit log: sign-ins, keys, webhook secrets, what operators decide and change. Only ever added to."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import QuerySet
from django.db.models.signals import post_save
from django.http import HttpRequest

from accounts.models import AuditEvent, AuditKind, User


def note(
    kind: AuditKind,
    *,
    user: User | None,
    request: HttpRequest | None = None,
    about: str = "",
    actor: User | None = None,
    reason: str = "",
) -> AuditEvent:
    """Write one line about the account `user`. `about` names a key, an address or a job, never a secret.

    `actor` is the operator who did it, for `reason`, where it was not the account itself.
    """
    return AuditEvent.objects.create(
        user=user, kind=kind, about=about[:200], address=address_of(request), actor=actor, reason=reason[:200]
    )


# What is between operators, and no event of the account's own security.
_OF_OPERATORS = (
    AuditKind.FLAGGED,
    AuditKind.FLAG_CLEARED,
    AuditKind.JOB_RELEASED,
    AuditKind.JOB_UPHELD,
    AuditKind.EVENT_REPLAYED,
    AuditKind.ADMIN_ACTION,
)


def own_events(user: User) -> QuerySet[AuditEvent]:
    """What the account may be told of itself, the newest first."""
    return AuditEvent.objects.filter(user=user).exclude(kind__in=_OF_OPERATORS)


def connect() -> None:
    """Hear of every way to sign in, the admin's password form among them, and of every change in the admin."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.audit.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="accounts.audit.refused")
    # Deleting many at once would write its log without a signal; the admin has that action turned off.
    post_save.connect(_changed_in_admin, sender="admin.LogEntry", dispatch_uid="accounts.audit.changed_in_admin")


def _signed_in(*, request: HttpRequest | None = None, user: User, **_: Any) -> None:
    note(AuditKind.SIGNED_IN, user=user, request=request)


def _signed_out(*, request: HttpRequest | None = None, user: User | None = None, **_: Any) -> None:
    if user is not None:
        note(AuditKind.SIGNED_OUT, user=user, request=request)


def _refused(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    named = str(credentials.get("username") or credentials.get("email") or "")
    user = User.objects.filter(email=named.strip().lower()).first()
    note(AuditKind.SIGN_IN_REFUSED, user=user, request=request)


def _changed_in_admin(*, instance: Any, created: bool, **_: Any) -> None:
    """Adding, changing or deleting a row in the admin. The row is named by its key: its name may be a person's."""
    if not created:
        return
    model = instance.content_type.model_class() if instance.content_type else None
    subject = User.objects.filter(pk=instance.object_id).first() if model is User else None
    about = f"{instance.get_action_flag_display()}: {instance.content_type} {instance.object_id}"
    fields = _changed_fields(instance.change_message)
    note(
        AuditKind.ADMIN_ACTION,
        user=subject,
        about=f"{about} ({fields})" if fields else about,
        actor=instance.user,
    )


def _changed_fields(change_message: str) -> str:
    try:
        changes = json.loads(change_message or "[]")
    except ValueError:
        return ""
    names = [name for change in changes for what in change.values() for name in what.get("fields", ())]
    return ", ".join(map(str, names))


def address_of(request: HttpRequest | None) -> str | None:
    """The caller's address, or None where there is none."""
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))) if request is not None else None
    except ValueError:  # a unix socket has none
        return None
