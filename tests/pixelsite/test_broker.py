"""The embedded broker: every message arrives once and whole, however many write and read at once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from pixelsite.celery import app
from pixelsite.lib import broker

_WRITERS, _READERS, _EACH = 4, 3, 60


def _connection(folder: Path) -> Connection:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    return Connection("filesystem://localhost", transport_options=options)


def test_the_celery_app_uses_it() -> None:
    with app.connection_for_write() as connection:
        expected = "filesystem" in app.conf.broker_url
        assert isinstance(connection.transport, broker.Transport) is expected


def test_many_writers_and_readers_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        with _connection(tmp_path) as connection:
            channel: Any = connection.default_channel
            for number in range(_EACH):
                channel._put("celery", {"body": f"{writer}-{number}", "filler": uuid.uuid4().hex * 500})

    def read(_: int) -> list[str]:
        found = []
        with _connection(tmp_path) as connection:
            channel: Any = connection.default_channel
            idle = 0
            while idle < 2_000:
                try:
                    found.append(channel._get("celery")["body"])
                    idle = 0
                except Empty:
                    idle += 1
        return found

    with ThreadPoolExecutor(_WRITERS + _READERS) as pool:
        readers = [pool.submit(read, number) for number in range(_READERS)]
        list(pool.map(write, range(_WRITERS)))
        read_all = [body for reader in readers for body in reader.result()]

    assert sorted(read_all) == sorted(f"{writer}-{number}" for writer in range(_WRITERS) for number in range(_EACH))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_messages_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection:
        channel: Any = connection.default_channel
        for number in range(5):
            channel._put("celery", {"body": number})

        assert [channel._get("celery")["body"] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_queues_do_not_read_each_others_messages(tmp_path: Path) -> None:
    with _connection(tmp_path) as connection:
        channel: Any = connection.default_channel
        channel._put("other", {"body": 1})

        with pytest.raises(Empty):
            channel._get("celery")
