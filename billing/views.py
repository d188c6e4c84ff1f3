"""The pages of plan and payment. Cards are typed on Stripe's pages only, and nothing is granted here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.limits import limited
from accounts.models import User
from billing import auto_top_up, offers, plan_changes, stripe_client, stripe_events, subscriptions, top_ups
from billing import stripe_gateway as gateway
from billing.ledger import available_credits, wallet_of
from billing.models import Plan, Wallet
from billing.models.plans import dollars
from billing.payment_forms import AutomaticTopUpForm
from billing.stripe_objects import moment
from pixelsite.lib.api import error_response
from pixelsite.lib.errors import PixelsiteError

_INVOICES_SHOWN = 24
View = Callable[..., HttpResponse]


@csrf_exempt
@require_POST
def stripe_endpoint(request: HttpRequest) -> HttpResponse:
    """Where Stripe sends its events. Whatever is genuine is stored and answered 200 at once."""
    if not stripe_client.is_on():
        raise Http404
    try:
        if int(request.headers.get("Content-Length") or 0) > stripe_events.BODY_BYTES_MAX:
            raise stripe_events.EventTooLarge
        stripe_events.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except PixelsiteError as refusal:
        return error_response(request, detail=refusal.message, code=refusal.code, status=refusal.status)
    return HttpResponse(status=200)


def _said_on_the_page(view: View) -> View:
    """A refusal is shown on the plan page, with its status."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PixelsiteError as refusal:
            return _refused(request, refusal)

    return answer


def _button(view: View) -> View:
    """What every button of these pages has: somebody signed in, who does not press it all the time."""
    return login_required(require_POST(limited("20/m")(_said_on_the_page(view))))


@never_cache
@login_required
@require_GET
def billing_page(request: HttpRequest) -> HttpResponse:
    return _page(request)


@never_cache
@login_required
@require_GET
def invoices(request: HttpRequest) -> HttpResponse:
    """Read from Stripe, which makes them."""
    wallet = _wallet(request)
    context: dict[str, Any] = {"invoices": [], "payments_on": stripe_client.is_on()}
    status = 200
    if stripe_client.is_on() and wallet.stripe_customer:
        try:
            context["invoices"] = gateway.invoices_of(customer=wallet.stripe_customer, limit=_INVOICES_SHOWN)
        except PixelsiteError as refusal:
            context["refusal"], status = refusal.message, refusal.status
    return render(request, "billing/invoices.html", context, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@limited("20/m")
@_said_on_the_page
def plan_choose(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what the plan costs, today and later. POST: off to Stripe's page to buy it."""
    plan, wallet = _plan(slug), _wallet(request)
    if request.method == "POST":
        return redirect(
            plan_changes.begin_checkout(
                wallet=wallet,
                plan=plan,
                success_url=_done_url(request),
                cancel_url=request.build_absolute_uri(reverse("checkout_given_up")),
            )
        )
    context: dict[str, Any] = {"plan": plan, "now_plan": wallet.plan}
    if subscriptions.live_subscription(wallet) is None:
        return render(request, "billing/choose.html", context)
    context["quote"] = quote = plan_changes.quote(wallet=wallet, plan=plan)
    context["as_of"] = int(quote.as_of.timestamp())
    return render(request, "billing/switch.html", context)


@_button
def plan_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm what `plan_choose` showed."""
    switched = plan_changes.switch(wallet=_wallet(request), plan=_plan(slug), as_of=_as_of(request))
    if switched.pay_url:
        messages.warning(
            request, f"{switched.plan} begins when its payment is through. Your bank or Stripe wants to hear from you."
        )
    elif switched.is_upgrade:
        messages.success(request, f"You are moving up to {switched.plan}. Its credits come in a moment.")
    else:
        messages.success(request, f"You will be on {switched.plan} from the next invoice on. Nothing changes before.")
    return redirect("billing")


@_button
def plan_keep(request: HttpRequest) -> HttpResponse:
    plan_changes.keep_plan(wallet=_wallet(request))
    messages.success(request, "You keep the plan you have.")
    return redirect("billing")


@_button
def plan_cancel(request: HttpRequest) -> HttpResponse:
    plan_changes.cancel(wallet=_wallet(request))
    messages.success(request, "Your plan ends with this period. Until then everything stays as it is.")
    return redirect("billing")


@_button
def plan_resume(request: HttpRequest) -> HttpResponse:
    plan_changes.resume(wallet=_wallet(request))
    messages.success(request, "Your plan goes on.")
    return redirect("billing")


@_button
def pack_buy(request: HttpRequest) -> HttpResponse:
    """Only the name of a pack is taken: what it costs and holds is ours to say."""
    if extra := sorted(request.POST.keys() - {"pack", "csrfmiddlewaretoken"}):
        raise top_ups.PackNotSold(f"“{extra[0][:40]}” cannot be chosen: a pack has its price.", param=extra[0])
    url = top_ups.begin_checkout(
        wallet=_wallet(request),
        pack=top_ups.sold_pack(request.POST.get("pack", "")),
        success_url=_done_url(request),
        cancel_url=request.build_absolute_uri(reverse("checkout_given_up")),
    )
    return redirect(url)


@_button
def top_up_rules(request: HttpRequest) -> HttpResponse:
    form = AutomaticTopUpForm(request.POST, packs=offers.packs_for_sale())
    if not form.is_valid():
        return _page(request, form=form, status=422)
    wallet = _wallet(request)
    if not auto_top_up.has_saved_card(wallet):
        raise auto_top_up.NoSavedCard
    try:
        auto_top_up.turn_on(wallet=wallet, **form.rules())
    except auto_top_up.CeilingTooLow as refusal:
        form.add_error("monthly_ceiling", refusal.message)
        return _page(request, form=form, status=refusal.status)
    messages.success(request, "Automatic top-up is on.")
    return redirect("billing")


@login_required
@require_POST
def top_up_off(request: HttpRequest) -> HttpResponse:
    auto_top_up.turn_off(wallet=_wallet(request))
    messages.success(request, "Automatic top-up is off.")
    return redirect("billing")


@_button
def portal(request: HttpRequest) -> HttpResponse:
    """Stripe's own page for cards, addresses and tax ids."""
    customer = _wallet(request).stripe_customer
    if customer is None:
        raise plan_changes.NotSubscribed("You have bought nothing yet, so Stripe knows no card of yours.")
    return redirect(gateway.open_portal(customer=customer, return_url=request.build_absolute_uri(reverse("billing"))))


@login_required
@require_GET
@_said_on_the_page
def pay_open_invoice(request: HttpRequest) -> HttpResponse:
    """Off to Stripe's page of the invoice that is owed."""
    subscription = subscriptions.live_subscription(_wallet(request))
    pay_url = gateway.subscription(subscription.stripe_id).pay_url if subscription else None
    if pay_url is None:
        messages.success(request, "There is nothing to pay.")
        return redirect("billing")
    return redirect(pay_url)


@never_cache
@login_required
@require_GET
def checkout_done(request: HttpRequest) -> HttpResponse:
    """Back from Stripe's page. That proves nothing: credits come when Stripe has told us."""
    wallet = _wallet(request)
    context = {
        "has_arrived": offers.has_arrived(request.GET.get("session", "")),
        "plan": wallet.plan,
        "credits": available_credits(wallet),
    }
    return render(request, "billing/done.html", context)


@login_required
@require_GET
def checkout_given_up(request: HttpRequest) -> HttpResponse:
    messages.warning(request, "You left Stripe's page before paying. Nothing was charged.")
    return redirect("billing")


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    wallet = _wallet(request)
    standing = offers.standing_of(wallet)
    packs = offers.packs_for_sale()
    rules = offers.rules_of(wallet)
    context = {
        "payments_on": stripe_client.is_on(),
        "standing": standing,
        "offers": offers.plan_offers(standing),
        "packs": packs,
        "top_up_days": settings.TOP_UP_DAYS,
        "rules": rules,
        "spent_dollars": dollars(offers.spent_on_top_ups(wallet)) if rules and rules.top_up_pack else "0",
        "form": AutomaticTopUpForm.of(rules, packs=packs),
        "has_bought": wallet.stripe_customer is not None,
        **more,
    }
    return render(request, "billing/billing.html", context, status=status)


def _refused(request: HttpRequest, refusal: PixelsiteError) -> HttpResponse:
    response = _page(request, refusal=refusal, status=refusal.status)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def _wallet(request: HttpRequest) -> Wallet:
    return wallet_of(cast(User, request.user))


def _plan(slug: str) -> Plan:
    plan = Plan.objects.filter(slug=slug, price_cents__gt=0).first()
    if plan is None:
        raise Http404
    return plan


def _as_of(request: HttpRequest) -> datetime:
    text = request.POST.get("as_of", "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(int(timezone.now().timestamp())))):
        raise plan_changes.QuoteTooOld
    return moment(int(text))


def _done_url(request: HttpRequest) -> str:
    # Stripe puts the id of its page in.
    return request.build_absolute_uri(reverse("checkout_done")) + "?session={CHECKOUT_SESSION_ID}"
