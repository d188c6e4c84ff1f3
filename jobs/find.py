"""One box for whatever an operator is sent: an address, the id of a job, an id of Stripe's."""

from __future__ import annotations

import re
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from billing.find import Find, by_stripe_id
from jobs.models import Job

_SHOWN = 20
_STRIPES = re.compile(r"(cus|sub|in|pi|cs|ch|re|py|pyr|dp|du|evt)_[A-Za-z0-9_]{4,200}")
WORD_LENGTH_MAX = 300


def find(word: str) -> list[Find]:
    """What this word leads to, best first: a few at most. An empty word leads nowhere."""
    word = word.strip()[:WORD_LENGTH_MAX]
    if not word or "\0" in word:
        return []
    if (job_id := _as_uuid(word)) is not None:
        return _jobs(job_id)
    if _STRIPES.fullmatch(word):
        return by_stripe_id(word)
    people = User.objects.filter(Q(email__icontains=word) | Q(name__icontains=word)).order_by("email")
    return [Find(model="accounts_user", pk=user.pk, name=user.email, user=user) for user in people[:_SHOWN]]


def _jobs(job_id: UUID) -> list[Find]:
    jobs = Job.objects.filter(pk=job_id).select_related("user")
    return [Find(model="jobs_job", pk=job.pk, name=f"Job {job.pk}, {job.status}", user=job.user) for job in jobs]


def _as_uuid(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None
