"""The Celery task that handles Stripe's events; rung for by name."""

from __future__ import annotations

from celery import shared_task

from billing import stripe_events


@shared_task(name=stripe_events.TASK)
def handle_stripe_event(event_pk: int) -> None:
    """Being rung for twice, or too late, changes nothing."""
    stripe_events.handle(event_pk)
