"""Keys where the vendors' programs put them. Any of our keys will do, in the vendor's header or as a Bearer token."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import api_keys
from accounts.models import ApiKey, User
from pixelsite.lib import ratelimit


class BearerOrHeaderKey(BaseAuthentication):
    """`Authorization: Bearer …`, or the vendor's own header where it has one. A refusal counts against the address."""

    header: ClassVar[str] = ""

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        try:
            key = api_keys.verify_key(self._sent(request))
        except api_keys.ApiKeyMissing:
            ratelimit.count_address(request._request, group="anonymous", limit=settings.ANONYMOUS_PER_MINUTE)
            raise
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _sent(self, request: Request) -> str:
        if self.header and (key := request.headers.get(self.header, "").strip()):
            return key
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key.strip():
            return key.strip()
        if scheme:
            raise api_keys.ApiKeyInvalid
        raise api_keys.ApiKeyMissing


class ClipdropKey(BearerOrHeaderKey):
    header = "x-api-key"


class PicwishKey(BearerOrHeaderKey):
    header = "X-API-KEY"


class MaskrKey(BearerOrHeaderKey):
    """A Bearer token only."""


class _ClipdropScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself in OpenAPI
    target_class = "jobs.facades.authentication.ClipdropKey"
    name = "clipdropKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "Any key of ours."}


class _PicwishScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "jobs.facades.authentication.PicwishKey"
    name = "picwishKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "X-API-KEY", "description": "Any key of ours."}


class _MaskrScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "jobs.facades.authentication.MaskrKey"
    name = "maskrKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Any key of ours."}
