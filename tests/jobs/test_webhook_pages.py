"""The page of webhooks: endpoints, secrets and the log of what was sent; an owner's, and nobody else's."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from jobs import lifecycle, webhooks
from jobs.models import DeliveryState, Job, WebhookDelivery, WebhookEndpoint
from tests.cast import Cast

URL = "https://example.com/hook"


@pytest.fixture
def endpoint(cast: Cast) -> WebhookEndpoint:
    return webhooks.add_endpoint(user=cast.alice, url=URL)


@pytest.fixture
def delivery(endpoint: WebhookEndpoint, job: Job) -> WebhookDelivery:
    lifecycle.cancel_job(job=job)
    return WebhookDelivery.objects.get()


@pytest.fixture
def bob_browser(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


def _audited() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def test_an_endpoint_is_added_and_listed(alice_browser: Client, cast: Cast) -> None:
    alice_browser.post("/webhooks/add/", {"url": URL})

    assert URL in alice_browser.get("/webhooks/").content.decode()
    assert "endpoint_added" in _audited()


def test_an_address_that_is_not_allowed_is_refused_on_the_page_and_kept_in_the_field(alice_browser: Client) -> None:
    page = alice_browser.post("/webhooks/add/", {"url": "http://10.0.0.1/"})

    assert (page.status_code, WebhookEndpoint.objects.count()) == (422, 0)
    assert 'value="http://10.0.0.1/"' in page.content.decode()
    assert 'role="alert"' in page.content.decode()


def test_the_secret_is_shown_on_demand_only_and_that_is_written_down(
    alice_browser: Client, cast: Cast, endpoint: WebhookEndpoint
) -> None:
    secret = webhooks.current_secret(user=cast.alice, endpoint=endpoint)

    shown = alice_browser.post(f"/webhooks/{endpoint.pk}/secret/")

    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert secret not in alice_browser.get("/webhooks/").content.decode()
    assert _audited()[-1] == "secret_shown"


def test_rotating_shows_the_new_secret(alice_browser: Client, cast: Cast, endpoint: WebhookEndpoint) -> None:
    old = webhooks.current_secret(user=cast.alice, endpoint=endpoint)

    page = alice_browser.post(f"/webhooks/{endpoint.pk}/secret/rotate/").content.decode()

    new = webhooks.current_secret(user=cast.alice, endpoint=endpoint)
    assert (new in page, old in page, new != old) == (True, False, True)
    assert _audited()[-1] == "secret_rotated"


def test_the_secret_of_webhook_urls_is_the_accounts_own(alice_browser: Client, cast: Cast) -> None:
    page = alice_browser.post("/webhooks/secret/").content.decode()

    assert webhooks.current_secret(user=cast.alice, endpoint=None) in page
    assert webhooks.current_secret(user=cast.bob, endpoint=None) not in page


def test_a_test_event_is_queued_a_few_times_a_minute(alice_browser: Client, endpoint: WebhookEndpoint) -> None:
    cache.clear()

    answers = [alice_browser.post(f"/webhooks/{endpoint.pk}/test/") for _ in range(7)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429] * 2
    assert (WebhookDelivery.objects.count(), answers[-1]["Retry-After"]) == (5, "60")


def test_the_log_shows_what_became_of_an_event(alice_browser: Client, delivery: WebhookDelivery) -> None:
    webhooks.record(delivery, webhooks.Outcome(status=500, error="It answered 500.", reply="<b>oops</b>"))

    page = alice_browser.get("/webhooks/").content.decode()

    assert "job.canceled" in page
    assert "It answered 500." in page
    assert "&lt;b&gt;oops&lt;/b&gt;" in page


def test_an_event_is_sent_again_from_the_log(alice_browser: Client, delivery: WebhookDelivery) -> None:
    webhooks.record(delivery, webhooks.Outcome(status=204))

    alice_browser.post(f"/webhooks/sent/{delivery.pk}/again/")

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING


def test_a_disabled_endpoint_says_why_and_can_be_enabled(alice_browser: Client, delivery: WebhookDelivery) -> None:
    webhooks.record(delivery, webhooks.Outcome(status=410))
    assert "It answered 410 Gone." in alice_browser.get("/webhooks/").content.decode()
    assert "It answered 410 Gone." in alice_browser.get("/dashboard/").content.decode()

    alice_browser.post(f"/webhooks/{delivery.endpoint_id}/enable/")

    assert WebhookEndpoint.objects.get().disabled_at is None


def test_deleting_an_endpoint_takes_its_log_with_it(alice_browser: Client, delivery: WebhookDelivery) -> None:
    alice_browser.post(f"/webhooks/{delivery.endpoint_id}/delete/")

    assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)


ACTIONS = ["delete", "enable", "test", "secret", "secret/rotate"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_cannot_touch_an_endpoint(bob_browser: Client, endpoint: WebhookEndpoint, action: str) -> None:
    cache.clear()

    assert bob_browser.post(f"/webhooks/{endpoint.pk}/{action}/").status_code == 404
    assert WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None).exists()


def test_a_stranger_cannot_send_anothers_event(bob_browser: Client, delivery: WebhookDelivery) -> None:
    for delivery_id in (delivery.pk, uuid.uuid4()):
        assert bob_browser.post(f"/webhooks/sent/{delivery_id}/again/").status_code == 404


def test_a_strangers_page_shows_nothing_of_it(bob_browser: Client, delivery: WebhookDelivery) -> None:
    assert URL not in bob_browser.get("/webhooks/").content.decode()


@pytest.mark.parametrize("path", ["", "add/", "secret/", "secret/rotate/", *[f"1/{action}/" for action in ACTIONS]])
def test_without_signing_in_there_is_no_page(db: None, client: Client, path: str) -> None:
    answer = client.post(f"/webhooks/{path}") if path else client.get("/webhooks/")

    assert (answer.status_code, answer["Location"].startswith("/accounts/login/")) == (302, True)


def test_nothing_changes_without_a_csrf_token(cast: Cast, endpoint: WebhookEndpoint) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)

    assert client.post(f"/webhooks/{endpoint.pk}/delete/").status_code == 403
    assert WebhookEndpoint.objects.exists()


def test_a_longer_log_takes_no_more_queries(alice_browser: Client, endpoint: WebhookEndpoint) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            webhooks.send_test(endpoint)
        with CaptureQueriesContext(connection) as queries:
            alice_browser.get("/webhooks/")
        counts.append(len(queries))

    assert counts[0] == counts[1]
