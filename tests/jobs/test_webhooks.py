"""Webhooks: told at least once under one id, signed so that the public library accepts it, tried again, given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from standardwebhooks import Webhook, WebhookVerificationError

from jobs import courier, lifecycle, sweeper, webhooks
from jobs.models import DeliveryState, Job, Status, WebhookDelivery, WebhookEndpoint, WebhookSecret
from jobs.representation import job_json
from pixelsite.lib.fetch import UrlNotAllowed
from tests.cast import Cast
from tests.jobs.conftest import mask, photo, result_of, upload
from tests.jobs.receiver import Receiver, running_receiver


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.DEBUG = True  # plain http is for laptops only
    settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def endpoint(cast: Cast, receiver: Receiver) -> WebhookEndpoint:
    return webhooks.add_endpoint(user=cast.alice, url=receiver.url)


def _end(job: Job) -> Job:
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))
    return Job.objects.get(pk=job.pk)


def _deliver() -> WebhookDelivery:
    """One try of the only event that is due, in this thread."""
    (claimed,) = courier.claim_due(limit=10)
    webhooks.record(claimed, courier._try(claimed))
    return WebhookDelivery.objects.get(pk=claimed.pk)


def _due_again() -> None:
    WebhookDelivery.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))


# --- who is told --------------------------------------------------------------------------------------------------


def test_the_end_of_a_job_is_told_to_its_webhook_url_and_to_every_endpoint(
    cast: Cast, alice_api: APIClient, endpoint: WebhookEndpoint, receiver: Receiver
) -> None:
    sent = {"image": upload(photo()), "mask": upload(mask()), "webhook_url": receiver.url + "/once"}
    alice_api.post("/v1/image/remove-object", sent)

    _end(Job.objects.get())

    told = WebhookDelivery.objects.values_list("endpoint", "url", "event", "state")
    assert set(told) == {
        (None, receiver.url + "/once", "job.completed", "pending"),
        (endpoint.pk, receiver.url, "job.completed", "pending"),
    }


def test_nobody_is_told_before_the_end(endpoint: WebhookEndpoint, job: Job) -> None:
    lifecycle.claim_job(job.pk)

    assert WebhookDelivery.objects.count() == 0


def test_another_accounts_endpoint_is_not_told(cast: Cast, receiver: Receiver, job: Job) -> None:
    webhooks.add_endpoint(user=cast.bob, url=receiver.url)

    _end(job)

    assert WebhookDelivery.objects.count() == 0


@pytest.mark.parametrize("how", ["failed", "blocked", "canceled"])
def test_a_job_that_did_not_complete_is_told_too(endpoint: WebhookEndpoint, job: Job, how: str) -> None:
    if how == "canceled":
        lifecycle.cancel_job(job=job)
    else:
        claimed = lifecycle.claim_job(job.pk)
        assert claimed is not None
        end = lifecycle.fail_job if how == "failed" else lifecycle.block_job
        end(job_id=job.pk, attempt=claimed.attempt, code="test", message="For the test.")

    assert WebhookDelivery.objects.get().event == f"job.{how}"


def test_a_worker_that_lost_its_lease_tells_nobody(endpoint: WebhookEndpoint, claimed: Job) -> None:
    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt + 1, result=result_of(claimed))

    assert WebhookDelivery.objects.count() == 0


# --- what is sent -------------------------------------------------------------------------------------------------


def test_the_public_library_accepts_the_signature(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver, job: Job
) -> None:
    _end(job)

    _deliver()

    headers, body = receiver.received[0]
    secret = webhooks.current_secret(user=cast.alice, endpoint=endpoint)
    told = Webhook(secret).verify(body, headers)
    assert (told["type"], told["data"]["id"]) == ("job.completed", str(job.pk))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"completed", b"cancelled"), headers)


def test_it_carries_the_same_json_as_every_other_answer(
    endpoint: WebhookEndpoint, receiver: Receiver, job: Job, settings: Any
) -> None:
    ended = _end(job)

    _deliver()

    told = json.loads(receiver.received[0][1])
    assert told["data"] == json.loads(json.dumps(job_json(ended, base_url=settings.SITE_URL)))
    assert len(receiver.received[0][1]) < 20_000


def test_every_try_has_the_same_id(endpoint: WebhookEndpoint, receiver: Receiver, job: Job) -> None:
    receiver.answers = [(500, {}), (204, {})]
    _end(job)

    _deliver()
    _due_again()
    delivered = _deliver()

    assert len({headers["Webhook-Id"] for headers, _ in receiver.received}) == 1
    assert (delivered.state, delivered.tries) == (DeliveryState.DELIVERED, 2)


def test_after_a_rotation_both_secrets_verify_for_a_day(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver, job: Job
) -> None:
    old = webhooks.current_secret(user=cast.alice, endpoint=endpoint)
    new = webhooks.rotate_secret(user=cast.alice, endpoint=endpoint)
    _end(job)

    _deliver()

    headers, body = receiver.received[0]
    assert old != new
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)


def test_a_day_later_the_old_secret_is_gone(
    cast: Cast, endpoint: WebhookEndpoint, receiver: Receiver, job: Job
) -> None:
    old = webhooks.current_secret(user=cast.alice, endpoint=endpoint)
    yesterday = timezone.now() - timedelta(hours=24, seconds=1)
    webhooks.rotate_secret(user=cast.alice, endpoint=endpoint, now=yesterday)
    _end(job)

    _deliver()
    sweeper.sweep()

    headers, body = receiver.received[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)
    assert WebhookSecret.objects.filter(endpoint=endpoint).count() == 1


def test_the_secret_is_not_readable_in_the_database(cast: Cast, endpoint: WebhookEndpoint) -> None:
    secret = webhooks.current_secret(user=cast.alice, endpoint=endpoint)

    assert secret.removeprefix("whsec_") not in WebhookSecret.objects.get().sealed


# --- trying again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 503])
def test_anything_but_2xx_is_tried_again(endpoint: WebhookEndpoint, receiver: Receiver, job: Job, status: int) -> None:
    receiver.answers = [(status, {"Location": receiver.url + "/elsewhere"})]
    _end(job)

    tried = _deliver()

    pause = (tried.next_try_at - timezone.now()).total_seconds()
    assert (tried.state, tried.last_status, len(receiver.received)) == (DeliveryState.PENDING, status, 1)
    assert 3 < pause <= webhooks.PAUSES_S[0] * 1.1


def test_pauses_grow_and_add_up_to_a_day() -> None:
    assert list(webhooks.PAUSES_S) == sorted(webhooks.PAUSES_S)
    assert 23 * 3600 < sum(webhooks.PAUSES_S) < 25 * 3600


@pytest.mark.parametrize(("asked", "waits"), [("120", 120), ("999999", 24 * 3600), ("soon", 5)])
def test_retry_after_is_honoured_up_to_a_day(
    endpoint: WebhookEndpoint, receiver: Receiver, job: Job, asked: str, waits: int
) -> None:
    receiver.answers = [(503, {"Retry-After": asked})]
    _end(job)

    tried = _deliver()

    assert (tried.next_try_at - timezone.now()).total_seconds() == pytest.approx(waits, rel=0.2)


def test_after_a_day_of_failures_the_event_is_given_up(endpoint: WebhookEndpoint, receiver: Receiver, job: Job) -> None:
    receiver.answers = [(500, {})]
    _end(job)

    tried = _deliver()
    for _ in webhooks.PAUSES_S:
        _due_again()
        tried = _deliver()

    assert (tried.state, tried.tries) == (DeliveryState.FAILED, 12)
    assert courier.claim_due(limit=10) == []


def test_410_disables_the_endpoint(endpoint: WebhookEndpoint, receiver: Receiver, job: Job) -> None:
    receiver.answers = [(410, {})]
    _end(job)

    assert _deliver().state == DeliveryState.FAILED
    endpoint.refresh_from_db()
    assert (endpoint.disabled_at is not None, endpoint.disabled_reason) == (True, "It answered 410 Gone.")


def test_an_endpoint_that_fails_for_days_is_disabled_and_its_events_given_up(
    endpoint: WebhookEndpoint, receiver: Receiver, job: Job, submit: Any
) -> None:
    receiver.answers = [(500, {})]
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=5, seconds=1))
    _end(job)
    _deliver()

    _end(submit())

    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert list(WebhookDelivery.objects.values_list("state", flat=True)) == [DeliveryState.FAILED]


def test_a_success_forgives_earlier_failures(endpoint: WebhookEndpoint, receiver: Receiver, job: Job) -> None:
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    _end(job)

    _deliver()

    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_an_event_can_be_sent_again_under_its_own_id(endpoint: WebhookEndpoint, receiver: Receiver, job: Job) -> None:
    _end(job)

    webhooks.send_again(_deliver())
    again = _deliver()

    assert again.state == DeliveryState.DELIVERED
    assert len({headers["Webhook-Id"] for headers, _ in receiver.received}) == 1


def test_a_test_event_says_so(endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    webhooks.send_test(endpoint)

    _deliver()

    assert json.loads(receiver.received[0][1]) | {"timestamp": ""} == {
        "type": "webhook.test", "timestamp": "", "data": {},
    }  # fmt: skip


def test_two_couriers_do_not_send_the_same_try(endpoint: WebhookEndpoint, job: Job) -> None:
    _end(job)

    assert (len(courier.claim_due(limit=10)), len(courier.claim_due(limit=10))) == (1, 0)


def test_a_courier_that_died_leaves_its_event_to_the_next(endpoint: WebhookEndpoint, job: Job) -> None:
    _end(job)
    courier.claim_due(limit=10)
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))

    assert len(courier.claim_due(limit=10)) == 1


def test_one_receiver_takes_only_a_few_senders(endpoint: WebhookEndpoint, cast: Cast, receiver: Receiver) -> None:
    for _ in range(10):
        webhooks.send_test(endpoint)
    other = webhooks.add_endpoint(user=cast.bob, url=receiver.url)
    webhooks.send_test(other)

    claimed = courier.claim_due(limit=64)

    assert sorted(delivery.user_id for delivery in claimed) == sorted([cast.alice.pk] * 4 + [cast.bob.pk])
    assert courier.claim_due(limit=64) == []


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_hangs_keeps_nobody_else_waiting(cast: Cast, receiver: Receiver) -> None:
    quick = webhooks.add_endpoint(user=cast.bob, url=receiver.url)
    with running_receiver() as hanging:
        hanging.answers_now.clear()
        slow = webhooks.add_endpoint(user=cast.alice, url=hanging.url)
        for _ in range(6):
            webhooks.send_test(slow)
        webhooks.send_test(quick)
        carrying = courier.Courier()
        try:
            for _ in range(200):  # ends at the first look that finds it delivered
                carrying.send_due()
                carrying.wait(0.05)
                if quick.deliveries.filter(state=DeliveryState.DELIVERED).exists():
                    break
            assert quick.deliveries.get().state == DeliveryState.DELIVERED
            assert not slow.deliveries.exclude(state=DeliveryState.PENDING).exists()
        finally:
            hanging.answers_now.set()
            carrying.close()


# --- where events may go ------------------------------------------------------------------------------------------

REFUSED = {
    "http://127.0.0.1/": "url_not_allowed", "http://[::1]/": "url_not_allowed", "http://10.1.2.3/": "url_not_allowed",
    "http://169.254.169.254/latest": "url_not_allowed", "http://example.com:25/": "url_not_allowed",
    "ftp://example.com/": "url_scheme_not_allowed", "http://user:pw@example.com/": "url_credentials",
    "https://": "url_invalid", "hello": "url_scheme_not_allowed", "https://exa mple.com/": "url_invalid",
}  # fmt: skip


@pytest.mark.parametrize(("url", "code"), REFUSED.items(), ids=REFUSED)
def test_a_webhook_url_that_is_not_allowed_is_refused_at_submission(
    alice_api: APIClient, cast: Cast, url: str, code: str
) -> None:
    answer = alice_api.post(
        "/v1/image/remove-object", {"image": upload(photo()), "mask": upload(mask()), "webhook_url": url}
    )

    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (422, code, "webhook_url")
    assert (Job.objects.count(), cast.credits()) == (0, (500, 0))


def test_in_production_only_https_is_allowed(settings: Any) -> None:
    settings.DEBUG = False

    with pytest.raises(webhooks.HttpsRequired):
        webhooks.check_webhook_url("http://example.com/hook")
    assert webhooks.check_webhook_url("https://example.com/hook") == "https://example.com/hook"


def test_an_address_that_has_become_private_is_not_connected_to(
    endpoint: WebhookEndpoint, receiver: Receiver, job: Job, settings: Any
) -> None:
    _end(job)
    settings.FETCH_ALLOWED_NETWORKS = []

    tried = _deliver()

    assert (receiver.received, tried.last_error) == ([], "The address could not be reached.")


def test_an_account_has_a_limited_number_of_endpoints(cast: Cast) -> None:
    for number in range(webhooks.ENDPOINTS_MAX):
        webhooks.add_endpoint(user=cast.alice, url=f"https://example.com/{number}")

    with pytest.raises(webhooks.TooManyEndpoints):
        webhooks.add_endpoint(user=cast.alice, url="https://example.com/one-more")
    with pytest.raises(webhooks.EndpointExists):
        webhooks.add_endpoint(user=cast.alice, url="https://example.com/0")


def test_a_private_endpoint_is_refused(cast: Cast) -> None:
    with pytest.raises(UrlNotAllowed):
        webhooks.add_endpoint(user=cast.alice, url="http://192.168.1.1/hook")


def test_old_entries_of_the_log_are_forgotten(endpoint: WebhookEndpoint, job: Job) -> None:
    _end(job)
    _deliver()
    WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))

    sweeper.sweep()

    assert (WebhookDelivery.objects.count(), Job.objects.get().status) == (0, Status.COMPLETED)
