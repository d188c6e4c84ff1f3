"""What the import contracts cannot see: relations, task names, who writes a status, and documents that must agree."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.models import ForeignObject

from jobs.catalogue import OPERATIONS
from pixelsite.celery import app as celery_app
from pixelsite.lib import env

ROOT = Path(settings.BASE_DIR)
HOUSES = ("accounts", "billing", "jobs")

# Codes of commands, and of the base class, that no caller of the API sees.
ONLY_FOR_OPERATORS = {
    "error", "bad_weights", "disk_full", "download_failed", "unknown_engine", "unknown_model", "weights_missing",
    "filter_not_ready", "targets_not_ready", "transformers_missing",
    "wrong_hash",
}  # fmt: skip


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


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == settings.VERSION


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()

    assert [name for name in env.REGISTRY if f"`{name}`" not in documented] == []


def test_every_error_is_documented() -> None:
    printed = io.StringIO()
    call_command("errorsdoc", stdout=printed)

    assert (ROOT / "docs" / "errors.md").read_text() == printed.getvalue()


def test_no_code_is_answered_that_no_page_explains() -> None:
    written = re.compile(r"""\bcode(?::\s*str)?\s*=\s*"([a-z_]+)\"""")
    codes = {
        code
        for house in (*HOUSES, "inference", "pixelsite")
        for path in (ROOT / house).rglob("*.py")
        for code in written.findall(path.read_text())
    }
    explained = (ROOT / "docs" / "errors.md").read_text() + (ROOT / "docs" / "models.md").read_text()

    assert {code for code in codes if f"`{code}`" not in explained} <= ONLY_FOR_OPERATORS


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
