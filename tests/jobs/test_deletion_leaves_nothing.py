"""After an account is deleted no row and no file says who it was: every column of every table is searched for planted words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from accounts import api_keys, services, suspension
from accounts.models import Letter
from billing import goodwill, ledger
from billing.models import EntryKind, LedgerEntry
from jobs.models import Job
from tests.belongings import HOOK, NOTE, give_alice_everything
from tests.cast import Cast

ADDRESS = "198.51.100.77"
PROMPT = "planted-prompt"
KEY_NAME = "planted-key-name"
PLANTED = ["alice@example.com", "Alice", ADDRESS, PROMPT, KEY_NAME, HOOK, NOTE, "alice-owns-this"]


def _rows_with(words: list[str]) -> list[tuple[str, str, str]]:
    """Where a planted word is: table, column, word."""
    return [
        (model._meta.label, field, word)
        for model in apps.get_models()
        for row in model._default_manager.values()
        for field, value in row.items()
        for word in words
        if word in str(value)
    ]


@pytest.fixture
def busy(cast: Cast, images: Path, submit: Any) -> None:
    """Alice has done all that one can do, and operators have done things to her."""
    belongings = give_alice_everything(cast)
    submit()
    Job.objects.update(prompt=PROMPT)
    api_keys.mint_key(user=cast.alice, name=KEY_NAME)
    browser = Client(REMOTE_ADDR=ADDRESS)
    browser.force_login(cast.alice)
    browser.get("/account/", REMOTE_ADDR=ADDRESS)
    browser.post("/account/export/", REMOTE_ADDR=ADDRESS)
    browser.post("/keys/", {"name": KEY_NAME}, REMOTE_ADDR=ADDRESS)
    goodwill.refund_completed_job(job_id=belongings.job.pk, actor=cast.olga, reason="the result had a seam")
    suspension.suspend(cast.alice, actor=cast.olga, reason="a mistake of ours")
    suspension.restore(cast.alice, actor=cast.olga, reason="it was a mistake of ours")
    olga = Client()
    olga.force_login(cast.olga)
    olga.post(f"/admin/accounts/user/{cast.alice.pk}/change/", {"email": "alice@example.com", "name": "Alice"})
    olga.post(f"/admin/accounts/user/{cast.alice.pk}/visit/", {"reason": "Ticket 42"})
    olga.post("/admin/visit/end/")


def test_the_words_that_are_looked_for_are_there_before(busy: None) -> None:
    found = {word for _, _, word in _rows_with(PLANTED)}

    assert found == set(PLANTED)


def test_no_row_and_no_file_says_who_it_was(
    busy: None, cast: Cast, images: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.close_account(cast.alice)
    Letter.objects.update(sent_at=cast.alice.date_joined)
    services.forget_farewells()

    assert _rows_with(PLANTED) == []
    assert [path for path in images.rglob("*") if path.is_file()] == []


def test_the_books_stay(busy: None, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    before = LedgerEntry.objects.filter(wallet__user=cast.alice).count()
    with django_capture_on_commit_callbacks(execute=True):
        services.close_account(cast.alice)

    kept = LedgerEntry.objects.filter(wallet__user=cast.alice)
    refunded = kept.filter(kind=EntryKind.REFUND).count()  # of the jobs that waited
    assert kept.count() == before
    assert (refunded, ledger.debt_of(cast.wallet)) == (1, 0)
