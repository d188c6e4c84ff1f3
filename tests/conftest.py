"""Fixtures for all tests. Which database they run on is decided by DATABASE_URL before Django starts (see tests/run.py)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django_ratelimit.core
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from billing import triggers as billing_triggers
from jobs import triggers as job_triggers
from pixelsite.lib import env, ratelimit
from tests.cast import Cast, make_cast
from tests.servers.redis import own_database
from tests.servers.smtp import MailServer, running_smtp
from tests.servers.stack import LiveSite, running_stack


def pytest_configure(config: pytest.Config) -> None:
    # The manifest belongs to `collectstatic`; pages under test name their files plainly.
    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        # A file, as in real life: threads share an in-memory database in ways no install ever does.
        folder = tempfile.TemporaryDirectory(prefix="pixelsite-test-")
        config.add_cleanup(folder.cleanup)
        default.setdefault("TEST", {})["NAME"] = str(Path(folder.name) / "test.sqlite3")
    if settings.REDIS_URL:
        # Tests empty their cache, and with it the whole database of Redis that it lies in.
        settings.CACHES["default"]["LOCATION"] = own_database(settings.REDIS_URL)
    # The operator's password is hashed anew for every test: the real hasher takes half a second, by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_the_ledger() -> Iterator[None]:
    """Between transactional tests the tables are emptied, which the ledger's triggers refuse: lift them for the flush."""
    features = type(connection.ops)
    original = features.execute_sql_flush

    def flush(self: Any, sql_list: list[str]) -> None:
        for triggers in (job_triggers, billing_triggers):
            triggers.remove(connection)
        try:
            original(self, sql_list)
        finally:
            for triggers in (billing_triggers, job_triggers):
                triggers.install(connection)

    features.execute_sql_flush = flush  # type: ignore[method-assign,assignment]
    yield
    features.execute_sql_flush = original  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _own_image_folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "images"


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window of a rate limit ends in the middle of a test."""
    now = time.time()
    for module in (ratelimit, django_ratelimit.core):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The cache's table is made by `createcachetable`, not by a migration."""
    with django_db_blocker.unblock():
        call_command("createcachetable", verbosity=0)


@pytest.fixture
def cast(db: None) -> Cast:
    """Alice, who owns things; Bob, the stranger; Olga, the operator."""
    cache.clear()  # requests of another test do not count against this one
    return make_cast()


@pytest.fixture
def alice_api(cast: Cast) -> APIClient:
    return cast.api(cast.alice_key)


@pytest.fixture
def bob_api(cast: Cast) -> APIClient:
    return cast.api(cast.bob_key)


@pytest.fixture
def alice_browser(cast: Cast, client: Client) -> Client:
    client.force_login(cast.alice)
    return client


@pytest.fixture
def images(_own_image_folder: None, settings: Any) -> Path:
    """The folder images are stored in."""
    return Path(settings.MEDIA_ROOT)


@pytest.fixture(scope="session")
def live_site(pytestconfig: pytest.Config) -> Iterator[LiveSite]:
    """The whole product in processes of its own, started as `make run` starts it."""
    with running_stack(root=pytestconfig.rootpath) as site:
        yield site


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture
def mail_server(_mail_server: MailServer, settings: Any) -> MailServer:
    """A real mail server that behaves, with an empty inbox; letters are handed in there."""
    _mail_server.letters.clear()
    _mail_server.fault = None
    for name, value in env.mail(_mail_server.url).items():
        setattr(settings, name, value)
    return _mail_server
