"""`GET` and `DELETE /v1/image/{id}`, usage and models: for the owner, and for nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from jobs import lifecycle, workers
from jobs.models import Job, Status
from tests.cast import Cast


def _url(job: Job) -> str:
    return f"/v1/image/{job.pk}"


def test_a_queued_job_is_told_as_it_is(alice_api: APIClient, job: Job) -> None:
    body = alice_api.get(_url(job)).json()

    assert body["id"] == body["generation_id"] == str(job.pk)
    assert (body["status"], body["credits_used"], body["output_url"], body["error"]) == ("queued", 5.0, None, None)


def test_a_completed_job_has_a_result(alice_api: APIClient, completed: Job) -> None:
    body = alice_api.get(_url(completed)).json()

    assert (body["status"], body["progress"], body["engine"]) == ("completed", 100, "exemplar")
    assert body["output_url"].startswith("http://testserver/v1/files/")


def test_a_failed_job_says_why_and_costs_nothing(alice_api: APIClient, claimed: Job) -> None:
    lifecycle.fail_job(job_id=claimed.pk, attempt=1, code="nothing_found", message="Nothing was found.")

    body = alice_api.get(_url(claimed)).json()

    assert (body["status"], body["credits_used"]) == ("failed", 0.0)
    assert body["error"] == {"code": "nothing_found", "message": "Nothing was found."}
    assert body["error_message"] == "Nothing was found."


@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_stranger_learns_nothing_of_a_job(bob_api: APIClient, completed: Job, method: str) -> None:
    answer = getattr(bob_api, method)(_url(completed))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Job.objects.get().output_name


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_anonymous_caller_is_refused(completed: Job, method: str) -> None:
    assert getattr(APIClient(), method)(_url(completed)).status_code == 401


@pytest.mark.parametrize("job_id", [str(uuid.UUID(int=7)), "not-a-uuid", "../../etc", "x" * 5_000])
def test_a_job_that_does_not_exist_is_not_found(alice_api: APIClient, job_id: str) -> None:
    answer = alice_api.get(f"/v1/image/{job_id}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_asking_with_wait_answers_at_once_when_the_job_has_ended(alice_api: APIClient, completed: Job) -> None:
    assert alice_api.get(_url(completed) + "?wait=60").json()["status"] == "completed"


def test_waiting_ends_when_the_time_is_up(alice_api: APIClient, job: Job) -> None:
    assert alice_api.get(_url(job) + "?wait=1").json()["status"] == "queued"


@pytest.mark.parametrize("wait", ["-1", "soon", "1e9", ""])
def test_a_wait_that_makes_no_sense_is_no_wait(alice_api: APIClient, job: Job, wait: str) -> None:
    assert alice_api.get(_url(job), {"wait": wait}).status_code == 200


def test_deleting_a_queued_job_cancels_it(cast: Cast, alice_api: APIClient, job: Job, images: Path) -> None:
    body = alice_api.delete(_url(job)).json()

    assert (body["status"], body["credits_used"], cast.credits()) == ("canceled", 0.0, (500, 0))
    assert [path for path in images.rglob("*") if path.is_file()] == []


def test_a_job_being_worked_on_cannot_be_deleted(cast: Cast, alice_api: APIClient, claimed: Job) -> None:
    answer = alice_api.delete(_url(claimed))

    assert (answer.status_code, answer.json()["code"], cast.credits()) == (409, "not_cancelable", (495, 5))


def test_deleting_an_ended_job_deletes_its_images_and_keeps_the_charge(
    cast: Cast, alice_api: APIClient, completed: Job, images: Path
) -> None:
    body = alice_api.delete(_url(completed)).json()

    assert (body["status"], body["output_url"], cast.credits()) == ("completed", None, (495, 0))
    assert [path for path in images.rglob("*") if path.is_file()] == []


def test_the_balance_counts_what_is_held(alice_api: APIClient, job: Job) -> None:
    body = alice_api.get("/v1/account/balance").json()

    assert body == {
        "credits_remaining": 495.0,
        "credits_held": 5.0,
        "plan": "free",
        "email": "alice@example.com",
    }


def test_usage_lists_the_accounts_own_jobs_newest_first(
    alice_api: APIClient, bob_api: APIClient, submit: Callable[..., Job]
) -> None:
    jobs = [submit() for _ in range(3)]

    listed = [line["id"] for line in alice_api.get("/v1/account/usage").json()["results"]]

    assert listed == [str(job.pk) for job in reversed(jobs)]
    assert bob_api.get("/v1/account/usage").json()["results"] == []


def test_usage_is_paged_by_cursor(alice_api: APIClient, submit: Callable[..., Job]) -> None:
    ids = [str(submit().pk) for _ in range(3)][::-1]

    first = alice_api.get("/v1/account/usage?limit=2").json()
    second = alice_api.get(first["next"]).json()

    assert [line["id"] for page in (first, second) for line in page["results"]] == ids
    assert second["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=1000000000", "limit=x", "cursor=forged"])
def test_a_wrong_page_is_refused(alice_api: APIClient, query: str) -> None:
    answer = alice_api.get(f"/v1/account/usage?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_a_longer_list_takes_no_more_queries(alice_api: APIClient, submit: Callable[..., Job]) -> None:
    counts = []
    for _ in range(2):
        submit()
        alice_api.get("/v1/account/usage")
        with CaptureQueriesContext(connection) as queries:
            alice_api.get("/v1/account/usage")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_models_say_what_is_offered_and_that_no_worker_is_there(alice_api: APIClient) -> None:
    model, segment, *_ = alice_api.get("/v1/models").json()["models"]

    assert (model["operation"], model["endpoint"], model["credits"]) == (
        "remove-object",
        "/v1/image/remove-object",
        5.0,
    )
    assert (segment["operation"], segment["endpoint"], segment["credits"]) == ("segment", "/v1/image/segment", 0.0)
    assert [(each["available"], each["engine"]) for each in (model, segment)] == [(False, None)] * 2


def test_models_name_the_engine_of_the_worker_that_is_there(alice_api: APIClient) -> None:
    workers.report_worker(name="w", engines=[{"name": "exemplar", "device": "cpu"}], safety_filter="none")

    model, segment, *_ = alice_api.get("/v1/models").json()["models"]

    for each in (model, segment):
        assert (each["available"], each["engine"], each["device"]) == (True, "exemplar", "cpu")


def test_what_pixelapi_offers_and_no_model_here_does_is_told_and_refused_before_anything_is_read(
    cast: Cast, alice_api: APIClient
) -> None:
    before = cast.credits()
    unserved = [model for model in alice_api.get("/v1/models").json()["models"] if model["typical_seconds"] is None]

    assert {"upscale", "remove-background", "virtual-tryon"} <= {model["operation"] for model in unserved}
    for model in unserved:
        answer = alice_api.post(model["endpoint"], b"anything", content_type="application/octet-stream")
        detail = answer.json()["detail"]
        words = detail if isinstance(detail, str) else detail["message"] + detail["guidance"]
        assert (answer.status_code, model["available"]) == (503, False)
        assert "no model for it is installed" in words
        assert "GET /v1/models" in words
        assert APIClient().post(model["endpoint"]).status_code == 401
    assert cast.credits() == before


def test_unknown_addresses_below_v1_answer_in_json(alice_api: APIClient) -> None:
    answer = alice_api.get("/v1/nothing/here")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_credits_used_follows_the_status(job: Job) -> None:
    costs = {status: Job(price_credits=5, status=status).credits_used for status in Status}

    assert costs == {"queued": 5, "processing": 5, "completed": 5, "failed": 0, "blocked": 0, "canceled": 0}
