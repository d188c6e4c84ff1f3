"""Alice, the site and Stripe together: what tests of payments do again and again, in the words of the customer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone

from billing import ledger, plan_changes, stripe_events, top_ups
from billing.models import CreditLot, EntryKind, LedgerEntry, Pack, Plan, StripeEvent, Subscription, Wallet
from tests.cast import Cast
from tests.servers.stripe import StripeServer
from tests.servers.stripe_shapes import Record

PRICES: dict[str, tuple[str, int, str | None]] = {
    "starter": ("price_starter", 10_00, "month"),
    "pro": ("price_pro", 50_00, "month"),
    "scale": ("price_scale", 200_00, "month"),
    "pack-5000": ("price_pack_5000", 10_00, None),
    "pack-20000": ("price_pack_20000", 35_00, None),
}
RETURN = {"success_url": "https://site.example/billing/done/", "cancel_url": "https://site.example/billing/"}


@dataclass
class Shop:
    """Alice buys; Stripe tells; we handle."""

    stripe: StripeServer
    cast: Cast

    @property
    def wallet(self) -> Wallet:
        return Wallet.objects.select_related("plan", "user").get(user=self.cast.alice)

    @property
    def plan(self) -> str:
        return self.wallet.plan.slug

    @property
    def subscription(self) -> Subscription:
        return Subscription.objects.select_related("plan", "paid_plan").get(wallet__user=self.cast.alice)

    @property
    def at_stripe(self) -> Record:
        """Her newest subscription as Stripe keeps it."""
        return self.stripe.ledgers.all("subscription")[0]

    def credits(self) -> int:
        return ledger.available_credits(self.wallet)

    # -- Alice -----------------------------------------------------------------------------------------------------

    def checkout(self, slug: str) -> str:
        """The address of Stripe's page for a plan or a pack."""
        if pack := Pack.objects.filter(slug=slug).first():
            return top_ups.begin_checkout(wallet=self.wallet, pack=pack, **RETURN)
        return plan_changes.begin_checkout(wallet=self.wallet, plan=Plan.objects.get(slug=slug), **RETURN)

    def buy(self, slug: str) -> Record:
        """Buy a plan or pack and let the news arrive. Returns the checkout session."""
        session = self.stripe.pay(self.checkout(slug))
        self.hear()
        return session

    def switch(self, slug: str) -> plan_changes.Switched:
        plan = Plan.objects.get(slug=slug)
        quote = plan_changes.quote(wallet=self.wallet, plan=plan)
        switched = plan_changes.switch(wallet=self.wallet, plan=plan, as_of=quote.as_of)
        self.hear()
        return switched

    # -- News ------------------------------------------------------------------------------------------------------

    def hear(self, events: list[Record] | None = None) -> None:
        """Events come in, in order or as given, and are handled."""
        self.stripe.catch_up()
        self.stripe.deliver(receive, events)
        handle_waiting()

    def events(self, kind: str) -> list[Record]:
        return [event for event in self.stripe.ledgers.events if event["type"] == kind]


def receive(body: bytes, signature: str) -> int:
    """Hand an event to the site as Stripe does. Returns the status."""
    return int(post_event(body, signature).status_code)


def post_event(body: bytes, signature: str | None) -> Any:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return Client().post("/stripe/events", body, content_type="application/json", headers=headers)


def handle_waiting() -> None:
    """What a worker does when it is rung for."""
    waiting = StripeEvent.objects.filter(state__in=("received", "failed"))
    for event_pk in list(waiting.order_by("pk").values_list("pk", flat=True)):
        stripe_events.handle(event_pk)


def grants(wallet: Wallet) -> Counter[int]:
    """What was granted from payments: amounts with how often."""
    entries = LedgerEntry.objects.filter(wallet=wallet, kind=EntryKind.GRANT).exclude(source__startswith="signup:")
    return Counter(entries.values_list("amount", flat=True))


def lots(wallet: Wallet) -> list[tuple[str, int]]:
    """What can be spent now, the lot that ends first in front: (kind, remaining)."""
    now = timezone.now()
    found = CreditLot.objects.filter(wallet=wallet, remaining__gt=0).exclude(expires_at__lte=now)
    return list(found.order_by("expires_at", "id").values_list("kind", "remaining"))
