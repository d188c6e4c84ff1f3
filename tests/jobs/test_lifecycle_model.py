"""Jobs and money together, against a model of a page: whatever happens in whatever order, database and model agree.

Short in every test run; LIFECYCLE_RUNS=500 LIFECYCLE_STEPS=50 is the long form.
"""

from __future__ import annotations

import io
import itertools
import os
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.models import User
from billing import invariants, ledger
from billing.models import CreditLot, LotKind, Wallet
from jobs import lifecycle, retention, storage, sweeper
from jobs.acceptance import TooManyActiveJobs
from jobs.catalogue import REMOVE_OBJECT
from jobs.idempotency import IdempotentRequest
from jobs.models import Job
from jobs.submission import CallOptions, OutputOptions, submit_job
from jobs.targets import Box
from jobs.uploads import CheckedInput, Source, check_input
from tests.jobs.conftest import photo
from tests.jobs.model import Known, Lot, Purse

RUNS = int(os.environ.get("LIFECYCLE_RUNS", "30"))
STEPS = int(os.environ.get("LIFECYCLE_STEPS", "30"))
PRICE = REMOVE_OBJECT.price_credits
ATTEMPTS_MAX = 3
ACTIVE_MAX = 4
SIGNUP = 3 * PRICE
_numbers = itertools.count(1)
_LONG_AGO, _LONG = timedelta(hours=1), timedelta(hours=2)


class SiteMachine(RuleBasedStateMachine):
    """One account and its jobs. The clock stands still; a rule says whose time is up."""

    checked: CheckedInput

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()  # each run leaves the database as it was
        self.undo.__enter__()
        self.user = User.objects.create_user(f"m{next(_numbers)}-{uuid.uuid4().hex}@example.com")
        self.wallet = ledger.open_wallet(self.user)
        plan = self.wallet.plan
        plan.active_jobs_max = ACTIVE_MAX
        plan.save()
        self.start: datetime = timezone.now()
        self.purse = Purse([Lot(self.wallet.lots.get().pk, SIGNUP, None)])
        self.jobs: dict[uuid.UUID, Known] = {}
        self.keys: dict[str, uuid.UUID] = {}
        self.sources: list[str] = []
        self.grant(amount=3 * PRICE + 2, days=10)  # the first jobs are paid from a lot that may expire under them

    def teardown(self) -> None:
        for job in Job.objects.filter(user=self.user):
            storage.delete(job.image_names)
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One rule that chooses among what can happen now: of many rules most steps would be spent on nothing."""
        jobs = self.jobs.values()
        under_way = [job for job in jobs if job.status == "processing"]
        may_expire = any(lot.rank and not lot.has_expired for lot in self.purse.lots)
        options = [
            (self.submit, 5),
            (self.claim_next, 5 * any(job.status == "queued" for job in jobs)),
            (self.a_worker_says, 5 * bool(under_way)),
            (self.nobody_listens_to_a_worker_that_lost_its_job, 2 * any(job.attempt for job in jobs)),
            (self.a_lease_runs_out, 3 * bool(under_way)),
            (self.sweep, 4 if any(job.needs_a_sweep for job in jobs) else 1),
            (self.claim, 2 * bool(jobs)),
            (self.a_time_comes, any(not job.has_ended for job in jobs)),
            (self.cancel, bool(jobs)),
            (self.images_go, any(job.has_ended for job in jobs)),
            (self.submit_a_copy_at_once, bool(self.keys) and self.purse.balance() >= PRICE),
            (self.a_lot_expires, 2 * may_expire),
            (self.grant_some, 1),
            (self.grant_again, bool(self.sources)),
            (self.adjust, 1),
        ]
        names = [happens.__name__ for happens, weight in options for _ in range(weight)]
        getattr(self, data.draw(st.sampled_from(names)))(data)

    # --- credits ------------------------------------------------------------------------------------------------

    def grant_some(self, data: st.DataObject) -> None:
        days = data.draw(st.none() | st.integers(1, 20) | st.integers(40, 60))
        self.grant(amount=data.draw(st.integers(1, 12)), days=days)

    def grant(self, amount: int, days: int | None) -> None:
        number = next(_numbers)
        ends = None if days is None else self.start + timedelta(days=days, microseconds=number)
        source = f"model:{number}:{uuid.uuid4().hex}"
        kind = LotKind.TOPUP if days is None else LotKind.PLAN
        ledger.grant(wallet=self.wallet, kind=kind, amount=amount, source=source, expires_at=ends)
        self.sources.append(source)
        self._know_new_lot(amount, None if days is None else (days, number))

    def grant_again(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(self.sources))
        assert ledger.grant(wallet=self.wallet, kind=LotKind.TOPUP, amount=9, source=source) is None

    def adjust(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(-20, 20).filter(bool))

        def adjust() -> None:
            ledger.adjust(wallet=self.wallet, amount=amount, actor=self.user, reason="by the test")

        if amount > 0:
            adjust()
            self._know_new_lot(amount, None)
        elif self.purse.balance() < -amount:
            with pytest.raises(ledger.InsufficientCredits):
                adjust()
        else:
            adjust()
            self.purse.take(-amount)

    def a_lot_expires(self, data: st.DataObject) -> None:
        lot = data.draw(st.sampled_from([lot for lot in self.purse.lots if lot.rank and not lot.has_expired]))
        CreditLot.objects.filter(pk=lot.pk).update(expires_at=self.start - _LONG_AGO)
        lot.has_expired = True

    # --- customers ----------------------------------------------------------------------------------------------

    def submit(self, data: st.DataObject) -> None:
        key, may_wait = data.draw(st.sampled_from([None, uuid.uuid4().hex])), data.draw(st.booleans())
        unfinished = sum(job.status in ("queued", "processing") for job in self.jobs.values())
        if self.purse.balance() < PRICE:
            with pytest.raises(ledger.InsufficientCredits):
                self._submit(key, may_wait=may_wait)
        elif unfinished >= ACTIVE_MAX:
            with pytest.raises(TooManyActiveJobs):
                self._submit(key, may_wait=may_wait)
        else:
            job = self._submit(key, may_wait=may_wait).job
            self.jobs[job.pk] = Known(job.pk, self.purse.take(PRICE))
            if key is not None:
                self.keys[key] = job.pk

    def submit_a_copy_at_once(self, data: st.DataObject) -> None:
        """Past the look that finds an earlier answer: only the database stands between it and a second job."""
        if sum(job.status in ("queued", "processing") for job in self.jobs.values()) >= ACTIVE_MAX:
            return
        key = data.draw(st.sampled_from(sorted(self.keys)))
        copy = self._submit(key, may_wait=True)
        assert (copy.is_replay, copy.job.pk) == (True, self.keys[key])

    def cancel(self, data: st.DataObject) -> None:
        job = self._any_job(data)
        if job.status == "queued":
            lifecycle.cancel_job(job=Job.objects.get(pk=job.pk))
            self._refunded(job, "canceled")
        else:
            with pytest.raises(lifecycle.NotCancelable):
                lifecycle.cancel_job(job=Job.objects.get(pk=job.pk))

    def images_go(self, data: st.DataObject) -> None:
        job = self._any_job(data, lambda job: job.has_ended)
        if data.draw(st.booleans()):
            retention.delete_images(Job.objects.get(pk=job.pk))
            job.has_images = False
        else:
            Job.objects.filter(pk=job.pk).update(delete_images_at=Now() - _LONG_AGO)
            job.images_due = True

    # --- workers ------------------------------------------------------------------------------------------------

    def claim_next(self, data: st.DataObject) -> None:
        free = {
            job.pk
            for job in self.jobs.values()
            if job.status == "queued" and not (job.is_paused or job.is_late or job.is_unwanted)
        }
        claimed = lifecycle.claim_next(operations=(REMOVE_OBJECT.name,))
        assert (claimed.pk in free) if claimed else not free
        if claimed:
            self._claimed(self.jobs[claimed.pk])

    def claim(self, data: st.DataObject) -> None:
        job = self._any_job(data)
        is_free = job.status == "queued" and not job.is_late
        is_left = job.status == "processing" and job.is_silent
        may = (is_free or is_left) and job.attempt < ATTEMPTS_MAX
        assert (lifecycle.claim_job(job.pk) is not None) == may
        if may:
            self._claimed(job)

    def a_worker_says(self, data: st.DataObject) -> None:
        what = data.draw(st.sampled_from(sorted(_SAYINGS)))
        job = self._any_job(data, lambda job: job.status == "processing")
        assert _SAYINGS[what](job.pk, job.attempt)
        self._believe(job, what)

    def nobody_listens_to_a_worker_that_lost_its_job(self, data: st.DataObject) -> None:
        """It held the attempt before, or none that there ever was; or the job has ended and all is said twice."""
        job = self._any_job(data, lambda job: job.attempt > 0)
        wrong = [job.attempt - 1, job.attempt + 1] + ([job.attempt] if job.status != "processing" else [])
        assert not any(say(job.pk, attempt) for attempt in wrong for say in _SAYINGS.values())

    def _believe(self, job: Known, what: str) -> None:
        if what == "beat":
            job.is_silent = False
        elif what == "complete":
            job.status, job.drawn = "completed", []
        elif what in ("fail", "block"):
            self._refunded(job, {"fail": "failed", "block": "blocked"}[what])
        elif what == "release":
            self._back_in_line(job, pauses=True)

    # --- time ---------------------------------------------------------------------------------------------------

    def a_lease_runs_out(self, data: st.DataObject) -> None:
        job = self._any_job(data, lambda job: job.status == "processing")
        Job.objects.filter(pk=job.pk).update(lease_until=Now() - _LONG_AGO)
        job.is_silent = True

    def a_time_comes(self, data: st.DataObject) -> None:
        job = self._any_job(data, lambda job: not job.has_ended)
        which = data.draw(st.sampled_from(["deadline_at", "cancel_at", "not_before", "not_before"]))
        Job.objects.filter(pk=job.pk).update(**{which: Now() - _LONG_AGO})
        name = {"deadline_at": "is_late", "cancel_at": "is_unwanted", "not_before": "is_paused"}[which]
        setattr(job, name, which != "not_before")

    def sweep(self, data: st.DataObject) -> None:
        sweeper.sweep()
        for job in self.jobs.values():
            if job.status == "processing" and job.is_silent:
                self._back_in_line(job, pauses=job.attempt >= 2)
            if job.status == "queued" and job.is_late:
                self._refunded(job, "failed")
            if job.status == "queued" and job.is_unwanted:
                self._refunded(job, "canceled")
            if job.images_due:
                job.has_images = False
        self.purse.close_expired()

    # --- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_in_order(self) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # what is checked at commit, now
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert invariants.violations() == []

    @invariant()
    def database_and_model_agree(self) -> None:
        wallet = Wallet.objects.get(pk=self.wallet.pk)
        held = sum(part for job in self.jobs.values() for _, part in job.drawn)
        assert (ledger.available_credits(wallet), wallet.held) == (self.purse.balance(), held)
        assert wallet.available == sum(lot.remaining for lot in self.purse.lots)
        assert dict(self.wallet.lots.values_list("pk", "remaining")) == {
            lot.pk: lot.remaining for lot in self.purse.lots
        }
        rows = Job.objects.filter(user=self.user).values_list("pk", "status", "attempt", "input_name")
        assert {pk: (status, attempt, bool(name)) for pk, status, attempt, name in rows} == {
            job.pk: (job.status, job.attempt, job.has_images) for job in self.jobs.values()
        }

    # --- how the model moves ------------------------------------------------------------------------------------

    def _submit(self, key: str | None, *, may_wait: bool) -> Any:
        idempotent = IdempotentRequest(user=self.user, key=key, fingerprint="same") if key else None
        call = CallOptions(idempotent=idempotent, cancel_after_s=None if may_wait else 24 * 3600)
        return submit_job(
            user=self.user, operation=REMOVE_OBJECT, checked=self.checked, output=OutputOptions(), call=call
        )

    def _any_job(self, data: st.DataObject, fits: Callable[[Known], bool] = lambda _: True) -> Known:
        return data.draw(st.sampled_from([job for job in self.jobs.values() if fits(job)]))

    def _claimed(self, job: Known) -> None:
        job.status, job.attempt, job.is_silent = "processing", job.attempt + 1, False

    def _back_in_line(self, job: Known, *, pauses: bool) -> None:
        if job.attempt >= ATTEMPTS_MAX:
            self._refunded(job, "failed")
            return
        job.status, job.is_silent, job.is_paused = "queued", False, pauses
        if pauses:  # for longer than any run takes
            Job.objects.filter(pk=job.pk, status="queued").update(not_before=Now() + _LONG)

    def _refunded(self, job: Known, status: str) -> None:
        job.status = status
        for lot, part in job.drawn:
            if lot.has_expired:
                self._know_new_lot(part, (30, next(_numbers)))
            else:
                lot.remaining += part
        job.drawn = []

    def _know_new_lot(self, amount: int, rank: tuple[int, int] | None) -> None:
        known = [lot.pk for lot in self.purse.lots]
        newest = CreditLot.objects.filter(wallet=self.wallet).exclude(pk__in=known).earliest("pk")
        self.purse.lots.append(Lot(newest.pk, amount, rank))


def _complete(job_id: uuid.UUID, attempt: int) -> bool:
    name = storage.output_name(job_id, attempt, "png")
    preview = storage.preview_name(job_id, attempt, "input")
    result = lifecycle.Result(
        output_name=name, output_type="image/png", input_preview_name=preview, output_preview_name=preview,
        engine="test", receipt={},
    )  # fmt: skip
    return lifecycle.complete_job(job_id=job_id, attempt=attempt, result=result)


_REASON = {"code": "test", "message": "For the test."}
_SAYINGS: dict[str, Callable[[uuid.UUID, int], bool]] = {
    "beat": lambda pk, attempt: lifecycle.heartbeat(job_id=pk, attempt=attempt),
    "progress": lambda pk, attempt: lifecycle.note_progress(job_id=pk, attempt=attempt, stage="filling", percent=5),
    "complete": _complete,
    "fail": lambda pk, attempt: lifecycle.fail_job(job_id=pk, attempt=attempt, **_REASON),
    "block": lambda pk, attempt: lifecycle.block_job(job_id=pk, attempt=attempt, safety=None, **_REASON),
    "release": lambda pk, attempt: lifecycle.release_job(job_id=pk, attempt=attempt, **_REASON),
}


@pytest.mark.django_db
def test_any_history_of_jobs_leaves_jobs_and_money_in_order(settings: Any) -> None:
    settings.SIGNUP_CREDITS, settings.JOB_ATTEMPTS_MAX, settings.LEASE_S = SIGNUP, ATTEMPTS_MAX, 3600
    box = ("bbox", Box(x=4, y=4, width=9, height=9))
    SiteMachine.checked = check_input(image=Source(file=io.BytesIO(photo())), mask=None, boxes=(box,))
    run_state_machine_as_test(
        SiteMachine,
        settings=_hypothesis_settings,
    )


_hypothesis_settings = settings(
    max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
