"""Copies of what a job was asked, and of the pictures it was asked with: nothing is uploaded a second time."""

from __future__ import annotations

import logging
import uuid

from jobs import storage
from jobs.acceptance import StorageUnavailable, Stored
from jobs.models import Job
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

# What is asked again, as it was asked first.
_ASKED = (
    "input_format", "width", "height", "boxes", "clicks", "object_box", "segmentation", "prompt", "output_format",
    "quality", "metadata_policy", "mode", "grow", "feather", "webhook_url", "metadata", "keep_hours",
)  # fmt: skip


class PictureGone(PixelsiteError):
    """The images of this job have been deleted. Send the picture in a new batch."""

    code = "gone"
    status = 410


def copy_of(job: Job) -> Stored:
    """The stored picture and mask under the id of a job that may come to be. Raises `PictureGone` or `StorageUnavailable`."""
    if not job.input_name:
        raise PictureGone
    job_id = uuid.uuid4()
    image = storage.input_name(job_id, job.input_name.rpartition(".")[2])
    mask = storage.mask_name(job_id) if job.mask_name else ""
    try:
        for old, new in ((job.input_name, image), (job.mask_name, mask)):
            if new:
                storage.write(new, storage.read(old))
    except FileNotFoundError:
        storage.delete([image, mask])
        raise PictureGone from None
    except OSError as error:
        storage.delete([image, mask])
        logger.exception("job %s: its input could not be copied", job.pk)
        raise StorageUnavailable from error
    return Stored(job_id=job_id, files=(image, mask), asked={name: getattr(job, name) for name in _ASKED})
