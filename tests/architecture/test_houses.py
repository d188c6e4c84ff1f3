"""What the import contracts cannot see: relations, task names, who writes a status, and documents that must agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import ForeignObject
from django.urls import URLPattern, URLResolver, get_resolver

from jobs.catalogue import OPERATIONS
from pixelsite.celery import app as celery_app
from pixelsite.lib import env

ROOT = Path(settings.BASE_DIR)
HOUSES = ("accounts", "billing", "jobs")


def test_relations_point_down() -> None:
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for house in HOUSES
        for model in apps.get_app_config(house).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignObject) and field.related_model._meta.app_label in HOUSES
        if HOUSES.index(field.related_model._meta.app_label) > HOUSES.index(house)
    ]

    assert upward == []


def test_every_task_that_is_rung_for_exists_in_the_worker() -> None:
    celery_app.loader.import_default_modules()
    named = {operation.task for operation in OPERATIONS.values()}

    assert named <= set(celery_app.tasks)


def test_only_the_lifecycle_writes_a_status() -> None:
    writes = re.compile(r"update\([^)]*\bstatus=|\bjob\.status = ", re.DOTALL)
    writers = [
        str(path.relative_to(ROOT))
        for house in (*HOUSES, "inference", "pixelsite")
        for path in (ROOT / house).rglob("*.py")
        if "migrations" not in path.parts and writes.search(path.read_text())
    ]

    assert writers == ["jobs/lifecycle.py"]


def test_only_the_ledger_writes_entries_and_lots() -> None:
    writes = re.compile(r"(LedgerEntry|CreditLot|LotDraw)\.objects\.(create|bulk_create|update|update_or_create)")
    writers = {
        str(path.relative_to(ROOT))
        for house in (*HOUSES, "inference", "pixelsite")
        for path in (ROOT / house).rglob("*.py")
        if writes.search(path.read_text())
    }

    assert writers == {"billing/ledger.py"}


def _routes(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(route)
        elif not route.startswith("admin/"):
            found += _routes(pattern, route)
    return found


# Each of these is shown to refuse a stranger, or to hold nothing that has an owner.
GUARDED = {
    "": "landing page",
    "pricing": "prices",
    "healthz": "health",
    "docs/api": "documentation",
    "v1/openapi.json": "documentation",
    "accounts/login/": "sign-in",
    "accounts/logout/": "sign-in",
    "accounts/demo/": "tests/accounts/test_demo.py",
    "accounts/signup/": "sign-in",
    "accounts/google/login/": "tests/accounts/test_google_sign_in.py",
    "accounts/google/login/callback/": "tests/accounts/test_google_sign_in_refused.py",
    "dashboard/": "tests/jobs/test_pages.py",
    "editor/": "tests/jobs/test_pages.py",
    "editor/jobs/": "tests/jobs/test_pages.py",
    "editor/jobs/<uuid:job_id>/": "tests/jobs/test_pages.py",
    "jobs/<uuid:job_id>/": "tests/jobs/test_pages.py",
    "keys/": "tests/jobs/test_pages.py",
    "keys/<int:key_id>/revoke/": "tests/jobs/test_pages.py",
    **dict.fromkeys(
        (
            "webhooks/",
            "webhooks/add/",
            "webhooks/secret/",
            "webhooks/secret/rotate/",
            "webhooks/<int:endpoint_id>/delete/",
            "webhooks/<int:endpoint_id>/enable/",
            "webhooks/<int:endpoint_id>/test/",
            "webhooks/<int:endpoint_id>/secret/",
            "webhooks/<int:endpoint_id>/secret/rotate/",
            "webhooks/sent/<uuid:delivery_id>/again/",
        ),
        "tests/jobs/test_webhook_pages.py",
    ),
    "v1/<path:rest>": "nothing",
    "v1/account/balance": "tests/jobs/test_job_api.py",
    "v1/account/usage": "tests/jobs/test_job_api.py",
    "v1/files/<uuid:job_id>/<str:kind>": "tests/jobs/test_files.py",
    "v1/image/<uuid:job_id>": "tests/jobs/test_job_api.py",
    "v1/image/<uuid:job_id>/events": "tests/jobs/test_job_api.py",
    "v1/image/remove-object": "tests/jobs/test_submit_api.py",
    "v1/models": "tests/jobs/test_job_api.py",
}


def test_every_route_is_known_to_an_ownership_test() -> None:
    assert set(_routes(get_resolver())) == set(GUARDED)
    assert [name for name in GUARDED.values() if name.startswith("tests/") and not (ROOT / name).exists()] == []


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == settings.VERSION


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()

    assert [name for name in env.REGISTRY if f"`{name}`" not in documented] == []


@pytest.mark.django_db(transaction=True)
def test_migrations_can_be_taken_back_and_put_on_again() -> None:
    for house in ("jobs", "billing"):
        call_command("migrate", house, "zero", verbosity=0)

    call_command("migrate", verbosity=0)


def test_the_openapi_document_is_valid_and_complete(tmp_path: Path) -> None:
    target = tmp_path / "openapi.yaml"

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))

    document = target.read_text()
    assert "openapi: 3.1" in document
    assert all(path in document for path in ("/v1/image/remove-object", "/v1/account/usage", "/v1/models"))
