"""Who is calling the API. The native one takes a Bearer key in the Authorization header and nowhere else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import api_keys
from accounts.models import ApiKey, Scope, User
from pixelsite.lib import ratelimit
from pixelsite.lib.errors import PixelsiteError

_KEY_PARAMETERS = ("api_key", "apikey", "key", "access_token", "token")
_KEY_HEADERS = ("X-Api-Key", "Api-Key", "X-Pixelapi-Key")


class ApiKeyInUrl(api_keys.ApiKeyMissing):
    """Never put an API key in a URL: URLs end up in logs. Send it as `Authorization: Bearer pk_live_…`, and revoke this one."""

    code = "api_key_in_url"


class DuplicateHeader(PixelsiteError):
    """Send the Authorization header once."""

    code = "duplicate_header"


class BearerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer pk_live_…`. A refusal counts against the caller's address."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        try:
            key = api_keys.verify_key(_bearer_key(request))
        except (api_keys.ApiKeyMissing, DuplicateHeader):
            ratelimit.count_address(request._request, group="anonymous", limit=settings.ANONYMOUS_PER_MINUTE)
            raise
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ScopeMissing(PixelsiteError):
    """This key may not do that. Give it the scope under API keys in your dashboard, or use another key."""

    code = "scope_missing"
    status = 403


class KeyScope(BasePermission):
    """A key does what its scopes say: `read` looks, `submit` does everything else. A refusal counts as any other."""

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        # Who asks what there is to ask (OPTIONS) is told nothing of the account.
        if not isinstance(key, ApiKey) or not key.scopes or request.method == "OPTIONS":
            return True
        needed = Scope.READ if request.method in SAFE_METHODS else Scope.SUBMIT
        if needed in key.scopes:
            return True
        ratelimit.count_address(request._request, group="anonymous", limit=settings.ANONYMOUS_PER_MINUTE)
        raise ScopeMissing(
            f"This key lacks the scope `{needed.value}`. Give it the scope at {settings.SITE_URL}/keys/, "
            "or use another key."
        )


def _bearer_key(request: Request) -> str:
    sent: list[tuple[bytes, bytes]] = getattr(request._request, "scope", {}).get("headers", [])
    if [name for name, _ in sent].count(b"authorization") > 1:  # Django has joined them to one that means nothing
        raise DuplicateHeader
    header = request.headers.get("Authorization", "")
    if not header:
        if any(name in request.query_params for name in _KEY_PARAMETERS):
            raise ApiKeyInUrl
        if any(name in request.headers for name in _KEY_HEADERS):
            raise api_keys.ApiKeyMissing(
                "The key is in the wrong header. Send it as `Authorization: Bearer pk_live_…`."
            )
        raise api_keys.ApiKeyMissing
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer":
        raise api_keys.ApiKeyInvalid("Authorization must be `Bearer pk_live_…`, nothing else.")
    return key


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself in OpenAPI
    """How the OpenAPI document describes the key."""

    target_class = "accounts.authentication.BearerKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "pk_live_…"}
