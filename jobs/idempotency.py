"""Submissions that may be repeated: the same key and the same request get the first answer again, for a day.

The record is written in the transaction that writes jobs and holds, and its unique constraint decides between copies that
arrive together. What was refused is not recorded: a caller may correct it, or top up, and try again under the same key.
Follows draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from django.core.cache import cache
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from jobs.models import Batch, IdempotencyRecord, Job
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(hours=24)
_KEY_LENGTH_MAX = 255
# A process that dies in the middle of a request keeps its key busy for no longer than this.
_IN_PROGRESS_S = 60


class IdempotencyKeyInvalid(PixelsiteError):
    """Idempotency-Key must be 1 to 255 printable ASCII characters. A UUID for each submission does well."""

    code = "idempotency_key_invalid"


class IdempotencyKeyReused(PixelsiteError):
    """This Idempotency-Key was used for another request. Use a new key for a new request."""

    code = "idempotency_key_reused"
    status = 422


class IdempotencyInProgress(PixelsiteError):
    """A request with this Idempotency-Key is being worked on. Repeat it in a moment to get its answer."""

    code = "idempotency_in_progress"
    status = 409
    retry_after_s = 1


@dataclass(frozen=True, kw_only=True)
class IdempotentRequest:
    """One request under a key."""

    user: User
    key: str
    fingerprint: str

    def earlier(self) -> IdempotencyRecord | None:
        """Return what this key was answered before. Raises `IdempotencyKeyReused` if that was another request."""
        record = IdempotencyRecord.objects.filter(user=self.user, key=self.key, created_at__gt=Now() - KEPT_FOR).first()
        if record is None:
            return None
        if record.fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        if isinstance(record.answer, str):  # a record of an earlier version is an object
            record.answer = json.loads(record.answer)
        return record

    def record(self, *, answer: dict[str, Any], job: Job | None = None, batch: Batch | None = None) -> None:
        """Remember the answer; part of the transaction that makes the job or the batch."""
        # A record past its day that no sweep has taken yet makes room.
        IdempotencyRecord.objects.filter(user=self.user, key=self.key, created_at__lte=Now() - KEPT_FOR).delete()
        IdempotencyRecord.objects.create(
            user=self.user,
            key=self.key,
            fingerprint=self.fingerprint,
            job=job,
            batch=batch,
            # As text: PostgreSQL would put an object's names in another order, and the answer is to be the same.
            answer=json.dumps(answer),
            created_at=timezone.now(),
        )

    @contextmanager
    def in_progress(self) -> Iterator[None]:
        """Hold the key while a first answer is made. Raises `IdempotencyInProgress` if another request holds it.

        A courtesy that spares work: without a cache the unique constraint still lets only one job be made.
        """
        name = "idempotency:" + hashlib.sha256(f"{self.user.pk}:{self.key}".encode()).hexdigest()
        if not _add(name):
            raise IdempotencyInProgress
        try:
            yield
        finally:
            with contextlib.suppress(Exception):
                cache.delete(name)


def check_key(key: str) -> str:
    """Return the key. Raises `IdempotencyKeyInvalid`."""
    if not 1 <= len(key) <= _KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid
    return key


def fingerprint_of(*, method: str, path: str, fields: Mapping[str, Any], files: Mapping[str, BinaryIO]) -> str:
    """SHA-256 of what was asked: files count by their content, not by name, order or multipart boundary."""
    sent = {
        "method": method,
        "path": path,
        "fields": {name: fields[name] for name in sorted(fields)},
        "files": {name: _digest(files[name]) for name in sorted(files)},
    }
    return hashlib.sha256(json.dumps(sent, sort_keys=True, default=str).encode(errors="replace")).hexdigest()


def delete_old_records(*, limit: int = 1000) -> int:
    """Forget keys after a day. Returns how many."""
    old = IdempotencyRecord.objects.filter(created_at__lt=Now() - KEPT_FOR).values_list("pk", flat=True)[:limit]
    return IdempotencyRecord.objects.filter(pk__in=list(old)).delete()[0]


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _add(name: str) -> bool:
    try:
        return bool(cache.add(name, 1, _IN_PROGRESS_S))
    except Exception as error:  # noqa: BLE001  # whatever the cache's client raises: the database decides anyway
        logger.warning("idempotency: the cache is away: %s", type(error).__name__)
        return True
