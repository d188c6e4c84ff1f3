"""A person's word above the content filter's: the owner of a blocked job may ask for it once, an operator gives it.

A blocked job keeps no picture. Letting it through therefore means: the same account may send the same picture with the
same prompt again, and the filter's refusal does not count.
"""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditKind, User
from jobs.models import Job, Review, Status
from pixelsite.lib.errors import PixelsiteError

_DECIDABLE = Q(status=Status.BLOCKED) | Q(review__in=(Review.WANTED, Review.APPEALED))
_KINDS = {Review.RELEASED: AuditKind.JOB_RELEASED, Review.UPHELD: AuditKind.JOB_UPHELD}


class NotAppealable(PixelsiteError):
    """Only a blocked job can be appealed, and only once."""

    code = "not_appealable"
    status = 409


def fingerprint_of(image: bytes, prompt: str) -> str:
    """SHA-256, in hex, of a picture's file and what was asked for in words."""
    return hashlib.sha256(hashlib.sha256(image).digest() + prompt.encode()).hexdigest()


def is_released(*, user_id: int, fingerprint: str) -> bool:
    """Whether an operator has let this account's same request through."""
    released = Job.objects.filter(user_id=user_id, review=Review.RELEASED)
    return released.filter(safety__fingerprint=fingerprint).exists()


def can_be_appealed(job: Job) -> bool:
    return job.status == Status.BLOCKED and job.review == ""


def appeal(job: Job) -> Job:
    """The owner asks a person to look. Returns the job as it is now. Raises `NotAppealable`."""
    if not Job.objects.filter(pk=job.pk, status=Status.BLOCKED, review="").update(review=Review.APPEALED):
        raise NotAppealable
    return Job.objects.get(pk=job.pk)


def can_be_decided(job: Job) -> bool:
    """Whether there is something for an operator to say; of a blocked job they may also change their mind."""
    return job.status == Status.BLOCKED or job.review in (Review.WANTED, Review.APPEALED)


def release(job: Job, *, actor: User, request: HttpRequest | None = None) -> bool:
    """An operator lets it through. False if there was nothing to decide."""
    return _decide(job, Review.RELEASED, actor=actor, request=request)


def uphold(job: Job, *, actor: User, request: HttpRequest | None = None) -> bool:
    """An operator has looked and leaves it as it is. False if there was nothing to decide."""
    return _decide(job, Review.UPHELD, actor=actor, request=request)


@transaction.atomic
def _decide(job: Job, review: Review, *, actor: User, request: HttpRequest | None) -> bool:
    is_decided = bool(Job.objects.filter(_DECIDABLE, pk=job.pk).exclude(review=review).update(review=review))
    if is_decided:
        audit.note(_KINDS[review], user=job.user, actor=actor, request=request, about=f"job {job.pk}")
    return is_decided
