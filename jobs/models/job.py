"""The job row. The row *is* the job: the broker only rings."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import ApiKey
from jobs.models.batch import Batch


class Status(models.TextChoices):
    QUEUED = "queued", "Queued"  # waits for a worker
    PROCESSING = "processing", "Processing"  # a worker holds the lease
    COMPLETED = "completed", "Completed"  # the result is there, the credits are spent
    FAILED = "failed", "Failed"  # no result, the credits are back
    BLOCKED = "blocked", "Blocked"  # the content filter said no, the credits are back
    CANCELED = "canceled", "Canceled"  # withdrawn while queued, the credits are back


class Review(models.TextChoices):
    """A person's part in what the content filter decides."""

    WANTED = "wanted", "The filter is not sure"
    APPEALED = "appealed", "The customer appeals"
    UPHELD = "upheld", "Looked at: stays as it is"
    RELEASED = "released", "Looked at: let through"


ENDED = (Status.COMPLETED, Status.FAILED, Status.BLOCKED, Status.CANCELED)
REFUSED = (Status.FAILED, Status.BLOCKED)


class Job(models.Model):
    """One removal: what was asked, who pays, how far it has come."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    batch = models.ForeignKey(
        Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="jobs", db_index=False
    )
    batch_index = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Which picture of the batch, from 0."
    )
    operation = models.CharField(max_length=40)
    price_credits = models.PositiveIntegerField()
    is_sandbox = models.BooleanField(default=False, db_default=False, help_text="Of a test key: free, and stamped.")

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Fencing token: counts claims.")
    lease_until = models.DateTimeField(null=True, blank=True)
    ring_at = models.DateTimeField(help_text="When the sweeper rings for this job again.")
    not_before = models.DateTimeField(null=True, blank=True, help_text="Held back until then after a passing failure.")
    turn = models.BigIntegerField(default=0, db_default=0, help_text="Place in the fair order; see jobs/fairness.py.")
    deadline_at = models.DateTimeField(help_text="A job still queued then fails.")
    cancel_at = models.DateTimeField(null=True, blank=True, help_text="A job still queued then is canceled.")
    stage = models.CharField(max_length=20, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)

    input_name = models.CharField(max_length=200, blank=True)
    input_format = models.CharField(max_length=8)
    mask_name = models.CharField(max_length=200, blank=True)
    boxes = models.JSONField(default=list, blank=True)
    clicks = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), blank=True)
    object_box = models.JSONField(null=True, blank=True, help_text="An object is to be found in it.")
    segmentation = models.JSONField(null=True, blank=True, help_text="COCO's run lengths or polygons.")
    prompt = models.TextField(blank=True, default="", db_default="", help_text="What to remove, in words.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    output_format = models.CharField(max_length=8, blank=True, help_text="Empty: the input's own.")
    quality = models.PositiveSmallIntegerField(null=True, blank=True)
    metadata_policy = models.CharField(max_length=10, default="keep", db_default="keep")
    mode = models.CharField(max_length=8, default="fast", db_default="fast", help_text="Fast or quality.")
    grow = models.CharField(max_length=8, default="0", db_default="0", help_text="Pixels, percent or auto.")
    feather = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Pixels; empty: half of the growth.")

    output_name = models.CharField(max_length=200, blank=True)
    output_type = models.CharField(max_length=40, blank=True)
    input_preview_name = models.CharField(max_length=200, blank=True)
    output_preview_name = models.CharField(max_length=200, blank=True)
    engine = models.CharField(max_length=40, blank=True)
    receipt = models.JSONField(null=True, blank=True)
    selection = models.JSONField(null=True, blank=True, help_text="What was found, of jobs that look for something.")
    safety = models.JSONField(null=True, blank=True, help_text="Verdict and scores; not told to the caller.")
    review = models.CharField(
        max_length=10, choices=Review, blank=True, default="", db_default="", help_text="Whether a person should look."
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)

    webhook_url = models.CharField(max_length=2048, blank=True, default="", db_default="")
    metadata = models.JSONField(null=True, blank=True, help_text="The caller's own; returned untouched.")

    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    keep_hours = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: as the site is set.")
    delete_images_at = models.DateTimeField(null=True, blank=True, help_text="Known once the job has ended.")
    images_deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="job_status_known"),
            models.CheckConstraint(
                condition=Q(status=Status.PROCESSING, lease_until__isnull=False)
                | (~Q(status=Status.PROCESSING) & Q(lease_until__isnull=True)),
                name="job_leased_while_processing",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDED, ended_at__isnull=False)
                | (~Q(status__in=ENDED) & Q(ended_at__isnull=True)),
                name="job_end_has_a_time",
            ),
            models.CheckConstraint(
                condition=(Q(status__in=REFUSED) & ~Q(error_code="")) | (~Q(status__in=REFUSED) & Q(error_code="")),
                name="job_refusal_has_a_reason",
            ),
            models.CheckConstraint(
                condition=(Q(status=Status.COMPLETED) & ~Q(output_type="")) | ~Q(status=Status.COMPLETED),
                name="job_completed_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(output_name="") | Q(status=Status.COMPLETED), name="job_result_only_when_completed"
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="job_progress_in_percent"),
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="job_has_a_size"),
            models.CheckConstraint(
                condition=Q(batch__isnull=True, batch_index__isnull=True)
                | Q(batch__isnull=False, batch_index__isnull=False),
                name="job_of_a_batch_has_a_place",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="job_by_user"),
            models.Index(fields=["api_key", "created_at"], condition=Q(api_key__isnull=False), name="job_by_key"),
            models.Index(fields=["user", "created_at"], condition=Q(is_sandbox=True), name="job_sandbox"),
            models.Index(fields=["batch", "batch_index"], condition=Q(batch__isnull=False), name="job_by_batch"),
            models.Index(fields=["ring_at"], condition=Q(status=Status.QUEUED), name="job_due"),
            models.Index(fields=["lease_until"], condition=Q(status=Status.PROCESSING), name="job_lease"),
            models.Index(fields=["turn", "created_at"], condition=Q(status=Status.QUEUED), name="job_fair_order"),
            models.Index(fields=["user", "-turn"], condition=Q(status=Status.QUEUED), name="job_last_turn"),
            models.Index(fields=["-turn"], condition=Q(status=Status.PROCESSING), name="job_turn_now"),
            models.Index(
                fields=["delete_images_at"],
                condition=Q(images_deleted_at__isnull=True, delete_images_at__isnull=False),
                name="job_images_due",
            ),
            models.Index(
                fields=["cancel_at"], condition=Q(status=Status.QUEUED, cancel_at__isnull=False), name="job_to_cancel"
            ),
            models.Index(fields=["-ended_at"], condition=Q(ended_at__isnull=False), name="job_by_end"),
            models.Index(fields=["user", "ended_at"], condition=Q(status=Status.BLOCKED), name="job_blocked"),
            models.Index(fields=["user"], condition=Q(review=Review.RELEASED), name="job_released"),
            models.Index(fields=["review"], condition=Q(review__in=("wanted", "appealed")), name="job_to_look_at"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def credits_used(self) -> int:
        """What the job costs, or would: a job that failed, was blocked or canceled costs nothing."""
        return self.price_credits if self.status in (Status.QUEUED, Status.PROCESSING, Status.COMPLETED) else 0

    @property
    def image_names(self) -> tuple[str, ...]:
        return (self.input_name, self.mask_name, self.output_name, self.input_preview_name, self.output_preview_name)
