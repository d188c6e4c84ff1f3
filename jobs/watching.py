"""See jobs change: one look at the database serves everybody who waits in this process.

PostgreSQL says which job has changed (NOTIFY, by a trigger), so that a look follows at once; a look at all that are
waited for, a few times a second or once where changes are announced, sees what was missed. Nobody who waits holds a
thread or a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import close_old_connections

from jobs.models import ENDED, Job, Status

logger = logging.getLogger(__name__)

CHANNEL = "pixelsite_jobs"
_LOOK_S = 0.1
_LOOK_S_WHERE_TOLD = 1.0
_LISTEN_AGAIN_S = 1.0
_LOOKED_UP_AT_ONCE = 500
# Places further back are not told: they would be read from the whole queue for each look.
_PLACES_TOLD = 1000


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What can change of a job until it ends."""

    status: str
    attempt: int
    stage: str
    progress: int
    place_in_line: int | None

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def event_id(self) -> str:
        """Equal for equal snapshots."""
        return f"{self.attempt}-{self.status}-{self.stage}-{self.progress}-{self.place_in_line}"


class JobWatch:
    """Watches the jobs that somebody waits for. Belongs to one event loop."""

    def __init__(self, look: Callable[[Collection[UUID]], dict[UUID, Snapshot]]) -> None:
        self._look = look
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
        self._waiting: dict[UUID, set[asyncio.Future[Snapshot]]] = {}
        self._seen: dict[UUID, Snapshot] = {}
        self._changed: set[UUID] = set()
        self._hurry = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def change(self, job_id: UUID, *, since: Snapshot | None, timeout_s: float) -> Snapshot | None:
        """Return the job's newest snapshot once it differs from `since`; None if it does not in time."""
        self._start()
        try:
            async with asyncio.timeout(timeout_s):
                while (seen := await self._next_look(job_id, since)) == since:
                    pass
        except TimeoutError:
            return None
        return seen

    async def _next_look(self, job_id: UUID, since: Snapshot | None) -> Snapshot:
        """Return what a look has brought of this job that nobody in this process had seen before, or that `since` lacks."""
        seen = self._seen.get(job_id)
        if seen is not None and seen != since:
            return seen
        bell: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, set()).add(bell)
        if seen is None:
            self._told(job_id)
        try:
            return await bell
        finally:
            waiting = self._waiting[job_id]
            waiting.discard(bell)
            if not waiting:
                del self._waiting[job_id]
                self._seen.pop(job_id, None)

    def _start(self) -> None:
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._look_again_and_again()))
            if _announces_changes():
                self._tasks.append(asyncio.create_task(self._listen()))

    def _told(self, job_id: UUID) -> None:
        self._changed.add(job_id)
        self._hurry.set()

    async def _look_again_and_again(self) -> None:
        pause = _LOOK_S_WHERE_TOLD if _announces_changes() else _LOOK_S
        loop = asyncio.get_running_loop()
        next_full = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0, next_full - loop.time())):
                    await self._hurry.wait()
            self._hurry.clear()
            is_full = loop.time() >= next_full
            ids = list(self._waiting) if is_full else [job_id for job_id in self._changed if job_id in self._waiting]
            self._changed.clear()
            if is_full:
                next_full = loop.time() + pause
            if ids:
                await self._look_at(ids)

    async def _look_at(self, ids: list[UUID]) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._thread, self._look, ids)
        except Exception as error:  # noqa: BLE001  # the database may be away for a moment: look again
            logger.warning("watching %d jobs: %s", len(ids), error)
            return
        for job_id, snapshot in found.items():
            if self._seen.get(job_id) != snapshot and job_id in self._waiting:
                self._seen[job_id] = snapshot
                for bell in self._waiting[job_id]:
                    if not bell.done():
                        bell.set_result(snapshot)

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for note in connection.notifies():
                        with contextlib.suppress(ValueError):
                            job_id = UUID(note.payload)
                            if job_id in self._waiting:
                                self._told(job_id)
            except (psycopg.Error, OSError) as error:
                logger.warning("listening for changes of jobs: %s", error)
            await asyncio.sleep(_LISTEN_AGAIN_S)


_watches: dict[asyncio.AbstractEventLoop, JobWatch] = {}


def watch() -> JobWatch:
    """Return the watch of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        _watches[loop] = JobWatch(look_at_jobs)
    return _watches[loop]


async def ends_within(job_id: UUID, *, seconds: float) -> bool:
    """Return once the job has ended: True; or when the time is up: False."""
    deadline = asyncio.get_running_loop().time() + seconds
    seen: Snapshot | None = None
    while seen is None or not seen.is_ended:
        left = deadline - asyncio.get_running_loop().time()
        seen = await watch().change(job_id, since=seen, timeout_s=left)
        if seen is None:
            return False
    return True


def look_at_jobs(ids: Collection[UUID]) -> dict[UUID, Snapshot]:
    """Return the snapshots of these jobs. Runs in a thread of its own."""
    close_old_connections()
    try:
        wanted = list(ids)
        rows = [
            row
            for start in range(0, len(wanted), _LOOKED_UP_AT_ONCE)
            for row in Job.objects.filter(pk__in=wanted[start : start + _LOOKED_UP_AT_ONCE]).values_list(
                "pk", "status", "attempt", "stage", "progress"
            )
        ]
        places = _places() if any(status == Status.QUEUED for _, status, *_ in rows) else {}
        return {
            job_id: Snapshot(
                status=status, attempt=attempt, stage=stage, progress=progress, place_in_line=places.get(job_id)
            )
            for job_id, status, attempt, stage, progress in rows
        }
    finally:
        close_old_connections()


def _places() -> dict[UUID, int]:
    queued = Job.objects.filter(status=Status.QUEUED).order_by("turn", "created_at")
    return {job_id: place for place, job_id in enumerate(queued.values_list("pk", flat=True)[:_PLACES_TOLD])}


def _announces_changes() -> bool:
    return bool(settings.DATABASE_URL)
