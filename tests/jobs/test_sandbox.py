"""Jobs of test keys: the real thing, for nothing, stamped, marked wherever they are told, and limited in number."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from django.db import connections
from django.utils import timezone
from PIL import Image
from rest_framework.test import APIClient

from accounts import api_keys
from billing import invariants
from billing.models import LedgerEntry
from inference import tasks
from inference.engines.exemplar import ExemplarEngine
from jobs import sandbox, storage, webhooks
from jobs.catalogue import REMOVE_OBJECT
from jobs.invariants import INVARIANTS
from jobs.models import Job, Status, WebhookDelivery
from jobs.submission import OutputOptions, submit_job
from jobs.uploads import Source, check_input
from tests.cast import Cast, make_cast
from tests.jobs.conftest import mask, photo, upload

URL = "/v1/image/remove-object"
SIZE = (160, 120)


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.worker.engines", lambda: (ExemplarEngine(),))


@pytest.fixture
def trial_key(cast: Cast) -> str:
    return api_keys.mint_key(user=cast.alice, name="Trying", is_sandbox=True)[1]


@pytest.fixture
def trying(cast: Cast, trial_key: str) -> APIClient:
    """A client of Alice's with a test key."""
    return cast.api(trial_key)


def post(client: APIClient, *, idempotency_key: str | None = None, **fields: Any) -> Any:
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    sent = {"image": upload(photo(size=SIZE)), "mask": upload(mask(size=SIZE))} | fields
    return client.post(URL, sent, headers=headers)


def work() -> Job:
    tasks.process_jobs()
    return Job.objects.get()


def test_a_job_of_a_test_key_costs_nothing(cast: Cast, trying: APIClient) -> None:
    entries = LedgerEntry.objects.count()

    answer = post(trying)
    done = work()

    assert (answer.status_code, answer.json()["credits_used"]) == (202, 0.0)
    assert (done.status, done.price_credits) == (Status.COMPLETED, 0)
    assert (cast.credits(), LedgerEntry.objects.count()) == ((500, 0), entries)


def test_trying_needs_no_credits(cast: Cast, trying: APIClient) -> None:
    cast.set_credits(0)

    assert post(trying).status_code == 202


def test_books_and_jobs_agree(trying: APIClient) -> None:
    post(trying)
    work()

    assert invariants.violations() == []
    assert [sentence for check in INVARIANTS for sentence in check()] == []


def test_the_result_is_the_real_one_with_a_stamp(cast: Cast, alice_api: APIClient, trying: APIClient) -> None:
    results = []
    for client in (alice_api, trying):
        job_id = post(client).json()["id"]
        tasks.process_jobs()
        results.append(_pixels(storage.read(Job.objects.get(pk=job_id).output_name)))

    difference = np.abs(results[0] - results[1]).max(axis=2)
    assert difference.max() > 60
    assert 0 < (difference > 0).mean() < 0.6


def test_the_receipt_says_that_it_is_stamped(trying: APIClient) -> None:
    post(trying)

    receipt = work().receipt

    assert receipt is not None
    assert receipt["parameters"]["stamped"] is True


def test_it_is_marked_wherever_it_is_told(cast: Cast, trying: APIClient) -> None:
    submitted = post(trying).json()
    done = work()

    polled = trying.get(f"/v1/image/{done.pk}").json()
    [listed] = trying.get("/v1/account/usage").json()["results"]

    assert [told["sandbox"] for told in (submitted, polled, listed)] == [True] * 3
    assert (polled["credits_used"], listed["credits_used"]) == (0.0, 0.0)


def test_jobs_of_live_keys_are_told_as_ever(alice_api: APIClient) -> None:
    submitted = post(alice_api).json()

    polled = alice_api.get(f"/v1/image/{submitted['id']}").json()
    [listed] = alice_api.get("/v1/account/usage").json()["results"]

    assert not any("sandbox" in told for told in (submitted, polled, listed))


def test_webhooks_are_told_and_marked(cast: Cast, trying: APIClient) -> None:
    webhooks.add_endpoint(user=cast.alice, url="https://example.com/hook")
    post(trying)
    work()

    body, _ = webhooks.message_of(WebhookDelivery.objects.get(), now=timezone.now())

    told = json.loads(body)
    assert (told["type"], told["data"]["sandbox"]) == ("job.completed", True)


def test_the_same_request_twice_is_one_job(trying: APIClient) -> None:
    first, second = (post(trying, idempotency_key="try-1") for _ in range(2))

    assert second["Idempotent-Replayed"] == "true"
    assert first.json() == second.json()
    assert Job.objects.count() == 1


def test_what_a_live_key_is_refused_for_a_test_key_is_refused_for(trying: APIClient) -> None:
    assert post(trying, mask=upload(mask(size=(3, 3)))).json()["code"] == "mask_size_mismatch"


def test_keys_of_both_kinds_see_all_jobs_of_the_account(alice_api: APIClient, trying: APIClient) -> None:
    ids = [post(client).json()["id"] for client in (alice_api, trying)]

    for client in (alice_api, trying):
        assert [client.get(f"/v1/image/{job_id}").status_code for job_id in ids] == [200, 200]


def test_a_dry_run_says_that_it_is_of_a_test_key(trying: APIClient) -> None:
    body = post(trying, dry_run="true").json()

    assert (body["sandbox"], body["credits"], body["would_be_accepted"]) == (True, 0.0, True)


class TestLimit:
    @pytest.fixture(autouse=True)
    def two_a_day(self, settings: Any) -> None:
        settings.SANDBOX_JOBS_PER_DAY = 2

    def test_so_many_a_day_are_tried_and_no_more(self, trying: APIClient) -> None:
        assert [post(trying).status_code for _ in range(3)] == [202, 202, 429]

    def test_the_refusal_says_to_wait_until_midnight(self, trying: APIClient, time_machine) -> None:
        time_machine.move_to(datetime(2026, 3, 15, 23, 0, tzinfo=UTC), tick=False)
        for _ in range(2):
            post(trying)

        answer = post(trying)

        assert answer.json()["code"] == "sandbox_limit_reached"
        assert answer["Retry-After"] == "3600"

    def test_all_test_keys_of_an_account_share_the_number(self, cast: Cast, trying: APIClient) -> None:
        for _ in range(2):
            post(trying)
        _, other = api_keys.mint_key(user=cast.alice, name="Other", is_sandbox=True)

        assert post(cast.api(other)).status_code == 429

    def test_live_keys_go_on(self, alice_api: APIClient, trying: APIClient) -> None:
        for _ in range(3):
            post(trying)

        assert post(alice_api).status_code == 202

    def test_a_new_day_begins_anew(self, trying: APIClient, time_machine) -> None:
        time_machine.move_to(datetime(2026, 3, 15, 23, 59, tzinfo=UTC), tick=False)
        for _ in range(2):
            post(trying)

        time_machine.move_to(datetime(2026, 3, 16, 0, 1, tzinfo=UTC), tick=False)

        assert post(trying).status_code == 202

    def test_finding_counts_too(self, trying: APIClient) -> None:
        fields = {"bbox": "4,4,9,9"}
        for _ in range(2):
            trying.post("/v1/image/segment", {"image": upload(photo()), **fields})

        assert post(trying).status_code == 429

    def test_nobody_is_told_to_wait_in_vain_where_nothing_may_be_tried(self, trying: APIClient, settings: Any) -> None:
        settings.SANDBOX_JOBS_PER_DAY = 0

        assert post(trying).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_copies_that_arrive_together_do_not_exceed_the_number(settings: Any) -> None:
    settings.SANDBOX_JOBS_PER_DAY = 2
    cast = make_cast()
    key, _ = api_keys.mint_key(user=cast.alice, name="Trying", is_sandbox=True)
    together = Barrier(6)

    def submit(_: int) -> bool:
        try:
            checked = check_input(
                image=Source(file=io.BytesIO(photo())), mask=Source(file=io.BytesIO(mask())), boxes=()
            )
            together.wait()
            submit_job(user=cast.alice, api_key=key, operation=REMOVE_OBJECT, checked=checked, output=OutputOptions())
        except sandbox.SandboxLimitReached:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(submit, range(6))) == 2


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)
