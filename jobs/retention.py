"""Images are kept for a while after a job has ended; the row stays without them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from jobs import storage
from jobs.models import Job

logger = logging.getLogger(__name__)

_LOOKED_UP_AT_ONCE = 200


def delete_images(job: Job) -> None:
    """Delete what is stored of an ended job. Safe to run twice."""
    names = job.image_names
    Job.objects.filter(pk=job.pk).update(
        input_name="",
        mask_name="",
        output_name="",
        input_preview_name="",
        output_preview_name="",
        # What was pointed at, and in which words, goes with the picture.
        clicks=[],
        object_box=None,
        segmentation=None,
        prompt="",
        images_deleted_at=Now(),
    )
    storage.delete(names)


def delete_due_images(*, limit: int = 200) -> int:
    """Delete the images of jobs that ended long enough ago. Returns how many jobs were visited."""
    due = Job.objects.filter(delete_images_at__lt=Now(), images_deleted_at__isnull=True).order_by("delete_images_at")
    jobs = list(due[:limit])
    for job in jobs:
        delete_images(job)
    return len(jobs)


def delete_orphans() -> int:
    """Delete stored files that no job knows: what a process left that died between storing and saying so.

    Younger ones may belong to a request or an attempt under way. Returns how many files were deleted.
    """
    before = timezone.now() - timedelta(seconds=settings.ORPHAN_S)
    deleted = 0
    for folder in storage.FOLDERS:
        for ids in _batched(storage.job_folders(folder), _LOOKED_UP_AT_ONCE):
            known = _names_by_job(ids)
            for job_id in ids:
                unknown = [name for name in storage.names_in(folder, job_id) if name not in known.get(job_id, ())]
                orphans = [name for name in unknown if storage.is_older(name, before)]
                storage.delete(orphans)
                deleted += len(orphans)
    if deleted:
        logger.warning("deleted %d files that no job knows", deleted)
    return deleted


def _names_by_job(ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    uuids = [UUID(job_id) for job_id in ids if _is_uuid(job_id)]
    return {str(job.pk): job.image_names for job in Job.objects.filter(pk__in=uuids)}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
