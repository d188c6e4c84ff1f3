"""Everything `make run` starts, as it starts it: bootstrap, then web, worker and sweeper under one supervisor."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from tests.servers.processes import ServerDidNotStart, end_process, free_port, short_folder, tail, wait_until
from tests.servers.redis import own_database
from tests.servers.site import SiteServer


@dataclass
class LiveSite(SiteServer):
    """A whole site. `greeting` is what the start-up printed."""

    greeting: str = field(default="", repr=False)

    @property
    def demo_login_path(self) -> str:
        return self._printed(r"Demo sign-in\s+http://[^/]+(/\S+)")

    @property
    def demo_key(self) -> str:
        return self._printed(r"(pk_live_\w+)")

    @property
    def curl_line(self) -> str:
        return self._printed(r"(curl .*?)\n\n", re.DOTALL)

    def api(self, key: str | None = None) -> httpx.Client:
        """A client of the API with this key; the demo account's own by default."""
        headers = {"Authorization": f"Bearer {key or self.demo_key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=90)

    def start(self) -> None:
        """Start as `make run` does, and return once `/healthz` says ok."""
        printed = self.manage("bootstrap")
        self.greeting = self.greeting or printed
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "honcho", "start", "--port", str(self.port)],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_healthy, what=f"The site ({self.log})", timeout_s=120)

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None:
            end_process(self.process, signal.SIGINT)

    def _is_healthy(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServerDidNotStart(f"The site: {tail(self.log)}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _printed(self, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> str:
        found = re.search(pattern, self.greeting, flags)
        assert found is not None, f"not printed at start-up: {pattern}\n{self.greeting}"
        return found.group(1)


_numbers = itertools.count(1)


@contextmanager
def _own_database() -> Iterator[dict[str, str]]:
    """A fresh database on the PostgreSQL this test run was given, if it was given one."""
    url = os.environ.get("DATABASE_URL")
    if url is None:
        yield {}
        return
    name = f"stack_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {"DATABASE_URL": re.sub(r"/[^/?]+(?=\?|$)", f"/{name}", url, count=1)}
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_stack(*, root: Path, **environment: str) -> Iterator[LiveSite]:
    """A whole site on a data folder of its own, gone at the end. Uses the servers this test run was given, if any."""
    given: dict[str, str] = {}
    if "REDIS_URL" in os.environ:
        # Other tests clear their cache, which in Redis empties the whole database: this site gets one of its own.
        given["REDIS_URL"] = own_database(os.environ["REDIS_URL"], next(_numbers))
    # honcho's children find Python and the port by these names.
    paths = {"VENV": sys.prefix, "HOST": "127.0.0.1", "WORKER_THREADS": "2"}
    # All visitors of a test run come from one address.
    paths["PIXELSITE_SIGN_INS_PER_MINUTE"] = "1000000"
    with short_folder("stack-") as data, _own_database() as database:
        given |= database
        site = LiveSite(root=root, data=data, port=free_port(), extra=paths | given | environment)
        try:
            site.start()
            yield site
        finally:
            site.stop()
