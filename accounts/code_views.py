"""The two pages of signing in by mail: asking for a code, and typing it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes
from accounts.limits import code_limited, sign_in_limited
from accounts.refusals import OPERATOR, keeping_out, refusal_page
from accounts.returning import login_context, own_path
from pixelsite.lib.errors import PixelsiteError

_NEXT = "sign_in_code_next"
_EMAIL_LENGTH_MAX = 254


@never_cache
@require_POST
@sign_in_limited
@code_limited
def send(request: HttpRequest) -> HttpResponse:
    """Have a code sent to whoever is named, and ask for it: the same answer whether or not there is an account."""
    _check_it_is_on()
    email = request.POST.get("email", "").strip()
    next_page = own_path(request, request.POST.get("next"))
    try:
        validate_email(email)
        if len(email) > _EMAIL_LENGTH_MAX:
            raise ValidationError("too long")
    except ValidationError:
        context = login_context(next_page, refused_email=email[:_EMAIL_LENGTH_MAX])
        return render(request, "account/login.html", context, status=400)
    try:
        codes.send_code(email=email, request=request)
    except codes.CodesAway as refusal:
        return _code_page(request, refusal, status=refusal.status)
    request.session[_NEXT] = next_page
    return redirect("sign_in_code")


@never_cache
@require_http_methods(["GET", "POST"])
@sign_in_limited
def enter(request: HttpRequest) -> HttpResponse:
    """The page with the field for the code. A right one signs in under a new session key."""
    _check_it_is_on()
    if request.method == "GET":
        return _code_page(request) if codes.address_asked_for(request) else redirect("account_login")
    try:
        user = codes.redeem_code(code=request.POST.get("code", ""), request=request)
    except PixelsiteError as refusal:
        return _code_page(request, refusal, status=refusal.status)
    next_page = own_path(request, request.session.pop(_NEXT, None))
    if refusal_why := keeping_out(user) or (OPERATOR if user.is_staff else None):
        return refusal_page(request, refusal_why)
    login(request, user)
    return redirect(next_page)


def _check_it_is_on() -> None:
    if not settings.EMAIL_SIGN_IN:
        raise Http404("signing in by mail is not set up")


def _code_page(request: HttpRequest, refusal: PixelsiteError | None = None, *, status: int = 200) -> HttpResponse:
    context = {
        "email": codes.address_asked_for(request),
        "minutes": int(codes.VALID_FOR.total_seconds() // 60),
        "refusal": refusal.message if refusal else None,
        "is_over": isinstance(refusal, codes.CodeExpired),
        "next": request.session.get(_NEXT),
    }
    response = render(request, "account/code.html", context, status=status)
    for name, value in (refusal.headers if refusal else {}).items():
        response[name] = value
    return response
