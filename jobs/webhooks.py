"""Webhooks: who is told of a job's end or of the account, the signature that proves it is us, and when we try again or give up.

The scheme is Standard Webhooks (standardwebhooks.com): `Webhook-Id`, `Webhook-Timestamp` and `Webhook-Signature`, the last
an HMAC-SHA256 over `id.timestamp.body`, one signature for each secret that is valid. Sending is `courier.py`'s.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from jobs.models import DeliveryState, Job, Status, WebhookDelivery, WebhookEndpoint, WebhookSecret
from jobs.representation import job_json
from pixelsite.lib import fetch
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.sealing import seal, unseal

# Seconds from one try to the next; with the first try that makes twelve in a day.
PAUSES_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 21_600, 21_600)
_JITTER_SHARE = 0.1
_RETRY_AFTER_S_MAX = 24 * 3600
# An endpoint that has answered no event for this long is not told of further ones.
DISABLED_AFTER = timedelta(days=5)
# Both secrets sign for this long after a rotation, so that a receiver can change over without losing an event.
ROTATION_OVERLAP = timedelta(hours=24)
ENDPOINTS_MAX = 10
TEST_EVENT = "webhook.test"
_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105  # the scheme's prefix, not a secret


class HttpsRequired(fetch.UrlNotAllowed):
    """Webhooks are sent to https:// addresses only."""

    code = "https_required"


class TooManyEndpoints(PixelsiteError):
    """An account can have 10 webhook endpoints. Delete one that is not used any more."""

    code = "too_many_endpoints"
    status = 422


class EndpointExists(PixelsiteError):
    """There is an endpoint with this address already."""

    code = "endpoint_exists"
    status = 409


class EndpointDisabled(PixelsiteError):
    """This endpoint is disabled. Enable it, then send again."""

    code = "endpoint_disabled"
    status = 409


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a try went: what was answered, or why nothing was."""

    status: int | None = None
    error: str = ""
    reply: str = ""
    retry_after_s: int | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver asks to be told nothing any more."""
        return self.status == 410


def check_webhook_url(url: str, *, param: str = "webhook_url") -> str:
    """Return the address if events may be sent there. Raises `HttpsRequired` or another `fetch.UrlNotAllowed`."""
    fetch.check_address(url, param=param)
    if not settings.DEBUG and not url.startswith("https://"):
        raise HttpsRequired(param=param)
    return url


@transaction.atomic
def add_endpoint(*, user: User, url: str) -> WebhookEndpoint:
    """Tell this address of every job of the account from now on."""
    check_webhook_url(url, param="url")
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.webhook_endpoints.filter(url=url).exists():
        raise EndpointExists(param="url")
    if locked.webhook_endpoints.count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints(param="url")
    endpoint = WebhookEndpoint.objects.create(user=user, url=url, created_at=timezone.now())
    _mint_secret(user, endpoint)
    return endpoint


@transaction.atomic
def enable_endpoint(endpoint: WebhookEndpoint) -> None:
    """Tell an endpoint again that was given up."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=None, disabled_reason="", failing_since=None)


def current_secret(*, user: User, endpoint: WebhookEndpoint | None) -> str:
    """Return the secret that a receiver verifies with; without an endpoint, that of `webhook_url`s."""
    row = _secrets_of(user, endpoint).filter(retires_at=None).first() or _mint_secret(user, endpoint)
    return unseal(row.sealed)


@transaction.atomic
def rotate_secret(*, user: User, endpoint: WebhookEndpoint | None, now: datetime | None = None) -> str:
    """Make a new secret and return it. The old one signs beside it for a day."""
    now = now or timezone.now()
    User.objects.select_for_update().get(pk=user.pk)
    _secrets_of(user, endpoint).filter(retires_at=None).update(retires_at=now + ROTATION_OVERLAP)
    return unseal(_mint_secret(user, endpoint).sealed)


def announce(job: Job, status: Status) -> None:
    """Queue the events of a job's end, one for each receiver; part of the transaction that ends it.

    They are due by the database's clock: a worker whose own is ahead must not make receivers wait.
    """
    receivers: list[tuple[WebhookEndpoint | None, str]] = [(None, job.webhook_url)] if job.webhook_url else []
    receivers += [(endpoint, endpoint.url) for endpoint in _told(job.user_id)]
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            user_id=job.user_id,
            job=job,
            endpoint=endpoint,
            url=url,
            host=_host(url),
            event=f"job.{status.value}",
            next_try_at=Now(),
            created_at=Now(),
        )
        for endpoint, url in receivers
    )


def tell_account(*, user: User, event: str, data: dict[str, Any]) -> None:
    """Queue an event that is about the account and no job for its endpoints; part of the caller's transaction."""
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            user=user,
            endpoint=endpoint,
            url=endpoint.url,
            host=_host(endpoint.url),
            event=event,
            data=data,
            next_try_at=Now(),
            created_at=Now(),
        )
        for endpoint in _told(user.pk)
    )


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Queue an event that says nothing but that events arrive. Raises `EndpointDisabled`."""
    if endpoint.disabled_at is not None:
        raise EndpointDisabled
    now = timezone.now()
    return WebhookDelivery.objects.create(
        user_id=endpoint.user_id,
        endpoint=endpoint,
        url=endpoint.url,
        host=_host(endpoint.url),
        event=TEST_EVENT,
        next_try_at=Now(),
        created_at=now,
    )


def send_again(delivery: WebhookDelivery) -> None:
    """Queue an event once more under its own id, whatever became of it. Raises `EndpointDisabled`."""
    if delivery.endpoint is not None and delivery.endpoint.disabled_at is not None:
        raise EndpointDisabled
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.PENDING, tries=0, next_try_at=Now(), claimed_until=None, delivered_at=None
    )


def message_of(delivery: WebhookDelivery, *, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of one try, signed with every valid secret: a job as every other answer tells it."""
    told = delivery.data or {}
    if delivery.job is not None:
        told = job_json(delivery.job, base_url=settings.SITE_URL)
    content: dict[str, Any] = {"type": delivery.event, "timestamp": _utc(delivery.created_at), "data": told}
    body = json.dumps(content, separators=(",", ":")).encode()
    event_id = f"evt_{delivery.pk.hex}"
    timestamp = int(now.timestamp())
    valid = _secrets_of(delivery.user, delivery.endpoint).filter(Q(retires_at=None) | Q(retires_at__gt=now))
    signing = [unseal(row.sealed) for row in valid] or [
        current_secret(user=delivery.user, endpoint=delivery.endpoint),
    ]
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(signature(secret, event_id, timestamp, body) for secret in signing),
    }
    return body, headers


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the HMAC of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


@transaction.atomic
def record(delivery: WebhookDelivery, outcome: Outcome, *, now: datetime | None = None) -> None:
    """Write down how a try went, and what follows: done, again later, or given up."""
    now = now or timezone.now()
    row = WebhookDelivery.objects.select_for_update(of=("self",)).filter(pk=delivery.pk).first()
    if row is None:  # its endpoint was deleted meanwhile
        return
    row.claimed_until = None
    row.tried_at = now
    row.last_status, row.last_error, row.last_reply = outcome.status, outcome.error[:200], outcome.reply[:1024]
    if outcome.is_success:
        row.state, row.delivered_at = DeliveryState.DELIVERED, now
    elif outcome.is_gone or row.tries > len(PAUSES_S):
        row.state = DeliveryState.FAILED
    else:
        row.next_try_at = Now() + _pause(row.tries, outcome)
    row.save()
    if row.endpoint_id is not None:
        _note_on_endpoint(row.endpoint_id, outcome, now)


def delete_old_deliveries(*, limit: int = 1000) -> int:
    """Forget the log of deliveries after 30 days."""
    old = WebhookDelivery.objects.filter(created_at__lt=Now() - timedelta(days=30)).exclude(state=DeliveryState.PENDING)
    return old.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def delete_retired_secrets() -> int:
    return WebhookSecret.objects.filter(retires_at__lt=Now()).delete()[0]


def _told(user_id: int) -> list[WebhookEndpoint]:
    return list(WebhookEndpoint.objects.filter(user_id=user_id, disabled_at=None))


def _secrets_of(user: User, endpoint: WebhookEndpoint | None) -> Any:
    return WebhookSecret.objects.filter(user=user, endpoint=endpoint)


def _mint_secret(user: User, endpoint: WebhookEndpoint | None) -> WebhookSecret:
    secret = _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    return WebhookSecret.objects.create(user=user, endpoint=endpoint, sealed=seal(secret), created_at=timezone.now())


def _pause(tries: int, outcome: Outcome) -> timedelta:
    if outcome.retry_after_s is not None:
        return timedelta(seconds=min(max(outcome.retry_after_s, 1), _RETRY_AFTER_S_MAX))
    seconds = PAUSES_S[min(tries, len(PAUSES_S)) - 1]
    # Receivers that failed together are not tried together again.
    return timedelta(seconds=seconds * (1 + random.uniform(0, _JITTER_SHARE)))  # noqa: S311  # no secret


def _note_on_endpoint(endpoint_id: int, outcome: Outcome, now: datetime) -> None:
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    if outcome.is_success:
        endpoint.failing_since = None
    elif endpoint.failing_since is None:
        endpoint.failing_since = now
    if endpoint.disabled_at is None and not outcome.is_success:
        if outcome.is_gone:
            _disable(endpoint, "It answered 410 Gone.", now)
        elif endpoint.failing_since is not None and endpoint.failing_since <= now - DISABLED_AFTER:
            _disable(endpoint, f"It has failed for {DISABLED_AFTER.days} days.", now)
    endpoint.save()


def _disable(endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    endpoint.disabled_at, endpoint.disabled_reason = now, reason
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.FAILED, last_error="The endpoint was disabled.", claimed_until=None
    )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "")[:255]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def delivery_of(*, user: User, delivery_id: uuid.UUID) -> WebhookDelivery | None:
    """Return a delivery of this account, or None."""
    return WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id, user=user).first()
