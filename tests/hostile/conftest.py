"""The stage on which a hostile request is sent."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from rest_framework.test import APIClient

from tests.cast import Cast
from tests.hostile.cases import Stage
from tests.jobs.conftest import rung  # noqa: F401  # used as a fixture


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """Where uploads are kept while a request is read."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


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
