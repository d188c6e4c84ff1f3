"""`budget.reached` at the account's webhook endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing import rules, watching
from billing.rules import Wishes
from jobs import webhooks
from jobs.models import Job, WebhookDelivery
from tests.cast import Cast

URL = "https://example.com/hook"


@pytest.fixture
def told(cast: Cast, submit: Callable[..., Job]) -> WebhookDelivery:
    """The event of a budget of 5 credits after a job of 5."""
    webhooks.add_endpoint(user=cast.alice, url=URL)
    rules.save_wishes(user=cast.alice, wishes=Wishes(monthly_budget_credits=5))
    submit()
    watching.tell_budgets()
    return WebhookDelivery.objects.get()


def _body(delivery: WebhookDelivery) -> dict[str, Any]:
    body, _ = webhooks.message_of(delivery, now=timezone.now())
    told: dict[str, Any] = json.loads(body)
    return told


def test_it_says_how_much_of_which_budget_is_spent(told: WebhookDelivery) -> None:
    body = _body(told)

    assert body["type"] == "budget.reached"
    assert {name: body["data"][name] for name in ("percent", "budget_credits", "spent_credits")} == {
        "percent": 100,
        "budget_credits": 5,
        "spent_credits": 5,
    }
    assert set(body["data"]["period"]) == {"start", "end"}


def test_it_is_signed_as_every_event_is(cast: Cast, told: WebhookDelivery) -> None:
    assert told.endpoint is not None
    body, headers = webhooks.message_of(told, now=timezone.now())
    secret = webhooks.current_secret(user=cast.alice, endpoint=told.endpoint)

    signed = webhooks.signature(secret, headers["Webhook-Id"], int(headers["Webhook-Timestamp"]), body)
    assert headers["Webhook-Signature"] == signed


def test_it_is_sent_to_every_endpoint_that_is_enabled(cast: Cast, submit: Callable[..., Job]) -> None:
    endpoints = [webhooks.add_endpoint(user=cast.alice, url=f"{URL}/{number}") for number in range(3)]
    type(endpoints[0]).objects.filter(pk=endpoints[0].pk).update(disabled_at=timezone.now())
    webhooks.add_endpoint(user=cast.bob, url=URL)
    rules.save_wishes(user=cast.alice, wishes=Wishes(monthly_budget_credits=5))
    submit()

    watching.tell_budgets()

    assert set(WebhookDelivery.objects.values_list("url", "user__email")) == {
        (f"{URL}/1", "alice@example.com"),
        (f"{URL}/2", "alice@example.com"),
    }


def test_it_shows_up_in_the_log_and_can_be_sent_again(told: WebhookDelivery, alice_browser: Client) -> None:
    page = alice_browser.get("/webhooks/").content.decode()
    answer = alice_browser.post(f"/webhooks/sent/{told.pk}/again/")

    assert "budget.reached" in page
    assert answer.status_code == 302
    assert _body(WebhookDelivery.objects.get())["data"] == _body(told)["data"]


def test_a_test_event_still_says_nothing(cast: Cast) -> None:
    delivery = webhooks.send_test(webhooks.add_endpoint(user=cast.alice, url=URL))

    assert _body(delivery)["data"] == {}
