"""The page on which an account says when it wants to be told of its credits."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from billing import rules, watching
from billing.ledger import wallet_of
from billing.periods import calendar_month
from billing.rules_forms import WishesForm


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def spending_rules(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    wishes = rules.wishes_of(user)
    form = WishesForm.of(wishes)
    if request.method == "POST":
        form = WishesForm(request.POST)
        if form.is_valid():
            rules.save_wishes(user=user, wishes=form.wishes())
            messages.success(request, "Saved. You are told by mail; a budget is told to your webhook endpoints too.")
            return redirect("spending_rules")
    context = {
        "form": form,
        "budget": wishes.monthly_budget_credits,
        "spent": watching.spent_credits(wallet_of(user), period=calendar_month(timezone.now())),
    }
    return render(request, "billing/rules.html", context, status=422 if form.is_bound else 200)
