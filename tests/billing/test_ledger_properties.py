"""Whatever happens in whatever order, the ledger agrees with a model of a few lines."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import User
from billing import invariants, ledger
from billing.models import LotKind, Wallet

_numbers = itertools.count()
_amounts = st.integers(min_value=1, max_value=30)


class LedgerMachine(RuleBasedStateMachine):
    """The model: lots as [remaining, ends at or None], open holds as {job: [(lot, amount)…]}."""

    def __init__(self) -> None:
        super().__init__()
        self.user = User.objects.create_user(f"p{next(_numbers)}-{uuid.uuid4().hex}@example.com")
        self.wallet = ledger.open_wallet(self.user)
        self.now: datetime = timezone.now()
        self.lots: list[Any] = [[500, None]]
        self.holds: dict[uuid.UUID, list[tuple[Any, int]]] = {}
        self.resolved: list[uuid.UUID] = []
        self.debt = 0

    def _spendable(self) -> list[Any]:
        alive = [lot for lot in self.lots if lot[0] and (lot[1] is None or lot[1] > self.now)]
        return sorted(alive, key=lambda lot: (lot[1] is None, lot[1] or self.now))

    def _take(self, amount: int) -> list[tuple[Any, int]] | None:
        lots = self._spendable()
        if sum(lot[0] for lot in lots) < amount:
            return None
        taken = []
        for lot in lots:
            part = min(lot[0], amount)
            if part:
                lot[0] -= part
                taken.append((lot, part))
                amount -= part
        return taken

    def _pay_debt(self) -> None:
        paid = min(self.debt, sum(lot[0] for lot in self._spendable()))
        self._take(paid)
        self.debt -= paid

    @rule(amount=st.integers(min_value=1, max_value=700))
    def claw_back(self, amount: int) -> None:
        taken = min(amount, sum(lot[0] for lot in self._spendable()))
        self._take(taken)
        self.debt += amount - taken
        source = uuid.uuid4().hex
        for _ in range(2):
            ledger.claw_back(wallet=self.wallet, amount=amount, source=source, reason="returned", now=self.now)

    @rule(amount=_amounts, days=st.none() | st.integers(min_value=1, max_value=40))
    def grant(self, amount: int, days: int | None) -> None:
        # Ends differ by a moment, so that which lot is next never is a tie.
        ends = None if days is None else self.now + timedelta(days=days, microseconds=next(_numbers))
        ledger.grant(
            wallet=self.wallet, kind=LotKind.PLAN, amount=amount, source=uuid.uuid4().hex, expires_at=ends, now=self.now
        )
        self.lots.append([amount, ends])
        self._pay_debt()

    @rule(amount=_amounts)
    def hold(self, amount: int) -> None:
        job_id = uuid.uuid4()
        taken = None if self.debt else self._take(amount)
        if taken is None:
            with pytest.raises(ledger.InsufficientCredits):
                ledger.hold(wallet=self.wallet, job_id=job_id, amount=amount, now=self.now)
        else:
            ledger.hold(wallet=self.wallet, job_id=job_id, amount=amount, now=self.now)
            self.holds[job_id] = taken

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def capture(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.holds)))
        ledger.capture(job_id=job_id)
        del self.holds[job_id]
        self.resolved.append(job_id)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.holds)))
        ledger.refund(job_id=job_id, reason="failed", now=self.now)
        for lot, amount in self.holds.pop(job_id):
            if lot[1] is None or lot[1] > self.now:
                lot[0] += amount
            else:
                self.lots.append([amount, self.now + ledger.REVIVED_FOR])
        self.resolved.append(job_id)

    @precondition(lambda self: self.resolved)
    @rule(data=st.data(), again=st.sampled_from(["capture", "refund"]))
    def resolve_again(self, data: st.DataObject, again: str) -> None:
        job_id = data.draw(st.sampled_from(self.resolved))
        with pytest.raises(ledger.AlreadyResolved):
            ledger.capture(job_id=job_id) if again == "capture" else ledger.refund(job_id=job_id, reason="again")

    @rule(amount=st.integers(min_value=-40, max_value=40).filter(bool))
    def adjust(self, amount: int) -> None:
        if amount > 0:
            self.lots.append([amount, None])
            self._pay_debt()
        elif self._take(-amount) is None:
            with pytest.raises(ledger.InsufficientCredits):
                ledger.adjust(wallet=self.wallet, amount=amount, actor=self.user, reason="by the test", now=self.now)
            return
        ledger.adjust(wallet=self.wallet, amount=amount, actor=self.user, reason="by the test", now=self.now)

    @rule(days=st.integers(min_value=1, max_value=20))
    def time_passes(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def sweep(self) -> None:
        ledger.close_expired_lots(now=self.now)

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        wallet = Wallet.objects.get(pk=self.wallet.pk)
        spendable = sum(lot[0] for lot in self._spendable())
        held = sum(amount for taken in self.holds.values() for _, amount in taken)
        assert ledger.available_credits(wallet, now=self.now) == spendable
        assert wallet.held == held
        assert ledger.debt_of(wallet) == self.debt

    def teardown(self) -> None:
        found = [violation for violation in invariants.violations() if "job" not in violation.invariant]
        assert found == []


@pytest.mark.django_db
def test_any_history_leaves_the_ledger_in_order() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
