"""Stripe's events: verified, stored once, then handled. An event is a hint: what it is about is read from Stripe.

So it does not matter how often, how late or in which order events come. Whoever handles one first does its work; the
ledger takes each source once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, User
from billing import event_handlers, stripe_client
from billing import stripe_gateway as gateway
from billing.customers import UnknownCustomer
from billing.models import EventState, StripeEvent
from billing.stripe_objects import ToldEvent
from billing.subscriptions import UnknownPrice
from pixelsite.lib import bells
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

TASK = "billing.handle_stripe_event"
BODY_BYTES_MAX = 1_000_000
# The library refuses what is older; we also refuse what is as far ahead.
TOLERANCE_S = 300
_ATTEMPTS_MAX = 15
_FIRST_PAUSE_S = 30
_LONGEST_PAUSE_S = 6 * 3600
_WAITING = (EventState.RECEIVED, EventState.FAILED)
_KEPT_WORDS = ("id", "object", "charge", "currency", "mode", "payment_status", "status")
_KEPT_SUMS = ("amount", "amount_paid", "amount_total")  # for billing/figures.py


class EventRefused(PixelsiteError):
    """This is no event of Stripe's for this site: its signature, its time or its mode is wrong. Nothing was stored."""

    code = "stripe_event_refused"
    status = 400


class EventTooLarge(PixelsiteError):
    """An event is a megabyte at most. Nothing was read."""

    code = "stripe_event_too_large"
    status = 413


def receive(payload: bytes, signature: str) -> StripeEvent | None:
    """Store an event that Stripe signed, once, and have it handled. Returns it; None if it was known.

    Raises `EventRefused`.
    """
    told = _verified(payload, signature)
    return store(told)


def store(told: ToldEvent) -> StripeEvent | None:
    """Store a genuine event, once, and ring for it after commit."""
    if told.is_live != stripe_client.is_live():
        raise EventRefused("Test events are for test keys, live events for live keys.")
    knows = told.kind in event_handlers.HANDLERS
    with transaction.atomic():
        event, is_new = StripeEvent.objects.get_or_create(
            stripe_id=told.id,
            defaults={
                "kind": told.kind,
                "payload": _hint(told.payload),
                "state": EventState.RECEIVED if knows else EventState.IGNORED,
                # Before then the task has it; afterwards the sweep.
                "try_at": timezone.now() + timedelta(seconds=_FIRST_PAUSE_S),
            },
        )
        if is_new and knows:
            transaction.on_commit(lambda: ring(event.pk))
    return event if is_new else None


def store_own(*, kind: str, key: str, payload: dict[str, Any]) -> None:
    """Something of our own that Stripe must be told, kept and tried again like an event. Call it in a transaction."""
    event, is_new = StripeEvent.objects.get_or_create(
        stripe_id=key, defaults={"kind": kind, "payload": payload, "try_at": timezone.now()}
    )
    if is_new:
        transaction.on_commit(lambda: ring(event.pk))


def ring(event_pk: int) -> None:
    """Tell a worker. A broker that is away costs delay: the sweep handles what is due."""
    bells.ring(TASK, event_pk, about=f"Stripe event {event_pk}")


def handle(event_pk: int, *, now: datetime | None = None) -> str | None:
    """Do what a waiting event asks for. Returns its new state; None if it does not wait. Safe to run twice, and at once."""
    now = now or timezone.now()
    event = StripeEvent.objects.filter(pk=event_pk, state__in=_WAITING).first()
    if event is None or not _claim(event, now=now):
        return None
    state, error = _outcome(event)
    if state == EventState.FAILED and event.attempts + 1 >= _ATTEMPTS_MAX:
        state = EventState.PARKED
    if state == EventState.PARKED:
        logger.error("Stripe event %s (%s) needs an operator: %s", event.stripe_id, event.kind, error)
    StripeEvent.objects.filter(pk=event_pk).update(
        state=state,
        error=error[:500],
        handled_at=None if state == EventState.FAILED else timezone.now(),
    )
    return state


def handle_due(*, now: datetime | None = None, limit: int = 100) -> int:
    """Handle events that nobody was rung for, and those to be tried again. Returns how many.

    Stops at a Stripe that is away: the others would wait for nothing.
    """
    if not stripe_client.is_on():
        return 0
    now = now or timezone.now()
    due = StripeEvent.objects.filter(state__in=_WAITING, try_at__lte=now).order_by("try_at")
    done = 0
    for event_pk in list(due.values_list("pk", flat=True)[:limit]):
        state = handle(event_pk, now=now)
        done += state is not None
        if state == EventState.FAILED:
            break
    return done


@transaction.atomic
def replay(event: StripeEvent, *, actor: User, request: HttpRequest | None = None) -> None:
    """Handle an event once more, whatever became of it. Replaying what is done changes nothing."""
    StripeEvent.objects.filter(pk=event.pk).update(
        state=EventState.RECEIVED, attempts=0, error="", try_at=timezone.now(), handled_at=None
    )
    audit.note(AuditKind.EVENT_REPLAYED, user=None, request=request, about=str(event), actor=actor)
    transaction.on_commit(lambda: ring(event.pk))


def _verified(payload: bytes, signature: str) -> ToldEvent:
    try:
        told = gateway.verified_event(payload, signature)
        fields = [field.partition("=") for field in signature.split(",")]
        signed_at = next(int(value) for name, _, value in fields if name == "t")
    except (stripe.SignatureVerificationError, ValueError, AttributeError, TypeError) as refusal:
        raise EventRefused from refusal
    if signed_at > time.time() + TOLERANCE_S:
        raise EventRefused
    return told


def _hint(payload: dict[str, Any]) -> dict[str, Any]:
    """What we use of an event: which object it is about, and its sum. Names, addresses and cards stay with Stripe."""
    told = payload["data"]["object"]
    kept = {name: told[name] for name in _KEPT_WORDS if isinstance(told.get(name), str)}
    kept |= {name: told[name] for name in _KEPT_SUMS if isinstance(told.get(name), int)}
    return {"created": payload["created"], "data": {"object": kept}}


def _claim(event: StripeEvent, *, now: datetime) -> bool:
    """Whoever counts the attempt makes it. If it dies, the sweep comes by when the pause is over."""
    pause = min(_FIRST_PAUSE_S * 2**event.attempts, _LONGEST_PAUSE_S)
    mine = StripeEvent.objects.filter(pk=event.pk, attempts=event.attempts, state__in=_WAITING)
    return bool(mine.update(attempts=F("attempts") + 1, try_at=now + timedelta(seconds=pause)))


def _outcome(event: StripeEvent) -> tuple[str, str]:
    handler: Callable[[dict[str, Any]], bool] | None = event_handlers.HANDLERS.get(event.kind)
    if handler is None:
        return EventState.IGNORED, ""
    try:
        did = handler(event.payload)
    except (UnknownCustomer, UnknownPrice, stripe_client.StripeObjectMissing) as refusal:
        return EventState.PARKED, refusal.message
    except PixelsiteError as failure:
        return EventState.FAILED, failure.message
    except Exception as failure:  # a bug of ours, or a database that is away: tried again, and seen in the admin
        logger.exception("Stripe event %s (%s) failed", event.stripe_id, event.kind)
        return EventState.FAILED, f"{type(failure).__name__}: see the log"
    return (EventState.HANDLED if did else EventState.IGNORED), ""
