"""`manage.py verify_receipt`: is a receipt true? Exit status 1 if not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.errors import EngineError
from inference.verification import Check, verify
from jobs import storage
from jobs.models import Job

_WORDS = {True: "OK", False: "DIFFERS", None: "not checked"}


class Command(BaseCommand):
    """Print a line for each statement."""

    help = "Check a receipt against the files it speaks of. Exits with 1 if any of its statements is not true."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, metavar="FILE", help="receipt or job (JSON), input and output"
        )
        parser.add_argument("--mask", type=Path, help="the mask file that was sent with the input")
        parser.add_argument("--job", type=UUID, help="instead of files: a job of this site whose images still exist")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = self._checks(options["files"], options["mask"], options["job"])
        for check in checks:
            self.stdout.write(f"{_WORDS[check.holds]:12}{check.name}{': ' if check.detail else ''}{check.detail}")
        wrong = sum(check.holds is False for check in checks)
        if wrong:
            raise CommandError(f"The receipt is wrong in {wrong} place(s).")

    def _checks(self, files: list[Path], mask: Path | None, job_id: UUID | None) -> list[Check]:
        try:
            if job_id is not None:
                return _of_job(job_id)
            if len(files) != 3:
                raise CommandError("Name three files: the receipt, the input, the output. Or a job, with --job.")
            receipt, image, output = (path.read_bytes() for path in files)
            found = json.loads(receipt)
            return verify(
                found.get("receipt", found),
                image=image,
                output=output,
                mask=mask.read_bytes() if mask else None,
                max_pixels=_max_pixels(),
            )
        except (OSError, EngineError, ValueError) as error:
            raise CommandError(str(error)) from error
        except (AttributeError, KeyError, TypeError) as error:
            raise CommandError(f"This is no receipt: {error}.") from error


def _of_job(job_id: UUID) -> list[Check]:
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not job.receipt or not job.output_name or not job.input_name:
        raise CommandError("There is no such job with a receipt and images.")
    return verify(
        job.receipt,
        image=storage.read(job.input_name),
        output=storage.read(job.output_name),
        mask=storage.read(job.mask_name) if job.mask_name else None,
        max_pixels=_max_pixels(),
    )


def _max_pixels() -> int:
    return int(settings.IMAGE_MEGAPIXELS_MAX * 1_000_000)
