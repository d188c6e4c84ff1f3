"""What Stripe told us, as an operator looks at it: events with a way to handle one again, subscriptions, packs."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from billing import stripe_client, stripe_events
from billing.admin import ReadOnlyAdmin, operator
from billing.models import AutomaticTopUp, Pack, StripeEvent, Subscription
from billing.prices import price_of


def _at_stripe(path: str, stripe_id: str) -> str:
    """A link to the object in Stripe's dashboard."""
    mode = "" if stripe_client.is_live() else "test/"
    return format_html(
        '<a href="https://dashboard.stripe.com/{}{}/{}" rel="noopener noreferrer">{}</a>',
        mode,
        path,
        stripe_id,
        stripe_id,
    )


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """Search by the id of the event or of what it is about."""

    list_display = ("stripe_id", "kind", "state", "attempts", "received_at", "handled_at", "error")
    list_filter = ("state", "kind")
    search_fields = ("stripe_id", "payload__data__object__id", "payload__data__object__charge")
    date_hierarchy = "received_at"
    fields = (
        "at_stripe", "kind", "about", "state", "attempts", "error", "received_at", "try_at", "handled_at", "payload",
    )  # fmt: skip
    readonly_fields = ("at_stripe", "about")
    actions = ("replay",)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_stripeevent")

    @admin.action(description="Handle the chosen events again", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        events = list(queryset)
        for event in events:
            stripe_events.replay(event, actor=operator(request), request=request)
        messages.success(
            request, f"{len(events)} events will be handled again. What was granted before is not granted twice."
        )

    @admin.display(description="event")
    def at_stripe(self, event: StripeEvent) -> str:
        return _at_stripe("events", event.stripe_id) if event.stripe_id.startswith("evt_") else event.stripe_id

    @admin.display(description="about")
    def about(self, event: StripeEvent) -> str:
        return str(event.payload.get("data", {}).get("object", {}).get("id") or event.payload.get("customer") or "")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = (
        "stripe_id", "account", "status", "paid_plan", "plan", "period_end", "cancel_at_period_end", "past_due_since",
    )  # fmt: skip
    list_filter = ("status", "paid_plan", "cancel_at_period_end")
    list_select_related = ("wallet__user", "plan", "paid_plan")
    search_fields = ("stripe_id", "wallet__user__email", "wallet__stripe_customer")
    fields = (
        "at_stripe", "account", "customer", "status", "paid_plan", "plan", "period_start", "period_end",
        "cancel_at_period_end", "past_due_since", "read_at",
    )  # fmt: skip
    readonly_fields = ("at_stripe", "account", "customer")

    @admin.display(description="subscription")
    def at_stripe(self, subscription: Subscription) -> str:
        return _at_stripe("subscriptions", subscription.stripe_id)

    @admin.display(description="account", ordering="wallet__user__email")
    def account(self, subscription: Subscription) -> str:
        return subscription.wallet.user.email

    @admin.display(description="customer")
    def customer(self, subscription: Subscription) -> str:
        return _at_stripe("customers", subscription.wallet.stripe_customer or "")


@admin.register(AutomaticTopUp)
class AutomaticTopUpAdmin(ReadOnlyAdmin):
    list_display = ("id", "account", "pack", "price_cents", "state", "payment_intent", "created_at")
    list_filter = ("state", "pack")
    list_select_related = ("wallet__user", "pack")
    search_fields = ("payment_intent", "wallet__user__email")

    @admin.display(description="account", ordering="wallet__user__email")
    def account(self, row: AutomaticTopUp) -> str:
        return row.wallet.user.email


@admin.register(Pack)
class PackAdmin(admin.ModelAdmin[Pack]):
    list_display = ("name", "price_cents", "credits", "position", "stripe_price")
    prepopulated_fields = {"slug": ("name",)}

    @admin.display(description="Stripe's price", empty_value="not sold: STRIPE_PRICES does not name it")
    def stripe_price(self, pack: Pack) -> str | None:
        return price_of(pack.slug)
