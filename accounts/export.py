"""What this house knows of a person, for their export: never a hash of a secret, never what is between operators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from allauth.socialaccount.models import SocialAccount

from accounts import audit, sessions
from accounts.models import User
from pixelsite.lib.batches import in_batches


def profile_of(user: User) -> dict[str, Any]:
    """Who the account is, how it signs in and where, and its keys without the keys themselves."""
    return {
        "email": user.email,
        "name": user.name,
        "since": told(user.date_joined),
        "last_sign_in": told(user.last_login),
        "rights_confirmed_at": told(user.rights_confirmed_at),
        "signs_in_with": [
            {"provider": each.provider, "subject": each.uid, "told_us": each.extra_data}
            for each in SocialAccount.objects.filter(user=user).order_by("pk")
        ],
        "signed_in_at": [
            {"device": each.device, "address": each.address, "since": told(each.since), "seen_at": told(each.seen_at)}
            for each in sessions.sessions_of(user, current_key=None)
        ],
        "api_keys": [
            {
                "name": key.name,
                "key": f"{key.prefix}…{key.last_four}",
                "is_test_key": key.is_sandbox,
                "scopes": key.scopes,
                "daily_cap_credits": key.daily_cap_credits,
                "monthly_cap_credits": key.monthly_cap_credits,
                "made_at": told(key.created_at),
                "last_used_at": told(key.last_used_at),
                "expires_at": told(key.expires_at),
                "revoked_at": told(key.revoked_at),
            }
            for key in user.api_keys.order_by("pk")
        ],
    }


def events_of(user: User) -> Iterator[dict[str, Any]]:
    """The account's own security events, the oldest first. Which operator it was is not told."""
    for event in in_batches(audit.own_events(user)):
        by_operator = event.actor_id is not None and event.actor_id != user.pk
        yield {
            "time": told(event.created_at),
            "what": event.kind,
            "about": event.about,
            "by_an_operator": by_operator,
            "address": None if by_operator else event.address,
        }


def told(moment: datetime | None) -> str | None:
    """A moment as every answer of the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
