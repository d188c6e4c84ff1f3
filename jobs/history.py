"""An account's photos, for its owner to look through, take along and delete."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID
from zipfile import ZIP_STORED

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from accounts.models import User
from jobs import archives, retention
from jobs.archives import Member
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import ENDED, Job, Status
from jobs.representation import file_name
from jobs.results import member_name

CHOSEN_MAX = 100
_PER_PAGE = 24
_ID_START = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}", re.ASCII)
# What people look for, and the states it stands for.
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("All", tuple(Status.values)),
    "done": ("Done", (Status.COMPLETED,)),
    "working": ("In work", (Status.QUEUED, Status.PROCESSING)),
    "not-done": ("Not done", (Status.FAILED, Status.BLOCKED, Status.CANCELED)),
}


def photos_of(user: User, *, shown: str, search: str, page: str) -> Page[Job]:
    """One page of the account's photos, the newest first; a page that is not there is the nearest one."""
    jobs = _all_of(user).filter(status__in=SHOWN[shown][1]).select_related("batch")
    if search:
        jobs = jobs.filter(_found_by(search))
    return Paginator(jobs, _PER_PAGE).get_page(page)


def name_of(job: Job) -> str:
    """What the photo was called when it came, where that is known."""
    if job.batch is not None and job.batch_index is not None:
        return str(job.batch.lines[job.batch_index]["filename"])
    name = (job.metadata or {}).get("filename")
    return name if isinstance(name, str) else ""


def chosen_of(user: User, ids: Iterable[str]) -> list[Job]:
    """Those of these photos that are this account's; what is no id of a job is passed over."""
    known = [job_id for job_id in (_uuid(text) for text in ids) if job_id is not None]
    return list(_all_of(user).filter(pk__in=known[:CHOSEN_MAX]).select_related("batch"))


def delete(jobs: Sequence[Job]) -> int:
    """Delete the images of those that have ended. Returns how many that were."""
    ended = [job for job in jobs if job.status in ENDED and job.images_deleted_at is None]
    for job in ended:
        retention.delete_images(job)
    return len(ended)


def results_of(jobs: Sequence[Job]) -> Iterator[Member]:
    """The results that are still there, each under a name of its own."""
    for index, job in enumerate(jobs):
        stored = file_name(job, "output")
        if stored:
            path = member_name(index, name_of(job) or str(job.pk)[:8], stored.rpartition(".")[2])
            yield from archives.stored(path, stored, ZIP_STORED)


def _all_of(user: User) -> QuerySet[Job]:
    return Job.objects.filter(user=user, operation=REMOVE_OBJECT.name)


def _found_by(search: str) -> Q:
    """By what the photo was called, what was asked for, or how its id begins."""
    found = Q(metadata__filename__icontains=search) | Q(prompt__icontains=search)
    start = search.lower().strip()
    if _ID_START.fullmatch(start):
        digits = start.replace("-", "")
        if len(digits) <= 32:
            found |= Q(pk__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
