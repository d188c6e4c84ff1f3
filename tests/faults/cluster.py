"""A site in many processes that are started again whenever they die, and the faults that befall it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from celery import Celery

from jobs.catalogue import REMOVE_OBJECT
from pixelsite.lib import broker
from tests.faults import engine
from tests.faults.worker import ready_mark
from tests.servers.postgres import PostgresServer
from tests.servers.processes import end_process, free_port, wait_until
from tests.servers.redis import RedisServer
from tests.servers.site import SiteServer

LEASE_S = 3
QUICK = {
    "PIXELSITE_LEASE_S": str(LEASE_S),
    "PIXELSITE_RING_AGAIN_S": "2",
    "PIXELSITE_SWEEP_S": "1",
    "PIXELSITE_ORPHAN_S": "8",
    "PIXELSITE_ENGINES": engine.NAME,
    "PIXELSITE_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
    "PIXELSITE_LOG_LEVEL": "WARNING",
    "PIXELSITE_DATABASE_CONNECTIONS": "10",
}


@dataclass
class Kept:
    """One process that is started again when it ends."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0


@dataclass
class Cluster:
    """Webs, workers and an attendant on one database. `start_all` starts them and whoever dies later."""

    site: SiteServer
    web_ports: list[int]
    worker_options: list[list[str]]
    has_attendant: bool = True
    kept: list[Kept] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.web_ports]

    def start_all(self) -> None:
        python = sys.executable
        for port in self.web_ports:
            serve = [
                python,
                "-m",
                "uvicorn",
                "tests.faults.web:application",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ]
            options = ["--no-access-log", "--lifespan", "off", "--reset-contextvars", "--log-level", "warning"]
            self.kept.append(Kept(f"web-{port}", [*serve, *options]))
        for number, options in enumerate(self.worker_options):
            self.kept.append(Kept(f"worker-{number}", [python, "-m", "tests.faults.worker", *options]))
        if self.has_attendant:
            self.kept.append(Kept("attendant", [python, "manage.py", "attend"]))
        self._keeper = threading.Thread(target=self._keep, name="keeper")
        self._keeper.start()

    def stop_all(self) -> None:
        self._stop.set()
        if self._keeper is not None:
            self._keeper.join()
        for kept in self.kept:
            if kept.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    kept.process.send_signal(signal.SIGCONT)
                end_process(kept.process, signal.SIGKILL)

    def running(self, prefix: str) -> list[subprocess.Popen[bytes]]:
        return [
            kept.process
            for kept in self.kept
            if kept.name.startswith(prefix) and kept.process is not None and kept.process.poll() is None
        ]

    def starts(self, prefix: str) -> int:
        return sum(kept.starts for kept in self.kept if kept.name.startswith(prefix))

    def _keep(self) -> None:
        while not self._stop.wait(0.1):
            for kept in self.kept:
                if kept.process is None or kept.process.poll() is not None:
                    self._start(kept)

    def _start(self, kept: Kept) -> None:
        log = self.site.data / f"{kept.name}.log"
        with log.open("ab") as file:
            kept.process = subprocess.Popen(
                kept.command,
                cwd=self.site.root,
                env=self.site.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        kept.starts += 1

    def wait_until_ready(self) -> None:
        """Return once every web answers and every worker takes jobs."""
        for url in self.urls:
            wait_until(lambda url=url: _answers(url), what=url, timeout_s=90)  # type: ignore[misc]
        workers = len(self.worker_options)
        wait_until(lambda: len(self.ready_workers()) == workers, what="A worker", timeout_s=90)

    def ready_workers(self) -> list[subprocess.Popen[bytes]]:
        """Those that take jobs; one that is just starting has nothing to lose."""
        return [process for process in self.running("worker") if ready_mark(self.site.data, process.pid).exists()]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/models", timeout=5).status_code == 401
    except httpx.TransportError:
        return False


def audit(site: SiteServer, *, within_s: float = 0) -> dict[str, Any]:
    """Return what is wrong with a site once nothing is under way any more, or the time is up."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.audit", "--within", str(within_s)],
        cwd=site.root,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@dataclass
class Faults:
    """Everything that may go wrong, at random but from a printed seed."""

    cluster: Cluster
    random: random.Random
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    done: list[str] = field(default_factory=list)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    def kill_worker(self) -> None:
        self._signal("worker", signal.SIGKILL)

    def kill_worker_at_work(self) -> None:
        """In the middle of a job, as far as a look from outside can tell."""
        with contextlib.closing(sqlite3.connect(f"file:{self.cluster.site.database}?mode=ro", uri=True)) as look:
            wait_until(lambda: self._has_begun_another(look), what="Work", timeout_s=60)
        self.kill_worker()

    def _has_begun_another(self, look: sqlite3.Connection) -> bool:
        """Whether an attempt is under way that no earlier look saw: one whose worker is dead stays so for its lease."""
        under_way = set(look.execute("SELECT id, attempt FROM jobs_job WHERE status = 'processing'"))
        has_begun = bool(under_way - self._seen)
        self._seen |= under_way
        return has_begun

    def kill_web(self) -> None:
        self._signal("web", signal.SIGKILL)

    def kill_attendant(self) -> None:
        self._signal("attendant", signal.SIGKILL)

    def freeze_worker(self) -> None:
        """Past its lease, then back from the dead."""
        for process in self._one("worker"):
            process.send_signal(signal.SIGSTOP)
            time.sleep(LEASE_S + 2)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)

    def fill_disk(self) -> None:
        """For a while nothing that a worker writes reaches the disk."""
        for process in self._one("worker"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, limits[1]))
                time.sleep(1)
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)

    def kill_decoder(self) -> None:
        """The child in which a worker reads and writes pictures, as a picture made to break it would."""
        for process in self._one("worker"):
            for thread in Path(f"/proc/{process.pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):  # ended meanwhile
                    for child in thread.read_text().split():
                        os.kill(int(child), signal.SIGKILL)

    def ring_needlessly(self) -> None:
        """Tasks delivered twice: bells for work that is done or under way."""
        if self.redis is None:
            broker.use_for_filesystem_urls()
            return
        with contextlib.suppress(Exception):
            app = Celery(broker=self.redis.url)
            for _ in range(20):
                app.send_task(REMOVE_OBJECT.task, retry=False, ignore_result=True)

    def restart_broker(self) -> None:
        """It loses every message."""
        if self.redis is not None:
            self.redis.kill()
            time.sleep(1)
            self.redis.start()

    def restart_database(self) -> None:
        if self.postgres is not None:
            self.postgres.kill()
            time.sleep(0.5)
            self.postgres.start()

    def happen(self, fault: Callable[[], None]) -> None:
        self.done.append(fault.__name__)
        fault()

    def _one(self, prefix: str) -> list[subprocess.Popen[bytes]]:
        running = (prefix == "worker" and self.cluster.ready_workers()) or self.cluster.running(prefix)
        return [self.random.choice(running)] if running else []

    def _signal(self, prefix: str, what: signal.Signals) -> None:
        for process in self._one(prefix):
            process.send_signal(what)


@contextmanager
def cluster_on(
    site: SiteServer, *, webs: int, worker_options: list[list[str]], has_attendant: bool = True
) -> Iterator[Cluster]:
    """A migrated site's processes, all of them gone at the end."""
    site.manage("migrate", "--verbosity", "0")
    site.manage("createcachetable")
    site.manage("collectstatic", "--no-input", "--verbosity", "0")
    cluster = Cluster(
        site=site,
        web_ports=[free_port() for _ in range(webs)],
        worker_options=worker_options,
        has_attendant=has_attendant,
    )
    cluster.start_all()
    try:
        yield cluster
    finally:
        cluster.stop_all()
