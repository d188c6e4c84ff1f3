"""Events come in any order, any number of times, late, or not at all at first: the end is the same."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import invariants, ledger, subscriptions
from billing.models import Debt, LedgerEntry, StripeEvent, Subscription, Wallet
from tests.billing.shop import Shop, handle_waiting, receive
from tests.servers.stripe import StripeServer
from tests.servers.stripe_api import Api
from tests.servers.stripe_shapes import Record

Books = dict[str, Any]
# A stream takes seconds; before a release, STRIPE_HISTORIES=300.
HISTORIES = int(os.environ.get("STRIPE_HISTORIES", "5"))
ENDS = datetime(2027, 3, 12, 9, 0, tzinfo=UTC)


@dataclass
class History:
    """What happened to a customer at Stripe in two months, of which the site has heard nothing yet."""

    stripe: StripeServer
    clock: Any

    def __post_init__(self) -> None:
        self.api = Api(self.stripe.ledgers)
        self.customer = self.api.create_customer(email="alice@example.com")["id"]

    def buy(self, price: str, *, pack: str = "", later: bool = False) -> Record:
        session = self.api.create_session(
            mode="payment" if pack else "subscription",
            customer=self.customer,
            line_items=[{"price": price, "quantity": "1"}],
            metadata={"pixelsite_pack": pack} if pack else {},
            success_url="",
            cancel_url="",
            invoice_creation={"enabled": "true" if pack else "false"},
        )
        return self.stripe.pay(session["url"], later=later)

    def on(self, month: int, day: int) -> None:
        """Time goes on until nine o'clock of a day, and at Stripe happens what falls due."""
        self.clock.move_to(datetime(2027, month, day, 9, 0, tzinfo=UTC))
        self.stripe.catch_up()

    def live_through(self) -> list[Record]:
        """A plan, renewals, a refusal, up and down, packs, refunds, disputes, an end. Returns the events in order."""
        stripe, ledgers = self.stripe, self.stripe.ledgers
        self.buy("price_starter")
        subscription = ledgers.all("subscription")[0]
        pack = self.buy("price_pack_5000", pack="pack-5000")
        self.on(1, 20)
        ledgers.upgrade(subscription, ledgers.get("price_pro"), ledgers.now)
        late = self.buy("price_pack_20000", pack="pack-20000", later=True)
        self.on(2, 5)
        stripe.settle_later_payment(late, succeeds=True)
        stripe.refund(pack["payment_intent"], 4_00)
        failing = stripe.refund(pack["payment_intent"], 3_00, status="pending")
        ledgers.declining.add(self.customer)
        self.on(2, 11)
        ledgers.declining.clear()
        self.on(2, 15)
        won, lost = stripe.dispute(late["payment_intent"]), stripe.dispute(pack["payment_intent"])
        ledgers.set_price(subscription, ledgers.get("price_starter"))
        stripe.fail_refund(failing)
        self.on(3, 11)
        stripe.close_dispute(won, won=True)
        stripe.close_dispute(lost, won=False)
        self.api.update_subscription(subscription["id"], cancel_at_period_end="true")
        self.clock.move_to(ENDS)
        return list(ledgers.events)


@pytest.fixture
def events(shop: Shop) -> Iterator[list[Record]]:
    with time_machine.travel(datetime(2027, 1, 10, 9, 0, tzinfo=UTC), tick=False) as clock:
        history = History(stripe=shop.stripe, clock=clock)
        events = history.live_through()
        Wallet.objects.filter(pk=shop.wallet.pk).update(stripe_customer=history.customer)
        yield events


def _books(shop: Shop) -> Books:
    """What must be the same in the end: what came and went from where, what is left and owed, and the plan."""
    ledger.close_expired_lots()
    entries = LedgerEntry.objects.filter(wallet=shop.wallet)
    taken = [
        *entries.filter(kind="clawback").exclude(source__startswith="debt:").values_list("source", "amount"),
        *Debt.objects.filter(wallet=shop.wallet).values_list("source", "amount"),
    ]
    columns = ("stripe_id", "status", "plan__slug", "paid_plan__slug", "period_end", "cancel_at_period_end")
    return {
        "granted": sorted(entries.filter(kind="grant").values_list("source", "amount")),
        "taken": {source: sum(amount for one, amount in taken if one == source) for source, _ in taken},
        "left": shop.credits(),
        "owed": ledger.debt_of(shop.wallet),
        "plan": shop.plan,
        "subscriptions": sorted(Subscription.objects.values_list(*columns)),
    }


def _books_in_order(shop: Shop, events: list[Record]) -> Books:
    """The end if every event comes once and in order. Leaves nothing."""
    with transaction.atomic():
        for event in events:
            receive(*shop.stripe.signed(event))
            handle_waiting()
        books = _books(shop)
        transaction.set_rollback(True)
    return books


def test_the_history_has_a_bit_of_everything(shop: Shop, events: list[Record]) -> None:
    """Otherwise the tests below would prove little."""
    books = _books_in_order(shop, events)

    assert len({event["type"] for event in events}) >= 12
    assert sorted(amount for source, amount in books["granted"] if not source.startswith("signup")) == sorted(
        [10_000, 5_000, 33_870, 20_000, 60_000, 10_000, 20_000, 1_500]
    )
    assert books["plan"] == "starter"


def test_the_stream_in_any_order_ends_the_same(shop: Shop, events: list[Record]) -> None:
    expected = _books_in_order(shop, events)

    @settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(min_value=0, max_value=2**32), dropped=st.floats(min_value=0, max_value=0.6))
    def deliver(seed: int, dropped: float) -> None:
        chance = random.Random(seed)
        stream = events * 3
        chance.shuffle(stream)
        lost = {event["id"] for event in events if chance.random() < dropped}
        with transaction.atomic():
            for event in stream:
                if event["id"] not in lost:
                    assert receive(*shop.stripe.signed(event)) == 200
                    if chance.random() < 0.3:
                        handle_waiting()
            handle_waiting()
            for event in chance.sample(events, len(events)):  # Stripe sends again what was not taken
                if event["id"] in lost:
                    receive(*shop.stripe.signed(event))
            handle_waiting()
            found = (_books(shop), [one for one in invariants.violations() if "job" not in one.invariant])
            transaction.set_rollback(True)
        assert found == (expected, [])

    deliver()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_stream_by_eight_threads_ends_the_same(
    shop: Shop, events: list[Record], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("billing.stripe_events.ring", lambda event_pk: None)  # the threads are the workers
    expected = _books_in_order(shop, events)
    stream = events * 3
    random.Random(seed).shuffle(stream)
    troubles: list[BaseException] = []

    def work(share: list[Record]) -> None:
        try:
            for event in share:
                assert receive(*shop.stripe.signed(event)) == 200
                handle_waiting()
        except BaseException as trouble:  # noqa: BLE001  # told of below
            troubles.append(trouble)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(stream[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handle_waiting()

    assert troubles == []
    assert StripeEvent.objects.count() == len(events)
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"handled", "ignored"}
    assert _books(shop) == expected
    assert [one for one in invariants.violations() if "job" not in one.invariant] == []


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_once_grant_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.stripe_events.ring", lambda event_pk: None)
    shop.stripe.pay(shop.checkout("pack-5000"))
    signed = shop.stripe.signed(shop.events("checkout.session.completed")[0])
    start = threading.Barrier(6)
    statuses: list[int] = []

    def deliver() -> None:
        try:
            start.wait()
            statuses.append(receive(*signed))
            handle_waiting()
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 6
    assert StripeEvent.objects.count() == 1
    assert LedgerEntry.objects.filter(amount=5_000, kind="grant").count() == 1


def test_an_answer_that_was_asked_for_earlier_does_not_replace_a_later_one(shop: Shop) -> None:
    """Two workers read one subscription; the slower one asked before it changed, and stores after."""
    shop.buy("starter")
    earlier = subscriptions._read(shop.at_stripe["id"])
    shop.stripe.ledgers.set_price(shop.at_stripe, shop.stripe.ledgers.get("price_pro"))
    subscriptions.read_again(shop.at_stripe["id"])

    subscriptions._store(earlier)

    assert shop.subscription.plan.slug == "pro"
