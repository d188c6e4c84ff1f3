"""The button that ends a visit. It is in the admin's realm, where an operator is always themselves."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import visits


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    customer = visits.end(request=request)
    response = redirect("admin:accounts_user_change", customer.pk) if customer else redirect("admin:index")
    visits.unmark(response)
    return response
