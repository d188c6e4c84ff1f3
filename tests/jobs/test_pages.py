"""The signed-in pages and the editor's endpoints: for their owner, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import Job
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, upload


@pytest.fixture
def bob_browser(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


@pytest.mark.parametrize("path", ["/dashboard/", "/editor/"])
def test_a_page_that_is_someones_asks_to_sign_in(db: None, client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")


def test_the_dashboard_shows_balance_and_jobs(alice_browser: Client, completed: Job) -> None:
    page = alice_browser.get("/dashboard/").content.decode()

    assert "495" in page
    assert f"/v1/files/{completed.pk}/output-preview" in page


def test_a_longer_dashboard_takes_no_more_queries(alice_browser: Client, submit: Callable[..., Job]) -> None:
    counts = []
    for _ in range(2):
        submit()
        with CaptureQueriesContext(connection) as queries:
            alice_browser.get("/dashboard/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_brush_grows_by_itself_because_the_editor_asks_for_it(alice_browser: Client) -> None:
    alice_browser.post("/editor/jobs/", {"image": upload(photo()), "mask": upload(mask()), "grow": "auto"})

    assert Job.objects.get().grow == "auto"


@pytest.mark.parametrize("path", ["/jobs/{}/", "/editor/jobs/{}/"])
def test_a_job_is_shown_to_its_owner_and_to_nobody_else(
    alice_browser: Client, bob_browser: Client, completed: Job, path: str
) -> None:
    answers = [browser.get(path.format(completed.pk)).status_code for browser in (alice_browser, bob_browser, Client())]

    assert answers[:2] == [200, 404]
    assert answers[2] in (302, 403)


@pytest.mark.parametrize("state", ["job", "claimed", "completed"])
def test_a_jobs_page_is_shown_in_every_state(alice_browser: Client, request, state: str) -> None:
    job = request.getfixturevalue(state)

    assert alice_browser.get(f"/jobs/{job.pk}/").status_code == 200


def test_the_editor_submits_with_the_session(cast: Cast, alice_browser: Client) -> None:
    answer = alice_browser.post("/editor/jobs/", {"image": upload(photo()), "mask": upload(mask())})

    assert (answer.status_code, answer.json()["status"], cast.credits()) == (202, "queued", (495, 5))


def test_the_editor_needs_our_own_page(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)

    answer = client.post("/editor/jobs/", {"image": upload(photo()), "mask": upload(mask())})

    assert (answer.status_code, answer.json()["code"], Job.objects.count()) == (403, "csrf_failed", 0)


def test_a_key_does_not_open_the_editors_endpoints(cast: Cast) -> None:
    assert cast.api(cast.alice_key).post("/editor/jobs/").status_code == 403


def test_the_editor_is_told_the_balance_with_the_job(alice_browser: Client, job: Job) -> None:
    assert alice_browser.get(f"/editor/jobs/{job.pk}/").json()["balance"] == 495


def test_canceling_too_late_keeps_the_result(alice_browser: Client, completed: Job) -> None:
    answer = alice_browser.delete(f"/editor/jobs/{completed.pk}/")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancelable")
    assert Job.objects.get().output_name == completed.output_name


def test_the_editor_cancels_a_queued_job(cast: Cast, alice_browser: Client, job: Job) -> None:
    body = alice_browser.delete(f"/editor/jobs/{job.pk}/").json()

    assert (body["status"], body["balance"]) == ("canceled", 500)
