"""Who may sign in: Google through allauth, with the checks that allauth leaves out.

allauth skips the signature of an ID token that came straight from the token endpoint, takes the
signing algorithm from the token itself where it does check, has no nonce, and falls back to the
user info endpoint when there is no ID token at all. Here every token is verified against the
provider's keys (RS256 only), its issuer, audience, expiry and nonce, and a person *is* the pair of
issuer and subject: a changed e-mail address stays the same account, a known e-mail address with
another subject is refused, never linked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from functools import lru_cache
from typing import Any, NoReturn

import jwt
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.google.provider import GoogleProvider
from allauth.socialaccount.providers.google.views import (
    CERTS_URL,
    ID_TOKEN_ISSUER,
    GoogleOAuth2Adapter,
)
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from accounts.audit import address_of
from accounts.refusals import (
    CANCELLED,
    EMAIL_TAKEN,
    EMAIL_UNVERIFIED,
    FAILED,
    INACTIVE,
    Refusal,
    keeping_out,
    refusal_page,
)
from accounts.services import announce_new_user
from accounts.sessions import NO_ADDRESS

logger = logging.getLogger(__name__)

# Seconds by which our clock and Google's may differ.
CLOCK_SKEW_S = 30

# SocialAccount.uid holds at most this many characters.
UID_LENGTH_MAX = 191


# -- Refusals ----------------------------------------------------------------------------------------


def _refuse(request: HttpRequest, refusal: Refusal) -> NoReturn:
    raise ImmediateHttpResponse(refusal_page(request, refusal))


# -- The ID token ----------------------------------------------------------------------------------


def nonce_for(code_verifier: str) -> str:
    """The nonce that belongs to a PKCE verifier.

    The verifier is secret, random and kept in the session until the callback; a hash of it ties
    the ID token to this browser without a second thing to remember.
    """
    digest = hashlib.sha256(b"nonce:" + code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=1)
def _signing_keys(url: str) -> jwt.PyJWKClient:
    """The provider's public keys, fetched at most every five minutes."""
    return jwt.PyJWKClient(url, timeout=5, lifespan=300)


def verified_claims(id_token: str, *, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token after every check of OpenID Connect Core 3.1.3.7.

    Raises OAuth2Error, which allauth shows as a failed sign-in.
    """
    try:
        key = _signing_keys(CERTS_URL).get_signing_key_from_jwt(id_token)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key.key,
            algorithms=["RS256"],
            audience=client_id,
            issuer=ID_TOKEN_ISSUER,
            leeway=CLOCK_SKEW_S,
            options={"require": ["iss", "aud", "exp", "iat", "sub"], "strict_aud": True},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise OAuth2Error(f"ID token refused: {error}") from error
    if claims.get("azp", client_id) != client_id:
        raise OAuth2Error("ID token refused: issued to another client")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise OAuth2Error("ID token refused: wrong nonce")
    if not claims["sub"] or len(_uid(claims)) > UID_LENGTH_MAX:
        raise OAuth2Error("ID token refused: unusable subject")
    return claims


def _uid(claims: dict[str, Any]) -> str:
    return f"{claims['iss']}|{claims['sub']}"


# -- Google's side of allauth ----------------------------------------------------------------------


class VerifiedGoogleProvider(GoogleProvider):
    """Google, asked the same way each time: nothing in our URL can change what we ask for."""

    def get_pkce_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_pkce_params()
        return params | {"nonce": nonce_for(params["code_verifier"])}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return self.get_scope()

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return self.get_auth_params()

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_redirect_from_request_kwargs(request) | {"process": AuthProcess.LOGIN}

    def extract_uid(self, data: dict[str, Any]) -> str:
        return _uid(data)


class GoogleSignIn(GoogleOAuth2Adapter):
    """The authorization-code flow with PKCE, a nonce and a verified ID token."""

    def get_access_token_data(
        self,
        request: HttpRequest,
        app: SocialApp,
        client: OAuth2Client,
        pkce_code_verifier: str | None = None,
    ) -> dict[str, Any]:
        if not pkce_code_verifier:
            raise OAuth2Error("this session did not start a sign-in with PKCE")
        self._nonce = nonce_for(pkce_code_verifier)
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: SocialApp, token: object, **kwargs: Any) -> SocialLogin:
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise OAuth2Error("no ID token in the answer")
        claims = verified_claims(id_token, client_id=app.client_id, nonce=self._nonce)
        return self.get_provider().sociallogin_from_response(request, claims)


_start_google = OAuth2LoginView.adapter_view(GoogleSignIn)
google_callback = never_cache(OAuth2CallbackView.adapter_view(GoogleSignIn))


@never_cache
def google_login(request: HttpRequest) -> HttpResponse:
    """Start a sign-in; only a POST with our CSRF token may."""
    if request.method != "POST":
        return redirect("account_login")
    return _start_google(request)


# -- Our side of allauth ---------------------------------------------------------------------------


class AccountAdapter(DefaultAccountAdapter):
    """No passwords, no local sign-up; after sign-in only to our own pages."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the rest of the site has it; behind a unix socket nobody has one."""
        return address_of(request) or NO_ADDRESS

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return refusal_page(request, keeping_out(user) or INACTIVE)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Who may come in, once Google has said who it is."""

    def get_app(self, request: HttpRequest, *args: Any, **kwargs: Any) -> SocialApp:
        try:
            return super().get_app(request, *args, **kwargs)
        except SocialApp.DoesNotExist as error:
            raise Http404("sign-in with Google is not set up") from error

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Never: an address is not an identity, whatever a setting may say."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        claims = sociallogin.account.extra_data
        email = str(claims.get("email", "")).lower()
        if not email or claims.get("email_verified") is not True:
            _refuse(request, EMAIL_UNVERIFIED)
        if not sociallogin.is_existing:
            if _email_is_taken(email):
                _refuse(request, EMAIL_TAKEN)
            return
        if refusal := keeping_out(sociallogin.user):
            _refuse(request, refusal)
        _follow_email(sociallogin.user, email)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        user.name = str(sociallogin.account.extra_data.get("name", ""))[:150]
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        try:
            with transaction.atomic():
                user = super().save_user(request, sociallogin, form)
                announce_new_user(user)
        except IntegrityError:
            logger.warning("two sign-ups of the same person at once")
            _refuse(request, FAILED)
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        if error == AuthError.CANCELLED:
            _refuse(request, CANCELLED)
        logger.warning("sign-in refused: %s", exception or error)
        _refuse(request, FAILED)


def _email_is_taken(email: str, *, by_other_than: Any = None) -> bool:
    users = get_user_model().objects.filter(
        Q(email__iexact=email) | Q(pk__in=EmailAddress.objects.filter(email__iexact=email).values("user"))
    )
    if by_other_than is not None:
        users = users.exclude(pk=by_other_than.pk)
    return users.exists()


def _follow_email(user: Any, email: str) -> None:
    """Take over the address that Google has verified for this subject, unless someone has it."""
    if user.email.lower() == email or _email_is_taken(email, by_other_than=user):
        return
    try:
        with transaction.atomic():
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            user.email = email
            user.save(update_fields=["email"])
    except IntegrityError:
        user.refresh_from_db(fields=["email"])
