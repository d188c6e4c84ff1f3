"""Users, keyed by e-mail, and their API keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Users by e-mail. `accounts.services.register_user` is what creates an ordinary account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account."""

    email = models.EmailField("e-mail", max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("may use the admin", default=False)
    is_active = models.BooleanField("may sign in and use keys", default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    rights_confirmed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Said to hold the rights to the pictures; see accounts/rights.py.",
    )
    flagged_at = models.DateTimeField(
        "flagged", null=True, blank=True, editable=False, help_text="For an operator to look at; see accounts/flags.py."
    )
    suspended_at = models.DateTimeField(
        "suspended", null=True, blank=True, editable=False, help_text="Since when an operator keeps the account out."
    )
    suspended_reason = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.split("@", 1)[0]


class Scope(models.TextChoices):
    """What a key may be used for. A key without scopes may be used for everything."""

    SUBMIT = "submit", "Submit and cancel jobs"
    READ = "read", "Read jobs, results, balance and usage"


class ApiKey(models.Model):
    """A Bearer key. The key itself is shown once and never stored; `accounts.api_keys` is the only place that hashes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, help_text="First characters of the key, to recognise it by.")
    last_four = models.CharField(max_length=4)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Refused from then on. Empty: never.")
    scopes = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text="What it may be used for. Empty: everything.",
    )
    is_sandbox = models.BooleanField(default=False, db_default=False, help_text="Tries everything, costs nothing.")
    daily_cap_credits = models.PositiveIntegerField(null=True, blank=True, help_text="Most credits a day (UTC).")
    monthly_cap_credits = models.PositiveIntegerField(null=True, blank=True, help_text="Most credits a month (UTC).")

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…{self.last_four})"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


class AuditKind(models.TextChoices):
    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    KEY_CREATED = "key_created", "API key made"
    KEY_REVOKED = "key_revoked", "API key revoked"
    ENDPOINT_ADDED = "endpoint_added", "Webhook endpoint added"
    ENDPOINT_DELETED = "endpoint_deleted", "Webhook endpoint deleted"
    ENDPOINT_ENABLED = "endpoint_enabled", "Webhook endpoint enabled"
    SECRET_SHOWN = "secret_shown", "Webhook secret shown"
    SECRET_ROTATED = "secret_rotated", "Webhook secret rotated"
    ACCOUNT_CLOSED = "account_closed", "Account closed"
    RIGHTS_CONFIRMED = "rights_confirmed", "Rights confirmed"
    FLAGGED = "flagged", "Flagged"
    FLAG_CLEARED = "flag_cleared", "Flag cleared"
    JOB_RELEASED = "job_released", "Job let through"
    JOB_UPHELD = "job_upheld", "Job stays as it is"
    KEY_CHANGED = "key_changed", "API key changed"
    KEY_ROTATED = "key_rotated", "API key replaced"
    SESSION_ENDED = "session_ended", "Session ended"
    DATA_EXPORTED = "data_exported", "Data exported"
    CODE_SENT = "code_sent", "Sign-in code sent"
    CREDITS_ADJUSTED = "credits_adjusted", "Credits adjusted"
    JOB_REFUNDED = "job_refunded", "Job refunded by hand"
    PLAN_GIVEN = "plan_given", "Plan given"
    SUSPENDED = "suspended", "Suspended"
    RESTORED = "restored", "Restored"
    VISIT_BEGUN = "visit_begun", "Operator looks at the account"
    VISIT_ENDED = "visit_ended", "Operator has looked"
    EVENT_REPLAYED = "event_replayed", "Stripe event replayed"
    ADMIN_ACTION = "admin_action", "Changed in the admin"


class AuditEvent(models.Model):
    """Something that touched the security of an account, or an operator's decision: who, when, from where. Never a secret."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit_events")
    kind = models.CharField(max_length=30, choices=AuditKind.choices)
    about = models.CharField(max_length=200, blank=True, help_text="Which key, which address, which job.")
    actor = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The operator, where it was not the account itself.",
    )
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=AuditKind.values), name="audit_kind_known"),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="audit_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.created_at:%Y-%m-%d %H:%M}"


class Letter(models.Model):
    """A mail to be sent. Written where something happens, in its transaction; `accounts.letters` sends it."""

    address = models.EmailField(max_length=254)
    kind = models.CharField(max_length=40, help_text="Names the templates: templates/letters/KIND.txt, .subject.txt.")
    key = models.CharField(max_length=160, unique=True, help_text="What it is about: one letter for one occasion.")
    context = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    try_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["try_at"],
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="letter_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"
