"""Whose job is next: paid first, nobody starved, nobody behind another's ten thousand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services
from accounts.models import User
from billing import ledger
from billing.models import LotKind, Plan, Wallet
from inference import tasks
from jobs import fairness, lifecycle
from jobs.catalogue import REMOVE_OBJECT, operations_of
from jobs.models import Job, Status

MINE = operations_of(REMOVE_OBJECT.task)
Submit = Callable[..., Job]
_numbers = itertools.count()


@pytest.fixture
def account(db: None) -> Callable[..., User]:
    def account(*, plan: str = "free") -> User:
        user = services.register_user(email=f"someone-{next(_numbers)}@example.com")
        wallet = ledger.wallet_of(user)
        Wallet.objects.filter(pk=wallet.pk).update(plan=Plan.objects.get(slug=plan))
        ledger.grant(wallet=wallet, kind=LotKind.TOPUP, amount=100_000, source=f"test:{user.pk}")
        return user

    return account


@pytest.fixture
def queued(submit: Submit) -> Callable[[User, int], list[Job]]:
    """Queue jobs of an account as submission does, without their images."""
    pattern = submit()
    lifecycle.cancel_job(job=pattern)

    def queued(user: User, count: int) -> list[Job]:
        wallet = ledger.wallet_of(user)
        jobs = []
        for _ in range(count):
            job = Job.objects.get(pk=pattern.pk)
            job.pk, job.user, job.status, job.price_credits = Job._meta.pk.get_default(), user, Status.QUEUED, 0
            job.ended_at = job.delete_images_at = None
            job.turn = fairness.next_turn(user=user, is_paid=wallet.plan.is_paid)
            job.created_at = timezone.now()
            job.save(force_insert=True)
            jobs.append(Job.objects.get(pk=job.pk))
        return jobs

    return queued


def _order() -> list[User]:
    """Whose jobs are claimed, one after the other; each is finished before the next."""
    owners = []
    while (job := lifecycle.claim_next(operations=MINE)) is not None:
        owners.append(job.user)
        lifecycle.fail_job(job_id=job.pk, attempt=job.attempt, code="test", message="test")
    return owners


def test_jobs_of_one_account_are_done_in_the_order_they_came(queued, account) -> None:
    jobs = queued(account(), 3)

    claimed = [lifecycle.claim_next(operations=MINE) for _ in jobs]

    assert [job.pk for job in claimed if job] == [job.pk for job in jobs]


def test_many_jobs_of_one_account_delay_anothers_first_by_a_few(queued, account) -> None:
    busy, quiet = account(), account()
    queued(busy, 200)
    lifecycle.claim_next(operations=MINE)

    queued(quiet, 1)

    assert _order().index(quiet) <= 2


def test_paid_jobs_go_before_free_ones_that_came_with_them(queued, account) -> None:
    free, paid = account(), account(plan="pro")
    queued(free, 2)
    queued(paid, 2)

    assert _order() == [paid, paid, free, free]


def test_a_free_job_is_not_passed_over_for_ever(queued, account) -> None:
    free = account()
    paid = [account(plan="pro") for _ in range(3)]
    for user in paid:
        queued(user, 50)
    lifecycle.claim_next(operations=MINE)

    queued(free, 1)

    assert _order().index(free) <= 4 * len(paid)


def test_a_job_that_was_put_back_waits_its_pause_and_no_longer(queued, account) -> None:
    (job,) = queued(account(), 1)
    claimed = lifecycle.claim_next(operations=MINE)
    assert claimed is not None
    lifecycle.release_job(job_id=job.pk, attempt=claimed.attempt, code="test", message="test")

    assert lifecycle.claim_next(operations=MINE) is None
    Job.objects.filter(pk=job.pk).update(not_before=Now() - timedelta(seconds=1))
    assert lifecycle.claim_next(operations=MINE) is not None


def test_place_in_line_counts_the_jobs_that_go_before(queued, account) -> None:
    jobs = queued(account(), 3)

    assert [fairness.place_in_line(job) for job in jobs] == [0, 1, 2]


def test_a_job_that_is_worked_on_has_no_place(queued, account) -> None:
    queued(account(), 1)
    claimed = lifecycle.claim_next(operations=MINE)
    assert claimed is not None

    assert fairness.place_in_line(claimed) is None


def test_one_bell_is_enough_for_all_that_waits(queued, account, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(account(), 5)
    done: list[Job] = []
    monkeypatch.setattr(tasks, "work_on", done.append)

    tasks.process_jobs()

    assert len(done) == 5


def test_a_worker_that_is_told_to_stop_takes_no_further_job(queued, account, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(account(), 3)
    done: list[Job] = []
    monkeypatch.setattr(tasks, "work_on", done.append)
    monkeypatch.setattr("inference.worker.is_stopping", lambda: bool(done))

    tasks.process_jobs()

    assert len(done) == 1
