"""Landing page, pricing, health, and the pages shown when something is wrong."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe
from django_ratelimit.exceptions import Ratelimited
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from billing import comparison, offers, selectors
from jobs import workers
from jobs.catalogue import REMOVE_OBJECT
from jobs.examples import curl_example
from jobs.facades.shapes import spelt_for
from pixelsite.health import check_health
from pixelsite.lib.api import error_response

_NOTHING_HERE = "There is nothing at this address."


def site_context(request: HttpRequest) -> dict[str, Any]:
    """What every page knows."""
    user = getattr(request, "user", None)
    return {
        "site_name": "Pixelsite",
        "version": settings.VERSION,
        "demo_login_enabled": settings.DEBUG,
        "google_login_enabled": bool(settings.GOOGLE_CLIENT_ID),
        "price_remove_object": REMOVE_OBJECT.price_credits,
        "kept_hours": settings.RETENTION_HOURS,
        "content_filters": workers.content_filters,  # asked for by the admin's first page only
        "balance": selectors.balance_of(user).available if isinstance(user, User) else None,
    }


def _offer(request: HttpRequest) -> dict[str, Any]:
    plans = selectors.all_plans()
    for plan in plans:
        plan.images_per_month = plan.monthly_credits // REMOVE_OBJECT.price_credits  # type: ignore[attr-defined]
    return {
        "plans": plans,
        "signup_credits": settings.SIGNUP_CREDITS,
        "curl_example": curl_example(site=request.build_absolute_uri("/").rstrip("/")),
    }


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "pixelsite/landing.html", _offer(request))


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    offer = _offer(request)
    packs = offers.packs_for_sale()
    compared = {
        "packs": packs,
        "top_up_days": settings.TOP_UP_DAYS,
        "own_prices": comparison.own_prices([*offer["plans"], *packs], credits_per_image=REMOVE_OBJECT.price_credits),
        "vendor_prices": comparison.vendor_prices(),
    }
    return render(request, "pixelsite/pricing.html", offer | compared)


@never_cache
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    health = check_health() | {"version": settings.VERSION}
    return JsonResponse(health, status=200 if health["status"] == "ok" else 503)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/v1/", "/editor/jobs/"))


@extend_schema(exclude=True)
class NothingInTheApi(APIView):
    """An address below /v1/ at which there is nothing, whatever the method and whoever asks."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(_NOTHING_HERE)


nothing_in_the_api = NothingInTheApi.as_view()


def _refused(request: HttpRequest, *, detail: str, code: str, status: int) -> HttpResponse | None:
    """For a program, in the words of whose API it calls; None for a person, who gets a page."""
    answer = spelt_for(request.path, detail=detail, code=code, status=status)
    if answer is not None:
        return answer.as_response()
    return error_response(request, detail=detail, code=code, status=status) if _is_api(request) else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = _refused(request, detail="This request could not be read.", code="bad_request", status=400)
    if refused is not None:
        return refused
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = _refused(request, detail="This is not allowed.", code="permission_denied", status=403)
    if refused is not None:
        return refused
    if isinstance(exception, Ratelimited):
        response = render(request, "429.html", status=429)
        response["Retry-After"] = "60"
        return response
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    refused = _refused(request, detail=_NOTHING_HERE, code="not_found", status=404)
    if refused is not None:
        return refused
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    detail = "Something went wrong on our side. If a job was involved, its credits come back."
    refused = _refused(request, detail=detail, code="internal_error", status=500)
    if refused is not None:
        return refused
    # Without the request: what failed may be what every page asks the database for.
    return HttpResponse(render_to_string("500.html"), status=500)
