"""All that the site keeps of a person, as one ZIP that is made while it is sent: no more than a piece is in memory.

Every house gives its part. What is between operators, secrets, and the content filter's scores are in none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED

from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts import export as account_export
from accounts.export import told
from accounts.models import AuditKind, User
from billing import export as billing_export
from jobs import archives
from jobs.archives import Member
from jobs.models import Batch, Job, WebhookDelivery, WebhookEndpoint
from jobs.representation import job_json
from pixelsite.lib.batches import in_batches

_README = """What this site keeps of {email}, as of {now} UTC.

account.json    profile, keys without their secrets, plan and rules
ledger.json     every movement of credits, the oldest first
jobs.json       every job: what was asked and what became of it
batches.json    pictures that were submitted together: names of their files, and what was refused
webhooks.json   endpoints without their secrets, and what was sent to them in the last 30 days
audit.json      sign-ins, keys and other events of the account's security
images/         pictures that are still kept: images/JOB/input, mask and result
"""


def begin_export(*, user: User, request: HttpRequest | None = None) -> Iterator[bytes]:
    """Write down that the account's data was asked for, and return the ZIP piece by piece."""
    audit.note(AuditKind.DATA_EXPORTED, user=user, request=request)
    return archives.zipped(_members(user))


def _members(user: User) -> Iterator[Member]:
    readme = _README.format(email=user.email, now=timezone.now().strftime("%Y-%m-%d %H:%M"))
    yield "README.txt", [readme.encode()], ZIP_DEFLATED
    account = account_export.profile_of(user) | billing_export.plan_and_rules_of(user)
    yield "account.json", [_json(account)], ZIP_DEFLATED
    yield "ledger.json", _json_list(billing_export.entries_of(user)), ZIP_DEFLATED
    yield "jobs.json", _json_list(_told_job(job) for job in _jobs(user)), ZIP_DEFLATED
    yield (
        "batches.json",
        _json_list(_told_batch(batch) for batch in in_batches(Batch.objects.filter(user=user))),
        ZIP_DEFLATED,
    )
    yield "webhooks.json", _webhooks(user), ZIP_DEFLATED
    yield "audit.json", _json_list(account_export.events_of(user)), ZIP_DEFLATED
    for job in _jobs(user):
        for path, stored in _images(job).items():
            yield from archives.stored(path, stored, ZIP_STORED)


def _images(job: Job) -> dict[str, str]:
    """Path in the ZIP and name in storage of each picture that is still kept."""
    names = {"input": job.input_name, "mask": job.mask_name, "result": job.output_name}
    return {f"images/{job.pk}/{kind}.{name.rpartition('.')[2]}": name for kind, name in names.items() if name}


def _jobs(user: User) -> Iterator[Job]:
    return in_batches(Job.objects.filter(user=user), size=200)


def _told_job(job: Job) -> dict[str, Any]:
    """What the API tells of it, but for links, and what was given."""
    answer = job_json(job, base_url="")
    del answer["output_url"], answer["place_in_line"]
    given = {
        "boxes": job.boxes,
        "clicks": job.clicks,
        "object_box": job.object_box,
        "segmentation": job.segmentation,
        "prompt": job.prompt,
        "output_format": job.output_format or None,
        "quality": job.quality,
        "metadata_policy": job.metadata_policy,
        "mode": job.mode,
        "grow": job.grow,
        "feather": job.feather,
        "webhook_url": job.webhook_url or None,
    }
    return answer | {
        "is_test": job.is_sandbox,
        "given": given,
        "images": sorted(_images(job)),
        "images_deleted_at": told(job.images_deleted_at),
    }


def _told_batch(batch: Batch) -> dict[str, Any]:
    return {"id": str(batch.pk), "operation": batch.operation, "time": told(batch.created_at), "pictures": batch.lines}


def _webhooks(user: User) -> Iterator[bytes]:
    endpoints = [
        {
            "url": endpoint.url,
            "since": told(endpoint.created_at),
            "failing_since": told(endpoint.failing_since),
            "disabled_at": told(endpoint.disabled_at),
            "disabled_reason": endpoint.disabled_reason,
        }
        for endpoint in WebhookEndpoint.objects.filter(user=user)
    ]
    yield b'{"endpoints": ' + _json(endpoints) + b',\n"sent": '
    yield from _json_list(_told_delivery(each) for each in in_batches(WebhookDelivery.objects.filter(user=user)))
    yield b"}\n"


def _told_delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": f"evt_{delivery.pk.hex}",
        "event": delivery.event,
        "job_id": str(delivery.job_id) if delivery.job_id else None,
        "url": delivery.url,
        "state": delivery.state,
        "tries": delivery.tries,
        "last_status": delivery.last_status,
        "last_reply": delivery.last_reply,
        "time": told(delivery.created_at),
    }


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _json_list(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b"\n" if number == 0 else b",\n") + json.dumps(row, ensure_ascii=False).encode()
    yield b"\n]\n"
