"""What is wrong with a site after a run, read from its own database and files: `python -m tests.faults.audit`.

Prints JSON: `wrong` is empty when nothing was lost, charged twice, left behind or not told.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import django


def main() -> None:
    django.setup()
    print(json.dumps(facts()))


def facts() -> dict[str, Any]:
    from django.conf import settings  # noqa: PLC0415  # Django is set up only now

    from billing import invariants  # noqa: PLC0415
    from jobs.models import ENDED, Job, WebhookDelivery  # noqa: PLC0415

    jobs = list(Job.objects.all())
    wrong = [f"{violation.invariant}: {violation.offender}" for violation in invariants.violations()]
    wrong += [f"job {job.pk} is {job.status}" for job in jobs if job.status not in ENDED]
    root = Path(settings.MEDIA_ROOT)
    stored = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    named = {name for job in jobs for name in job.image_names if name}
    wrong += [f"no job knows the file {name}" for name in sorted(stored - named)]
    wrong += [
        f"completed job {job.pk} lacks its result" for job in jobs if job.output_name and job.output_name not in stored
    ]
    told = Counter(WebhookDelivery.objects.values_list("job_id", flat=True))
    wrong += [f"job {job.pk} has {told[job.pk]} events" for job in jobs if bool(job.webhook_url) != (told[job.pk] == 1)]
    wrong += [
        f"event {pk} is {state}"
        for pk, state in WebhookDelivery.objects.exclude(state="delivered").values_list("pk", "state")
    ]
    return {
        "wrong": wrong,
        "jobs": {str(job.pk): job.status for job in jobs},
        "errors": Counter(job.error_code for job in jobs if job.error_code),
        "attempts": Counter(str(job.attempt) for job in jobs),
        "poisoned": {
            str(job.pk): [job.status, job.error_code, job.attempt] for job in jobs if (job.metadata or {}).get("poison")
        },
        "events": {
            f"evt_{delivery.pk.hex}": str(delivery.job_id) for delivery in WebhookDelivery.objects.exclude(job=None)
        },
    }


if __name__ == "__main__":
    main()
