"""The audit log: sign-ins, keys, webhook secrets, what operators decide. Only ever added to."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
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
) -> None:
    """Write one line about the account `user`. `about` names a key, an address or a job, never a secret.

    `actor` is the operator who did it, for `reason`, where it was not the account itself.
    """
    AuditEvent.objects.create(
        user=user, kind=kind, about=about[:200], address=_address_of(request), actor=actor, reason=reason[:200]
    )


def connect() -> None:
    """Hear of every way to sign in, the admin's password form among them."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.audit.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="accounts.audit.refused")


def _signed_in(*, request: HttpRequest | None = None, user: User, **_: Any) -> None:
    note(AuditKind.SIGNED_IN, user=user, request=request)


def _signed_out(*, request: HttpRequest | None = None, user: User | None = None, **_: Any) -> None:
    if user is not None:
        note(AuditKind.SIGNED_OUT, user=user, request=request)


def _refused(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    named = str(credentials.get("username") or credentials.get("email") or "")
    user = User.objects.filter(email=named.strip().lower()).first()
    note(AuditKind.SIGN_IN_REFUSED, user=user, request=request)


def _address_of(request: HttpRequest | None) -> str | None:
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))) if request is not None else None
    except ValueError:  # a unix socket has none
        return None
