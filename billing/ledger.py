"""The only writer of lots and ledger entries.

Every function runs in one transaction and begins by locking the wallet, so that postings of one account are serial:
never below zero, never twice. The database enforces the same rules again (`models.py`, `triggers.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from accounts.people import person_of
from billing.models import CreditLot, Debt, EntryKind, LedgerEntry, LotDraw, LotKind, Plan, Wallet
from billing.plans import FREE
from pixelsite.lib.errors import PixelsiteError

# A refund whose lot has expired meanwhile: the customer gets this long to use what our failure kept from them.
REVIVED_FOR = timedelta(days=30)


class InsufficientCredits(PixelsiteError):
    """The account has fewer credits than the job costs."""

    code = "insufficient_credits"
    status = 402

    def __init__(self, *, required: int, available: int) -> None:
        self.required = required
        self.available = available
        super().__init__(
            f"Insufficient credits. Required: {required}, available: {available}. "
            f"Upgrade at {settings.SITE_URL}/pricing"
        )

    @property
    def facts(self) -> dict[str, Any]:
        return {"required": self.required, "available": self.available}


class InDebt(InsufficientCredits):
    """Credits that were refunded or disputed at the bank had been spent already. New jobs wait until they are paid."""

    code = "account_in_debt"

    def __init__(self, *, required: int, debt: int) -> None:
        super().__init__(required=required, available=0)
        self.debt = debt
        self.message = (
            f"A payment was refunded or disputed after its credits were spent: {debt} credits are owed. "
            f"Buy credits at {settings.SITE_URL}/pricing; the next ones pay the debt first."
        )

    @property
    def facts(self) -> dict[str, Any]:
        return super().facts | {"debt": self.debt}


class AlreadyResolved(PixelsiteError):
    """This job's credits were captured or refunded before."""

    code = "already_resolved"
    status = 409


def wallet_of(user: User) -> Wallet:
    """Return the account's wallet with its plan, opening it with the sign-up credits if there is none yet."""
    wallet = Wallet.objects.select_related("plan").filter(user=user).first()
    return wallet or open_wallet(user)


@transaction.atomic
def open_wallet(user: User) -> Wallet:
    """Open the wallet of a new account on the free plan and grant the sign-up credits, once to each person."""
    plan = Plan.objects.filter(slug=FREE).first() or Plan.objects.earliest("position")
    wallet, created = Wallet.objects.select_related("plan").get_or_create(user=user, defaults={"plan": plan})
    if created and settings.SIGNUP_CREDITS:
        grant(
            wallet=wallet, kind=LotKind.SIGNUP, amount=settings.SIGNUP_CREDITS, source=f"signup:{person_of(user.email)}"
        )
        wallet.refresh_from_db()
    return wallet


def available_credits(wallet: Wallet, *, now: datetime | None = None) -> int:
    """What can be spent now: the pocket without lots that have expired but are not closed yet."""
    spendable = _spendable_lots(wallet, now=now or timezone.now())
    return sum(spendable.values_list("remaining", flat=True))


@transaction.atomic
def grant(
    *,
    wallet: Wallet,
    kind: LotKind,
    amount: int,
    source: str,
    expires_at: datetime | None = None,
    now: datetime | None = None,
    **why: Any,
) -> LedgerEntry | None:
    """Add a lot of credits. `source` names where they come from: granting twice from one source changes nothing.

    `why` may hold `reason` and `actor`. What the account owes is paid from it at once. Returns the entry, or None if
    this source had granted before.
    """
    locked = _lock(wallet)
    if LedgerEntry.objects.filter(kind=EntryKind.GRANT, source=source).exists():
        return None
    CreditLot.objects.create(wallet=locked, kind=kind, amount=amount, remaining=amount, expires_at=expires_at)
    entry = _post(locked, EntryKind.GRANT, amount, available=amount, source=source, **why)
    _pay_debts(locked, paid_by=entry, now=now or timezone.now())
    return entry


def debt_of(wallet: Wallet) -> int:
    """Credits that were taken back after they had been spent, and are not paid yet."""
    return sum(Debt.objects.filter(wallet=wallet, remaining__gt=0).values_list("remaining", flat=True))


@transaction.atomic
def claw_back(*, wallet: Wallet, amount: int, source: str, reason: str, now: datetime | None = None) -> int:
    """Take back credits whose payment was returned, once per `source`; what is spent already becomes a debt.

    Returns how many credits became a debt.
    """
    now = now or timezone.now()
    locked = _lock(wallet)
    if LedgerEntry.objects.filter(kind=EntryKind.CLAWBACK, source=source).exists():
        return 0
    if Debt.objects.filter(source=source).exists():
        return 0
    return _take_or_owe(locked, amount, source=source, reason=reason, now=now)


def refuse_unless_affordable(*, wallet: Wallet, amount: int, beside: int = 0) -> None:
    """Look into the purse, which `hold` does again behind its lock. Raises `InsufficientCredits`.

    `beside` are credits that the same request is going to hold before.
    """
    if not amount:
        return
    if debt := debt_of(wallet):
        raise InDebt(required=amount, debt=debt)
    available = max(0, available_credits(wallet) - beside)
    if available < amount:
        raise InsufficientCredits(required=amount, available=available)


@transaction.atomic
def hold(*, wallet: Wallet, job_id: UUID, amount: int, now: datetime | None = None) -> LedgerEntry:
    """Set credits aside for a job, from the lots that expire first. Raises `InsufficientCredits`."""
    now = now or timezone.now()
    locked = _lock(wallet)
    lots = _spendable_after_closing(locked, now=now)
    available = sum(lot.remaining for lot in lots)
    if debt := debt_of(locked):
        raise InDebt(required=amount, debt=debt)
    if available < amount:
        raise InsufficientCredits(required=amount, available=available)
    entry = _post(locked, EntryKind.HOLD, amount, available=-amount, held=amount, job_id=job_id)
    for lot, drawn in _take(lots, amount):
        LotDraw.objects.create(hold=entry, lot=lot, amount=drawn)
    return entry


@transaction.atomic
def capture(*, job_id: UUID) -> LedgerEntry:
    """The job completed: its hold is spent. Raises `AlreadyResolved`."""
    entry, locked = _open_hold(job_id)
    return _post(locked, EntryKind.CAPTURE, entry.amount, held=-entry.amount, job_id=job_id, hold=entry)


@transaction.atomic
def refund(*, job_id: UUID, reason: str, now: datetime | None = None) -> LedgerEntry:
    """The job did not complete: its credits return to the lots they came from. Raises `AlreadyResolved`.

    What came from a lot that has expired meanwhile returns in a new lot of the same kind that lasts 30 days.
    """
    now = now or timezone.now()
    entry, locked = _open_hold(job_id)
    posted = _post(
        locked,
        EntryKind.REFUND,
        entry.amount,
        available=entry.amount,
        held=-entry.amount,
        job_id=job_id,
        hold=entry,
        reason=reason,
    )
    for draw in entry.draws.select_related("lot"):
        _give_back(draw, now=now)
    return posted


@transaction.atomic
def adjust(
    *, wallet: Wallet, amount: int, actor: User, reason: str, force: bool = False, now: datetime | None = None
) -> LedgerEntry | None:
    """Give (`amount` > 0) or take back (`amount` < 0) credits by hand. Raises `InsufficientCredits`.

    With `force` more can be taken back than is there: the rest becomes a debt. Returns the entry; None if all of it did.
    """
    now = now or timezone.now()
    locked = _lock(wallet)
    if amount > 0:
        CreditLot.objects.create(wallet=locked, kind=LotKind.ADJUSTMENT, amount=amount, remaining=amount)
        entry = _post(locked, EntryKind.ADJUST, amount, available=amount, actor=actor, reason=reason)
        _pay_debts(locked, paid_by=entry, now=now)
        return entry
    lots = _spendable_after_closing(locked, now=now)
    available = sum(lot.remaining for lot in lots)
    if available < -amount and not force:
        raise InsufficientCredits(required=-amount, available=available)
    if owed := max(0, -amount - available):
        Debt.objects.create(wallet=locked, source=f"adjust:{uuid4()}", amount=owed, remaining=owed, reason=reason)
    taken = min(-amount, available)
    _take(lots, taken)
    return _post(locked, EntryKind.ADJUST, -taken, available=-taken, actor=actor, reason=reason) if taken else None


def close_expired_lots(*, now: datetime | None = None, limit: int = 500) -> int:
    """Write off what remains of lots past their end. Returns how many wallets were visited; safe to run twice."""
    now = now or timezone.now()
    due = CreditLot.objects.filter(remaining__gt=0, expires_at__lte=now)
    wallets = Wallet.objects.filter(pk__in=due.values("wallet_id")).order_by("pk")[:limit]
    for wallet in wallets:
        with transaction.atomic():
            _spendable_after_closing(_lock(wallet), now=now)
    return len(wallets)


def _take_or_owe(locked: Wallet, amount: int, *, source: str, reason: str, now: datetime) -> int:
    lots = _spendable_after_closing(locked, now=now)
    taken = min(amount, sum(lot.remaining for lot in lots))
    if taken:
        _take(lots, taken)
        _post(locked, EntryKind.CLAWBACK, taken, available=-taken, source=source, reason=reason)
    if owed := amount - taken:
        Debt.objects.create(wallet=locked, source=source, amount=owed, remaining=owed, reason=reason)
    return owed


def _pay_debts(locked: Wallet, *, paid_by: LedgerEntry, now: datetime) -> None:
    """From whatever can be spent, oldest debt first."""
    for debt in Debt.objects.filter(wallet=locked, remaining__gt=0).order_by("pk"):
        lots = _spendable_after_closing(locked, now=now)
        paid = min(debt.remaining, sum(lot.remaining for lot in lots))
        if not paid:
            return
        _take(lots, paid)
        source = f"debt:{debt.pk}:{paid_by.pk}"
        _post(locked, EntryKind.CLAWBACK, paid, available=-paid, source=source, reason=debt.reason)
        debt.remaining -= paid
        debt.save(update_fields=["remaining"])


def _lock(wallet: Wallet) -> Wallet:
    return Wallet.objects.select_for_update().get(pk=wallet.pk)


def _open_hold(job_id: UUID) -> tuple[LedgerEntry, Wallet]:
    """The job's unresolved hold and its wallet, locked."""
    entry = LedgerEntry.objects.get(kind=EntryKind.HOLD, job_id=job_id)
    locked = Wallet.objects.select_for_update().get(pk=entry.wallet_id)
    if entry.resolutions.exists():
        raise AlreadyResolved
    return entry, locked


def _spendable_lots(wallet: Wallet, *, now: datetime) -> models.QuerySet[CreditLot]:
    return _filled_lots(wallet).filter(Q(expires_at=None) | Q(expires_at__gt=now))


def _filled_lots(wallet: Wallet) -> models.QuerySet[CreditLot]:
    return CreditLot.objects.filter(wallet=wallet, remaining__gt=0).order_by(F("expires_at").asc(nulls_last=True), "id")


def _take(lots: list[CreditLot], amount: int) -> list[tuple[CreditLot, int]]:
    """Take `amount` from the lots in their order. The caller has checked that it is there."""
    taken = []
    for lot in lots:
        if amount == 0:
            break
        drawn = min(lot.remaining, amount)
        lot.remaining -= drawn
        lot.save(update_fields=["remaining"])
        taken.append((lot, drawn))
        amount -= drawn
    return taken


def _give_back(draw: LotDraw, *, now: datetime) -> None:
    lot = draw.lot
    if lot.expires_at is None or lot.expires_at > now:
        CreditLot.objects.filter(pk=lot.pk).update(remaining=F("remaining") + draw.amount)
    else:
        CreditLot.objects.create(
            wallet_id=lot.wallet_id,
            kind=lot.kind,
            amount=draw.amount,
            remaining=draw.amount,
            expires_at=now + REVIVED_FOR,
        )


def _spendable_after_closing(locked: Wallet, *, now: datetime) -> list[CreditLot]:
    """Write off what has expired; return the other lots, the one that expires first in front."""
    lots = list(_filled_lots(locked))
    _write_off(locked, [lot for lot in lots if _has_expired(lot, now=now)])
    return [lot for lot in lots if not _has_expired(lot, now=now)]


def _has_expired(lot: CreditLot, *, now: datetime) -> bool:
    return lot.expires_at is not None and lot.expires_at <= now


def _write_off(locked: Wallet, lots: list[CreditLot]) -> None:
    for lot in lots:
        amount = lot.remaining
        lot.remaining = 0
        lot.save(update_fields=["remaining"])
        _post(locked, EntryKind.EXPIRE, amount, available=-amount, source=f"lot:{lot.pk}")


def _post(
    locked: Wallet,
    kind: EntryKind,
    amount: int,
    *,
    available: int = 0,
    held: int = 0,
    **facts: object,
) -> LedgerEntry:
    """Append one entry that moves the pockets by `available` and `held`. A trigger moves the wallet with it."""
    entry = LedgerEntry.objects.create(
        wallet=locked,
        kind=kind,
        amount=amount,
        available_after=locked.available + available,
        held_after=locked.held + held,
        **facts,
    )
    locked.available = entry.available_after
    locked.held = entry.held_after
    return entry
