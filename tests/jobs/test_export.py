"""The ZIP with all that is kept of an account: complete, without secrets, and made while it is sent."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, AuditEvent, AuditKind
from billing.models import LedgerEntry
from jobs import export, retention, storage
from jobs.models import Job, WebhookDelivery
from tests.belongings import Belongings, give_alice_everything
from tests.cast import Cast
from tests.jobs.conftest import photo


@pytest.fixture
def alice(cast: Cast) -> Belongings:
    return give_alice_everything(cast)


@pytest.fixture
def zipped(cast: Cast) -> Callable[[], ZipFile]:
    def zipped() -> ZipFile:
        return ZipFile(io.BytesIO(b"".join(export.begin_export(user=cast.alice))))

    return zipped


def _read(archive: ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


async def _body(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def test_the_button_downloads_a_zip(alice: Belongings, alice_browser: Client) -> None:
    answer = alice_browser.post("/account/export/")
    archive = ZipFile(io.BytesIO(async_to_sync(_body)(answer)))

    assert (answer.status_code, answer["Content-Type"], archive.testzip()) == (200, "application/zip", None)
    assert answer["Content-Disposition"].startswith('attachment; filename="pixelsite-data-')
    assert {"account.json", "ledger.json", "jobs.json", "webhooks.json", "audit.json"} < set(archive.namelist())


def test_it_holds_every_row_that_is_told(alice: Belongings, cast: Cast, zipped: Any) -> None:
    archive = zipped()

    counts = {name: len(_read(archive, f"{name}.json")) for name in ("ledger", "jobs", "audit")}
    assert counts == {
        "ledger": LedgerEntry.objects.filter(wallet__user=cast.alice).count(),
        "jobs": Job.objects.filter(user=cast.alice).count(),
        "audit": AuditEvent.objects.filter(user=cast.alice).count(),
    }
    sent = _read(archive, "webhooks.json")["sent"]
    assert len(sent) == WebhookDelivery.objects.filter(user=cast.alice).count()


def test_the_ledger_ends_at_the_balance(alice: Belongings, cast: Cast, zipped: Any) -> None:
    entries = _read(zipped(), "ledger.json")

    assert (entries[-1]["available_after"], entries[-1]["held_after"]) == cast.credits()
    assert sum(entry["credits"] for entry in entries) == cast.credits()[0]


def test_it_holds_the_pictures_that_are_still_there(alice: Belongings, zipped: Any) -> None:
    archive, folder = zipped(), f"images/{alice.job.pk}"

    assert archive.read(f"{folder}/input.png") == storage.read(alice.job.input_name)
    assert archive.read(f"{folder}/result.png") == photo()
    assert f"{folder}/mask.png" in _read(archive, "jobs.json")[0]["images"]


def test_pictures_that_are_gone_are_passed_over(alice: Belongings, images: Any, zipped: Any) -> None:
    storage.delete([alice.job.input_name])

    archive = zipped()
    assert not any("input" in name for name in archive.namelist())


def test_deleted_images_are_told_as_such(alice: Belongings, zipped: Any) -> None:
    retention.delete_images(Job.objects.get(pk=alice.job.pk))

    (job,) = _read(zipped(), "jobs.json")
    assert (job["images"], job["images_deleted_at"] is None) == ([], False)


def test_a_job_says_what_was_given_and_what_became_of_it(cast: Cast, alice: Belongings, zipped: Any) -> None:
    Job.objects.update(prompt="the lamp post")

    (job,) = _read(zipped(), "jobs.json")
    assert (job["status"], job["given"]["prompt"], job["metadata"]) == (
        "completed",
        "the lamp post",
        {"note": "alice-wrote-this-note"},
    )


def test_no_secret_no_link_and_nothing_of_operators_is_in_it(alice: Belongings, cast: Cast, zipped: Any) -> None:
    Job.objects.update(safety={"verdict": "allowed", "scores": {"planted-score": 0.25}})
    AuditEvent.objects.create(user=cast.alice, kind=AuditKind.FLAGGED, about="planted-flag")
    AuditEvent.objects.create(user=cast.alice, kind=AuditKind.SUSPENDED, actor=cast.olga, address="192.0.2.66")
    archive = zipped()

    text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".json"))
    planted = [
        cast.alice_key,
        ApiKey.objects.get(user=cast.alice).key_hash,
        alice.secret,
        "/v1/files/",
        "planted-score",
        "planted-flag",
        "olga",
        "192.0.2.66",
    ]
    assert [word for word in planted if word in text] == []
    assert "signup:" not in text


def test_nothing_of_others_is_in_it(alice: Belongings, cast: Cast) -> None:
    archive = ZipFile(io.BytesIO(b"".join(export.begin_export(user=cast.bob))))

    text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert [mark for mark in alice.marks if mark in text] == []


def test_it_is_written_down_and_only_three_an_hour(alice_browser: Client, cast: Cast) -> None:
    answers = [alice_browser.post("/account/export/").status_code for _ in range(4)]

    assert answers == [200, 200, 200, 429]
    assert AuditEvent.objects.filter(user=cast.alice, kind="data_exported").count() == 3


def test_it_is_not_gathered_in_memory(cast: Cast, submit: Callable[..., Job], images: Any) -> None:
    """Twenty pictures of a megabyte each, and never more than a few pieces of them at once."""
    for _ in range(10):
        job = submit()
        names = {kind: f"inputs/{job.pk}/large-{kind}.png" for kind in ("input_name", "mask_name")}
        for name in names.values():
            storage.write(name, bytes(1_000_000))
        Job.objects.filter(pk=job.pk).update(**names)
    tracemalloc.start()
    size = sum(len(piece) for piece in export.begin_export(user=cast.alice))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 20_000_000
    assert peak < 5_000_000


@pytest.mark.parametrize("number", [1, 8])
def test_it_takes_the_same_queries_for_many_jobs(
    cast: Cast, submit: Callable[..., Job], number: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(number):
        submit()

    with django_assert_max_num_queries(26):
        b"".join(export.begin_export(user=cast.alice))


def test_a_visitor_of_the_account_does_not_download_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.olga)
    client.post(f"/admin/accounts/user/{cast.alice.pk}/visit/", {"reason": "Ticket 42"})

    assert client.post("/account/export/").status_code == 403


def test_keys_are_told_by_their_beginning_and_end(cast: Cast, zipped: Any) -> None:
    row, key = api_keys.mint_key(user=cast.alice, name="CI")

    told = [each["key"] for each in _read(zipped(), "account.json")["api_keys"]]
    assert f"{row.prefix}…{key[-4:]}" in told
