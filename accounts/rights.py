"""Who has said that they hold the rights to what they send: asked once, before a mark of ownership is removed."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User

STATEMENT = (
    "I hold the rights to the pictures that I send, or have the permission of whoever does, and may remove watermarks, "
    "logos, signatures and other marks of ownership from them."
)


def are_confirmed(user: User) -> bool:
    """Whether this account has said `STATEMENT`, as of when `user` was loaded."""
    return user.rights_confirmed_at is not None


@transaction.atomic
def confirm(user: User, *, request: HttpRequest | None = None) -> None:
    """The account says `STATEMENT`. Saying it again changes nothing."""
    if User.objects.filter(pk=user.pk, rights_confirmed_at=None).update(rights_confirmed_at=timezone.now()):
        audit.note(AuditKind.RIGHTS_CONFIRMED, user=user, request=request)
    user.refresh_from_db(fields=["rights_confirmed_at"])
