"""What is wrong with a site after a run, read from its own database and files.

`python -m tests.faults.audit [--within SECONDS]` looks until every job has ended and every event has arrived, then until
nothing is wrong, or until the time is up. Prints JSON: `wrong` is empty when nothing was lost, charged twice, left behind
or not told.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

_SHOWN = 20  # of each kind of offence


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--within", type=float, default=0)
    within_s = options.parse_args().within
    django.setup()
    started = time.monotonic()
    deadline = started + within_s
    while _under_way() and time.monotonic() < deadline:
        time.sleep(0.5)
    final_after_s = time.monotonic() - started
    while (found := facts())["wrong"] and time.monotonic() < deadline:
        time.sleep(1)
    print(json.dumps(found | {"final_after_s": final_after_s, "tidy_after_s": time.monotonic() - started}))


def _under_way() -> bool:
    from jobs.models import Job, Status  # noqa: PLC0415  # Django is set up only now

    return Job.objects.filter(status__in=(Status.QUEUED, Status.PROCESSING)).exists()


def facts() -> dict[str, Any]:
    """Everything that is wrong now, and what came of the jobs."""
    from billing import invariants  # noqa: PLC0415  # as above
    from jobs.models import Job, WebhookDelivery  # noqa: PLC0415

    jobs = list(Job.objects.defer("receipt", "boxes"))
    wrong = [f"{violation.invariant}: {violation.offender}" for violation in invariants.violations()]
    for kind in (_open(jobs), _resolved_otherwise_than_once(jobs), _files(jobs), _events(jobs)):
        wrong += list(kind)[:_SHOWN]
    lost = [job for job in jobs if job.error_code == "worker_lost"]
    return {
        "wrong": wrong,
        "jobs": {str(job.pk): job.status for job in jobs},
        "errors": Counter(job.error_code for job in jobs if job.error_code),
        "attempts": Counter(str(job.attempt) for job in jobs),
        "innocent_lost": sum(not (job.metadata or {}).get("poison") for job in lost),
        "poisoned": {
            str(job.pk): [job.status, job.error_code, job.attempt] for job in jobs if (job.metadata or {}).get("poison")
        },
        "events": {
            f"evt_{delivery.pk.hex}": str(delivery.job_id) for delivery in WebhookDelivery.objects.exclude(job=None)
        },
    }


def _open(jobs: list[Any]) -> Iterator[str]:
    yield from (f"job {job.pk} is {job.status}" for job in jobs if not job.is_ended)


def _resolved_otherwise_than_once(jobs: list[Any]) -> Iterator[str]:
    """Looks at the entries themselves, whatever indexes and triggers promise."""
    from billing.models import LedgerEntry  # noqa: PLC0415  # as above

    resolutions = Counter(LedgerEntry.objects.exclude(hold=None).values_list("job_id", flat=True))
    holds = Counter(LedgerEntry.objects.filter(kind="hold").values_list("job_id", flat=True))
    for job in jobs:
        if job.price_credits and job.is_ended and (holds[job.pk], resolutions[job.pk]) != (1, 1):
            yield f"job {job.pk} has {holds[job.pk]} holds and {resolutions[job.pk]} resolutions"


def _files(jobs: list[Any]) -> Iterator[str]:
    """Every file has its job, every completed job its files, no other job a result."""
    from django.conf import settings  # noqa: PLC0415  # as above

    root = Path(settings.MEDIA_ROOT)
    stored = {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*") if path.is_file()}
    named = {name for job in jobs for name in job.image_names if name}
    yield from (f"no job knows the file {name}" for name in sorted(stored.keys() - named))
    for job in jobs:
        if job.status == "completed" and not stored.get(job.output_name):
            yield f"completed job {job.pk} lacks its result"
        yield from (f"job {job.pk} lacks its file {name}" for name in job.image_names if name and name not in stored)


def _events(jobs: list[Any]) -> Iterator[str]:
    from jobs.models import WebhookDelivery  # noqa: PLC0415  # as above

    told = Counter(WebhookDelivery.objects.values_list("job_id", flat=True))
    for job in jobs:
        if job.is_ended and bool(job.webhook_url) != (told[job.pk] == 1):
            yield f"job {job.pk} has {told[job.pk]} events"
    undelivered = WebhookDelivery.objects.exclude(state="delivered")
    yield from (f"event {pk} is {state}" for pk, state in undelivered.values_list("pk", "state")[:_SHOWN])


if __name__ == "__main__":
    main()
