"""Why a sign-in ended without a session: one page, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User


@dataclass(frozen=True)
class Refusal:
    """Why a sign-in ended without a session, said to the person who tried."""

    code: str
    status: int
    title: str
    message: str


CANCELLED = Refusal("cancelled", 200, "Sign-in cancelled", "You stopped at Google. Nothing has been shared with us.")
FAILED = Refusal(
    "failed", 400, "Sign-in did not work", "This sign-in has expired or was not valid. Please start again."
)
EMAIL_UNVERIFIED = Refusal(
    "email_unverified",
    403,
    "Your e-mail address is not verified",
    "Google has not confirmed that this e-mail address is yours. Verify it there, then sign in again.",
)
EMAIL_TAKEN = Refusal(
    "email_taken",
    409,
    "This e-mail address already has an account",
    "The account with this e-mail address belongs to another sign-in. Use the one you started with, "
    "or write to the operator of this site.",
)
INACTIVE = Refusal(
    "inactive", 403, "This account is closed", "Write to the operator of this site if this is a mistake."
)
SUSPENDED = Refusal(
    "suspended",
    403,
    "This account is suspended",
    "An operator of this site has stopped it for now. The mail we sent you says why; answer to the operator if you "
    "think that this is a mistake. Your credits and your jobs' records are kept.",
)
OPERATOR = Refusal(
    "operator",
    403,
    "This account runs the site",
    "Accounts of operators do not open with a code from a mailbox. Sign in with your password at /admin/, or with Google.",
)


def keeping_out(user: User) -> Refusal | None:
    """Why this account may not sign in, whoever has proved to own it. None if it may."""
    if user.is_active:
        return None
    return SUSPENDED if user.suspended_at is not None else INACTIVE


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    context = {"refusal": refusal}
    return render(request, "accounts/sign_in_refused.html", context, status=refusal.status)
