"""A job's page in the admin: finding it, and giving back by hand what it cost."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from billing import invariants
from jobs.models import Batch, Job
from tests.cast import Cast

WHY = "The result had a seam"


@pytest.fixture
def olga(cast: Cast, client: Client) -> Client:
    client.force_login(cast.olga)
    return client


def test_a_completed_jobs_page_offers_its_price_back_once(olga: Client, cast: Cast, completed: Job) -> None:
    page, button = f"/admin/jobs/job/{completed.pk}/change/", f"/admin/jobs/job/{completed.pk}/refund/"
    before = button in olga.get(page).content.decode()

    answer = olga.post(button, {"reason": WHY})

    assert (before, answer.status_code, answer["Location"], cast.credits()) == (True, 302, page, (500, 0))
    assert button not in olga.get(page).content.decode()
    assert AuditEvent.objects.filter(actor=cast.olga).count() == 1
    assert invariants.violations() == []


def test_a_second_time_is_refused_with_a_sentence(olga: Client, cast: Cast, completed: Job) -> None:
    button = f"/admin/jobs/job/{completed.pk}/refund/"
    olga.post(button, {"reason": WHY})

    answer = olga.post(button, {"reason": WHY})

    assert (answer.status_code, "given back by hand before" in answer.content.decode()) == (409, True)
    assert cast.credits() == (500, 0)


def test_a_job_that_has_not_completed_has_no_such_button(olga: Client, job: Job) -> None:
    button = f"/admin/jobs/job/{job.pk}/refund/"

    assert button not in olga.get(f"/admin/jobs/job/{job.pk}/change/").content.decode()
    assert olga.post(button, {"reason": WHY}).status_code == 409


def test_without_a_reason_nothing_is_given(olga: Client, cast: Cast, completed: Job) -> None:
    assert olga.post(f"/admin/jobs/job/{completed.pk}/refund/", {"reason": ""}).status_code == 400
    assert cast.credits() == (495, 0)


def test_an_operator_without_the_right_to_credits_gives_none(client: Client, cast: Cast, completed: Job) -> None:
    client.force_login(User.objects.create_user("looker@example.com", is_staff=True))

    assert client.post(f"/admin/jobs/job/{completed.pk}/refund/", {"reason": WHY}).status_code == 403


def test_a_job_is_found_by_its_id_however_it_is_written(olga: Client, job: Job) -> None:
    for written in (str(job.pk), job.pk.hex, f" {str(job.pk).upper()} "):
        assert "1 job" in olga.get("/admin/jobs/job/", {"q": written}).content.decode()


def test_a_suspended_accounts_waiting_jobs_are_canceled_and_those_under_way_go_on(
    olga: Client, cast: Cast, claimed: Job, submit
) -> None:
    waiting = submit()

    olga.post(f"/admin/accounts/user/{cast.alice.pk}/suspend/", {"reason": "fraud, says the bank"})

    states = {job.pk: job.status for job in Job.objects.all()}
    assert states == {claimed.pk: "processing", waiting.pk: "canceled"}
    assert cast.credits() == (495, 5)


@pytest.mark.parametrize("search", ["{id}", "alice@"])
def test_a_batch_is_found_by_its_number_and_by_its_owner_and_cannot_be_changed(
    olga: Client, cast: Cast, search: str
) -> None:
    lines = [{"filename": "a.png", "warnings": [], "error": None}, {"filename": "b.png", "warnings": [], "error": {}}]
    batch = Batch.objects.create(user=cast.alice, operation="remove-object", lines=lines, created_at=timezone.now())

    found = olga.get("/admin/jobs/batch/", {"q": search.format(id=batch.pk)}).content.decode()
    page = olga.get(f"/admin/jobs/batch/{batch.pk}/change/").content.decode()

    assert str(batch.pk) in found
    assert 'name="_save"' not in page
