"""The whole site as its own process, with its own data folder, on a free loopback port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.servers.processes import (
    ServerDidNotStart,
    end_process,
    free_port,
    short_folder,
    tail,
    wait_until,
)

# What would make the child sign in, pay, store or queue somewhere else than the test says.
INHERITED_PREFIXES = (
    "GOOGLE_",
    "STRIPE_",
    "PIXELSITE_",
    "DATABASE_",
    "REDIS_",
    "BROKER_",
    "DJANGO_",
)


@dataclass
class SiteServer:
    """One web process. `data` is its folder: database, images, broker files, log."""

    root: Path
    data: Path
    port: int
    extra: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        """The SQLite file, for looking at what the site has written."""
        return self.data / "pixelsite.sqlite3"

    @property
    def log(self) -> Path:
        return self.data / "site.log"

    @property
    def environment(self) -> dict[str, str]:
        """The child's environment: ours without its settings, then the test's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(INHERITED_PREFIXES)}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "pixelsite.settings",
            "NO_PROXY": "127.0.0.1,localhost",
            "PIXELSITE_DEBUG": "1",
            "PIXELSITE_DATA": str(self.data),
            "PIXELSITE_SITE_URL": self.url,
            "PORT": str(self.port),
            **self.extra,
        }

    def manage(self, *arguments: str) -> str:
        """Run a management command against this site's data and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerDidNotStart(f"manage.py {arguments[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self) -> None:
        """Start the web process and return once it answers."""
        program = [sys.executable, "-m", "uvicorn", "pixelsite.asgi:application"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*program, "--host", "127.0.0.1", "--port", str(self.port), "--lifespan", "off", "--reset-contextvars"],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, what="The site", timeout_s=60)

    def stop(self) -> None:
        if self.process is not None:
            end_process(self.process, signal.SIGTERM)

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise ServerDidNotStart(f"The site: {tail(self.log)}")
        try:
            httpx.get(f"{self.url}/healthz", timeout=5)
        except httpx.TransportError:
            return False
        return True


@contextmanager
def running_site(*, root: Path, port: int | None = None, **environment: str) -> Iterator[SiteServer]:
    """A freshly migrated site with an empty SQLite database; gone at the end.

    `root` is the repository, `environment` the variables that differ from a laptop's defaults.
    """
    with short_folder("site-") as data:
        site = SiteServer(root=root, data=data, port=port or free_port(), extra=environment)
        site.manage("migrate", "--verbosity", "0")
        site.manage("createcachetable")
        site.manage("collectstatic", "--no-input", "--verbosity", "0")
        try:
            site.start()
            yield site
        finally:
            site.stop()
