"""Closing an account: its jobs end, its keys stop, its images go; the books stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts import services
from billing import invariants
from jobs import lifecycle, sweeper, webhooks
from jobs.models import Job, Status, WebhookEndpoint
from tests.cast import Cast
from tests.jobs.conftest import result_of


@pytest.mark.parametrize("run_twice", [False, True])
def test_closing_an_account_ends_its_jobs_keys_and_images_and_keeps_the_books(
    cast: Cast, completed: Job, submit: Any, images: Path, django_capture_on_commit_callbacks: Any, run_twice: bool
) -> None:
    waiting, webhook = submit(), webhooks.add_endpoint(user=cast.alice, url="https://example.com/hook")

    for _ in range(2 if run_twice else 1):
        with django_capture_on_commit_callbacks(execute=True):
            services.close_account(cast.alice)

    assert Job.objects.get(pk=waiting.pk).status == Status.CANCELED
    assert cast.credits() == (495, 0)
    assert [path for path in images.rglob("*") if path.is_file()] == []
    assert not WebhookEndpoint.objects.filter(pk=webhook.pk).exists()
    assert cast.api(cast.alice_key).get("/v1/account/balance").status_code == 401
    cast.alice.refresh_from_db()
    assert ("alice" in cast.alice.email, cast.alice.name, cast.alice.is_active) == (False, "", False)
    assert invariants.violations() == []


def test_a_job_under_way_when_its_account_closes_leaves_no_images(
    cast: Cast, claimed: Job, images: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.close_account(cast.alice)
    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))
    Job.objects.update(delete_images_at="2020-01-01T00:00:00Z")
    sweeper.sweep()

    assert [path for path in images.rglob("*") if path.is_file()] == []


@pytest.mark.django_db(transaction=True)
def test_the_owner_closes_an_account_by_its_address(cast: Cast, completed: Job, images: Path) -> None:
    call_command("closeaccount", "Alice@example.com")

    cast.alice.refresh_from_db()
    assert (cast.alice.is_active, [path for path in images.rglob("*") if path.is_file()]) == (False, [])


def test_an_address_without_an_account_is_told(db: None) -> None:
    with pytest.raises(CommandError, match="no account"):
        call_command("closeaccount", "nobody@example.com")
