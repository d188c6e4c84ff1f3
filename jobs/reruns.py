"""Run an ended job once more, from the pictures that are still stored. It costs as the first run did."""

from __future__ import annotations

from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from accounts.models import User
from jobs import acceptance, storage
from jobs.catalogue import OPERATIONS
from jobs.copies import copy_of
from jobs.models import Job, Status
from pixelsite.lib.errors import PixelsiteError


class NotRepeatable(PixelsiteError):
    """Only a photo that is done, failed or was canceled can be run again. A blocked one can be appealed."""

    code = "not_repeatable"
    status = 409


def run_again(*, job: Job, user: User) -> Job:
    """A new job with the same picture and wishes, by hand of its owner: it has no key, and calls no webhook.

    Raises `NotRepeatable`, `PictureGone`, `StorageUnavailable`, or the limit that lets it not through.
    """
    if job.status not in (Status.COMPLETED, Status.FAILED, Status.CANCELED):
        raise NotRepeatable
    buyer = acceptance.buyer_of(user, OPERATIONS[job.operation], None)
    acceptance.refuse_before_storing(buyer)
    copied = copy_of(job)
    asked: dict[str, Any] = copied.asked | {"webhook_url": ""}
    try:
        with transaction.atomic():
            acceptance.hold(buyer, copied.job_id)
            again = acceptance.create_row(copied.job_id, buyer, files=copied.files, operation=job.operation, **asked)
            transaction.on_commit(lambda: acceptance.ring([again]))
    except (OperationalError, InterfaceError):
        raise  # the commit may have happened all the same; if not, the sweep finds the files
    except BaseException:
        storage.delete(copied.files)
        raise
    return again
