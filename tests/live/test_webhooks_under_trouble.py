"""Receivers that fail half the time, and receivers that hang: every event arrives, and nobody waits for a stranger."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.models import User
from jobs import courier, webhooks
from jobs.models import DeliveryState, WebhookDelivery
from tests.jobs.receiver import Receiver, running_receiver

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]

EVENTS, HANGING_ACCOUNTS, HANGING_EACH = 150, 3, 8


@pytest.fixture(autouse=True)
def _receivers_on_this_machine(settings: Any) -> None:
    settings.DEBUG = True  # plain http is for laptops only
    settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def carrying() -> Iterator[courier.Courier]:
    carrying = courier.Courier()
    yield carrying
    carrying.close()


class _HalfFailing(list[tuple[int, dict[str, str]]]):
    """Answers of a receiver that fails every second request or so."""

    def __init__(self, seed: int) -> None:
        super().__init__([(204, {})])
        self._random = random.Random(seed)

    def __getitem__(self, index: Any) -> Any:
        return (self._random.choice((204, 500)), {})


def _carry_until_delivered(carrying: courier.Courier, timeout_s: float = 120) -> None:
    """Carry, and let no pause last."""
    deadline = time.monotonic() + timeout_s
    while WebhookDelivery.objects.exclude(state=DeliveryState.DELIVERED).exists():
        assert time.monotonic() < deadline, "events are left over"
        carrying.send_due()
        carrying.wait(0.05)
        WebhookDelivery.objects.filter(state=DeliveryState.PENDING, claimed_until=None).update(
            next_try_at=timezone.now() - timedelta(seconds=1)
        )


def test_a_receiver_that_fails_half_the_time_gets_every_event(
    carrying: courier.Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of so many events one is failed twelve times in one run of thirty, and rightly given up.
    monkeypatch.setattr(webhooks, "PAUSES_S", (5,) * 60)
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    user = User.objects.create_user("half@example.com")
    with running_receiver() as receiver:
        receiver.answers = _HalfFailing(seed)
        endpoint = webhooks.add_endpoint(user=user, url=receiver.url)
        sent = {f"evt_{webhooks.send_test(endpoint).pk.hex}" for _ in range(EVENTS)}
        _carry_until_delivered(carrying)

    verifier = Webhook(webhooks.current_secret(user=user, endpoint=endpoint))
    tries: dict[str, int] = defaultdict(int)
    for headers, body in receiver.received:
        assert verifier.verify(body, headers)["type"] == webhooks.TEST_EVENT
        tries[headers["Webhook-Id"]] += 1
    assert set(tries) == sent  # every event, and each try under its event's own id
    recorded = {f"evt_{pk.hex}": count for pk, count in WebhookDelivery.objects.values_list("pk", "tries")}
    assert recorded == dict(tries)
    assert max(tries.values()) > 1


def test_both_secrets_verify_what_is_sent_while_they_change_over(carrying: courier.Courier) -> None:
    user = User.objects.create_user("rotates@example.com")
    with running_receiver() as receiver:
        endpoint = webhooks.add_endpoint(user=user, url=receiver.url)
        old = webhooks.current_secret(user=user, endpoint=endpoint)
        for _ in range(5):
            webhooks.send_test(endpoint)
        _carry_until_delivered(carrying)
        new = webhooks.rotate_secret(user=user, endpoint=endpoint)
        for _ in range(5):
            webhooks.send_test(endpoint)
        _carry_until_delivered(carrying)

    for headers, body in receiver.received:
        Webhook(old).verify(body, headers)
    for headers, body in receiver.received[5:]:
        Webhook(new).verify(body, headers)


def test_receivers_that_hang_do_not_keep_a_healthy_one_waiting(carrying: courier.Courier) -> None:
    with running_receiver() as healthy, _hanging() as port:
        for number in range(HANGING_ACCOUNTS):
            user = User.objects.create_user(f"hangs-{number}@example.com")
            for host in range(HANGING_EACH):
                url = f"http://127.0.{number + 1}.{host + 1}:{port}/"
                endpoint = webhooks.add_endpoint(user=user, url=url)
                for _ in range(6):
                    webhooks.send_test(endpoint)
        carrying.send_due()  # whatever senders they can get, they have now
        took_s = _healthy_deliveries(carrying, healthy)
        assert (
            not WebhookDelivery.objects.exclude(user__email="healthy@example.com")
            .exclude(state=DeliveryState.PENDING)
            .exists()
        )

    took_s.sort()
    print(f"healthy events took p50 {took_s[len(took_s) // 2]:.2f} s, p95 {took_s[int(len(took_s) * 0.95)]:.2f} s")


def _healthy_deliveries(carrying: courier.Courier, receiver: Receiver) -> list[float]:
    """Send events to a healthy receiver while the others hang; returns only when each has arrived."""
    endpoint = webhooks.add_endpoint(user=User.objects.create_user("healthy@example.com"), url=receiver.url)
    took_s = []
    for _ in range(20):
        delivery, started = webhooks.send_test(endpoint), time.monotonic()
        while not WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.DELIVERED).exists():
            assert time.monotonic() < started + 14, "it waited until those that hang had timed out"
            carrying.send_due()
            carrying.wait(0.05)
        took_s.append(time.monotonic() - started)
    return took_s


@contextmanager
def _hanging() -> Iterator[int]:
    """A port on every loopback address that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(256)
        over = threading.Event()
        taken: list[socket.socket] = []

        def take() -> None:
            listener.settimeout(0.2)
            while not over.is_set():
                try:
                    taken.append(listener.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            over.set()
            thread.join()
            for connection in taken:
                connection.close()
