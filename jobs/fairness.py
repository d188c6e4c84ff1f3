"""Whose job is next: weighted fair queueing over accounts.

Every job gets a turn when it is submitted; workers take the lowest. An account's jobs follow each other in steps, and a
newcomer begins just behind the turn that is being served now, not behind everything that others have queued: ten
thousand jobs of one account delay another's first by one or two. Paid plans take smaller steps, so they come first when
they come together; as the turns being served go up all the time, nobody is passed over for ever.
Source: A. Demers, S. Keshav, S. Shenker, Analysis and Simulation of a Fair Queueing Algorithm, 1989.
"""

from __future__ import annotations

from django.db.models import Subquery

from accounts.models import User
from jobs.models import Job, Status

_STEP_PAID, _STEP_FREE = 1, 4


def next_turn(*, user: User, is_paid: bool) -> int:
    """Return the turn of a job that this account submits now."""
    # Three looks at the ends of indexes in one statement; every submission pays for it.
    newest, first, own = (
        User.objects.filter(pk=user.pk)
        .values_list(
            _end_of("-turn", status=Status.PROCESSING),
            _end_of("turn", status=Status.QUEUED),
            _end_of("-turn", status=Status.QUEUED, user=user),
        )
        .get()
    )
    served = _turn_served_now(newest, first)
    return max(served, served if own is None else own) + (_STEP_PAID if is_paid else _STEP_FREE)


def place_in_line(job: Job) -> int | None:
    """Return how many queued jobs go before this one; None if it does not wait any more."""
    if job.status != Status.QUEUED:
        return None
    queued = Job.objects.filter(status=Status.QUEUED)
    sooner = queued.filter(turn__lt=job.turn).count()
    return sooner + queued.filter(turn=job.turn, created_at__lt=job.created_at).count()


def _turn_served_now(newest: int | None, first: int | None) -> int:
    """From the newest turn that is worked on, and the first that waits."""
    if newest is not None:
        return newest
    # Nobody works: what waits first came together with whoever comes now.
    return 0 if first is None else first - _STEP_FREE


def _end_of(order: str, **filters: object) -> Subquery:
    return Subquery(Job.objects.filter(**filters).order_by(order).values("turn")[:1])
