"""What nobody else will do: ring again, rescue, give up, tidy. Every duty is safe to run twice and at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from accounts import letters, services, sessions
from billing import auto_top_up, ledger, monthly, stripe_events, subscriptions, watching
from jobs import dispatch, idempotency, lifecycle, retention, webhooks
from jobs.models import Job, Status

logger = logging.getLogger(__name__)

_BATCH = 200
# A bell does not name a job, and one is enough for all that waits: as many as wake every idle thread will do.
_BELLS = 32


def sweep() -> dict[str, int]:
    """Run every duty once. A duty that fails is logged and does not keep the others from running."""
    done: dict[str, int] = {}
    for duty in (
        rescue_lost_jobs,
        fail_expired_jobs,
        cancel_late_jobs,
        ring_again,
        retention.delete_due_images,
        ledger.close_expired_lots,
        monthly.grant_due_months,
        idempotency.delete_old_records,
        webhooks.delete_old_deliveries,
        webhooks.delete_retired_secrets,
        letters.delete_old_letters,
        watching.tell_low_balances,
        watching.tell_budgets,
        services.forget_farewells,
        sessions.delete_expired_sessions,
    ):
        done[duty.__name__] = _attempt(duty)
    return done


def sweep_payments() -> dict[str, int]:
    """As `sweep`, for what may wait for Stripe: jobs are not kept waiting with it."""
    duties = (subscriptions.settle_due, stripe_events.handle_due, auto_top_up.top_up_low_wallets)
    return {duty.__name__: _attempt(duty) for duty in duties}


def rescue_lost_jobs() -> int:
    """Jobs whose worker went silent go back to the queue, or fail after the last attempt."""
    silent = Job.objects.filter(status=Status.PROCESSING, lease_until__lt=Now()).order_by("lease_until")
    ids = list(silent.values_list("pk", flat=True)[:_BATCH])
    return sum(lifecycle.rescue_job(job_id=job_id) for job_id in ids)


def fail_expired_jobs() -> int:
    """Jobs that waited too long fail, with their credits back."""
    late = Job.objects.filter(status=Status.QUEUED, deadline_at__lte=Now()).order_by("deadline_at")
    ids = list(late.values_list("pk", flat=True)[:_BATCH])
    return sum(lifecycle.expire_queued_job(job_id=job_id) for job_id in ids)


def cancel_late_jobs() -> int:
    """Jobs whose caller wanted them sooner or not at all are canceled, with their credits back."""
    late = Job.objects.filter(status=Status.QUEUED, cancel_at__lte=Now()).order_by("cancel_at")
    ids = list(late.values_list("pk", flat=True)[:_BATCH])
    return sum(lifecycle.cancel_late_job(job_id=job_id) for job_id in ids)


def ring_again() -> int:
    """Ring for queued jobs that nobody has claimed: the message was lost, or the broker was down."""
    due = Job.objects.filter(status=Status.QUEUED, ring_at__lte=Now()).order_by("ring_at")
    rung = 0
    for job_id, operation in list(due.values_list("pk", "operation")[:_BELLS]):
        again = Now() + timedelta(seconds=settings.RING_AGAIN_S)
        # Whoever moves the time rings: two sweepers do not ring twice.
        mine = Job.objects.filter(pk=job_id, status=Status.QUEUED, ring_at__lte=Now()).update(ring_at=again)
        if not mine:
            continue
        if not dispatch.ring(job_id=job_id, operation=operation):
            Job.objects.filter(pk=job_id, status=Status.QUEUED).update(ring_at=Now())
            break  # a broker that is away is asked once a sweep
        rung += 1
    return rung


def _attempt(duty: Callable[[], int]) -> int:
    try:
        return duty()
    except Exception:  # the other duties must go on; the next sweep tries again
        logger.exception("sweeper: %s failed", duty.__name__)
        return 0
