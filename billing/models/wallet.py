"""Wallets, credit lots and the ledger: what may be stored at all. Workflows live in `ledger.py`.

The triggers that make the ledger append-only and the wallet its mirror are in `triggers.py`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from billing.models.plans import Plan


class Wallet(models.Model):
    """The row that owns an account's credits. Its two pockets change only through ledger entries."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wallet")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    available = models.BigIntegerField(default=0, editable=False)
    held = models.BigIntegerField(default=0, editable=False)
    given_plan = models.ForeignKey(
        Plan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Given by an operator; holds while no subscription is paid.",
    )
    months_granted_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="End of the last month whose credits we gave ourselves."
    )
    stripe_customer = models.CharField(
        max_length=64, null=True, blank=True, unique=True
    )  # NULL keeps it out of the unique index

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(available__gte=0), name="wallet_available_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="wallet_held_not_negative"),
        ]
        indexes = [models.Index(fields=["months_granted_until"], name="wallet_month_due")]

    def __str__(self) -> str:
        return f"wallet of {self.user_id}"


class LotKind(models.TextChoices):
    SIGNUP = "signup", "Sign-up credits"
    PLAN = "plan", "Monthly credits"
    TOPUP = "topup", "Top-up"
    ADJUSTMENT = "adjustment", "Adjustment"


class CreditLot(models.Model):
    """Credits granted together: how many, what remains, until when. Spending takes the lot that expires first."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots")
    kind = models.CharField(max_length=16, choices=LotKind.choices)
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LotKind.values), name="lot_kind_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="lot_amount_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(remaining__lte=F("amount")), name="lot_remaining_within_amount"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "expires_at"], condition=Q(remaining__gt=0), name="lot_spendable"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount} ({self.kind})"


class EntryKind(models.TextChoices):
    GRANT = "grant", "Credits granted"
    HOLD = "hold", "Held for a job"
    CAPTURE = "capture", "Job completed"
    REFUND = "refund", "Refunded"
    EXPIRE = "expire", "Expired"
    ADJUST = "adjust", "Adjusted"
    CLAWBACK = "clawback", "Taken back"


_JOB_KINDS = (EntryKind.HOLD, EntryKind.CAPTURE, EntryKind.REFUND)
_RESOLUTIONS = (EntryKind.CAPTURE, EntryKind.REFUND)
_SOURCE_KINDS = (EntryKind.GRANT, EntryKind.EXPIRE, EntryKind.CLAWBACK)


class LedgerEntry(models.Model):
    """One posting between the pockets of a wallet and the outside. Rows are only ever added.

    `available_after` and `held_after` chain the entries of a wallet: a trigger refuses an entry that does not follow
    from the one before, then moves the wallet to them.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=EntryKind.choices)
    amount = models.BigIntegerField(help_text="Always positive, but for an adjustment, which may take credits away.")
    available_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    job_id = models.UUIDField(null=True, blank=True, help_text="No foreign key: billing does not know jobs.")
    hold = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="resolutions")
    source = models.CharField(max_length=120, null=True, blank=True, help_text="Makes a grant happen once.")  # noqa: DJ001  # NULL keeps it out of the unique index
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="entry_kind_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | (Q(kind=EntryKind.ADJUST) & ~Q(amount=0)), name="entry_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(available_after__gte=0) & Q(held_after__gte=0), name="entry_pockets_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_JOB_KINDS, job_id__isnull=False)
                | (~Q(kind__in=_JOB_KINDS) & Q(job_id__isnull=True)),
                name="entry_job_where_a_job_pays",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_RESOLUTIONS, hold__isnull=False)
                | (~Q(kind__in=(EntryKind.CAPTURE, EntryKind.REFUND)) & Q(hold__isnull=True)),
                name="entry_hold_where_resolved",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_SOURCE_KINDS, source__isnull=False) | ~Q(kind__in=_SOURCE_KINDS),
                name="entry_source_where_outside",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EntryKind.ADJUST) | Q(actor__isnull=False, reason__regex=r".{5,}"),
                name="entry_adjust_says_who_and_why",
            ),
            models.UniqueConstraint(fields=["job_id"], condition=Q(kind=EntryKind.HOLD), name="one_hold_per_job"),
            models.UniqueConstraint(
                fields=["hold"],
                condition=Q(kind__in=_RESOLUTIONS),
                name="one_resolution_per_hold",
            ),
            models.UniqueConstraint(
                fields=["kind", "source"], condition=Q(source__isnull=False), name="one_posting_per_source"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="entry_by_wallet"),
            models.Index(fields=["wallet", "created_at"], name="entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class LotDraw(models.Model):
    """How much of which lot a hold took, so that a refund finds its way back. Rows are only ever added."""

    hold = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="draws")
    lot = models.ForeignKey(CreditLot, on_delete=models.PROTECT, related_name="draws")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="draw_amount_positive"),
            models.UniqueConstraint(fields=["hold", "lot"], name="one_draw_per_hold_and_lot"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} from lot {self.lot_id}"


class Debt(models.Model):
    """Credits that had to be taken back and were spent already. Until it is paid, nothing new can be held.

    The next grant pays it, by clawback entries.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="debts")
    source = models.CharField(max_length=120, unique=True, help_text="What took the credits back: a refund, a dispute.")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="debt_amount_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(remaining__lte=F("amount")), name="debt_remaining_within_amount"
            ),
        ]
        indexes = [models.Index(fields=["wallet"], condition=Q(remaining__gt=0), name="debt_open")]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount} owed"
