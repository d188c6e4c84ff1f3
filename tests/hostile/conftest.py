"""The stage on which a hostile request is sent."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as site
from rest_framework.test import APIClient

from pixelsite.lib import ratelimit
from tests.cast import Cast
from tests.hostile.cases import Stage
from tests.jobs.conftest import rung  # noqa: F401  # used as a fixture

_FIRST_DATABASE = 8  # of Redis' sixteen: whole sites under test count from 1


@pytest.fixture(autouse=True)
def _own_counters(settings: Any) -> None:
    """Tests that run beside these empty their cache, which in Redis is the whole database: count in another one."""
    if settings.REDIS_URL:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        place = f"{settings.REDIS_URL.rstrip('/').removesuffix('/0')}/{_FIRST_DATABASE + worker % 8}"
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": place}}


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """Where uploads are kept while a request is read."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window of a rate limit ends in the middle of a test."""
    now = time.time()
    monkeypatch.setattr(ratelimit, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that something tried to connect to, except our own Redis. No connection is made."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and f"{address[0]}:{address[1]}" not in site.REDIS_URL:
            tried.append(address)
            raise OSError("no connection in this test")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    return tried


@pytest.fixture
def stage(cast: Cast, alice_api: APIClient, images: Path, uploads: Path, settings: Any) -> Stage:
    return Stage(cast=cast, api=alice_api, images=images, uploads=uploads, settings=settings)
