"""`/v1/account/rights`: whether the account has said that it holds the rights to its pictures, and saying so."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import rights
from accounts.models import User
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.parsing import StrictJsonParser
from pixelsite.lib.schema import REQUEST_ID, Told, refusals


class NotAConfirmation(PixelsiteError):
    """Send `{"confirm": true}` and nothing else. Only a plain yes confirms."""

    code = "not_a_confirmation"
    status = 422


class RightsSerializer(serializers.Serializer[Any]):
    """What there is to confirm, and whether that was done."""

    confirmed = serializers.BooleanField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    statement = serializers.CharField(help_text="What is said by confirming.")


class ConfirmationSerializer(serializers.Serializer[Any]):
    """A plain yes."""

    confirm = serializers.BooleanField()


# True and nothing that can be read as true: no serializer's field is as strict.
_CONFIRMATION = {
    "type": "object",
    "properties": {"confirm": {"type": "boolean", "const": True}},
    "required": ["confirm"],
    "additionalProperties": False,
}


class _Confirmation(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself in OpenAPI
    """The serializer as it is meant."""

    target_class = "accounts.api.views.ConfirmationSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return _CONFIRMATION


_NOT_A_CONFIRMATION = Told(NotAConfirmation.code, NotAConfirmation.__doc__ or "", "confirm")
_NOT_JSON = Told("json_invalid", "The body is not valid JSON.")


def _answered(name: str, confirmed_at: str | None) -> OpenApiExample:
    value = {"confirmed": confirmed_at is not None, "confirmed_at": confirmed_at, "statement": rights.STATEMENT}
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


_CONFIRMED = _answered("Confirmed", "2026-11-25T01:40:00Z")
_YES = OpenApiExample("Yes", value={"confirm": True}, request_only=True)


class RightsView(APIView):
    """The account's word about the rights to its pictures."""

    parser_classes = [StrictJsonParser]

    @extend_schema(
        operation_id="get_rights",
        examples=[_answered("Not confirmed", None), _CONFIRMED],
        tags=["Account"],
        parameters=[REQUEST_ID],
        responses={200: RightsSerializer, **refusals()},
    )
    def get(self, request: Request) -> Response:
        """Whether you have confirmed that you hold the rights to your pictures, and the statement itself."""
        return Response(_rights_json(cast(User, request.user)))

    @extend_schema(
        operation_id="confirm_rights",
        examples=[_YES, _CONFIRMED],
        tags=["Account"],
        parameters=[REQUEST_ID],
        request={"application/json": ConfirmationSerializer},
        responses={
            200: RightsSerializer,
            **refusals(400, 413, 415, 422, told={400: _NOT_JSON, 422: _NOT_A_CONFIRMATION}),
        },
    )
    def post(self, request: Request) -> Response:
        """Confirm the statement, once for the account. Then prompts may name watermarks, logos and the like."""
        user = cast(User, request.user)
        # By identity: 1 and 1.0 are equal to true.
        if list(request.data) != ["confirm"] or dict(request.data)["confirm"] is not True:
            raise NotAConfirmation(param="confirm")
        rights.confirm(user, request=request._request)
        return Response(_rights_json(user))


def _rights_json(user: User) -> dict[str, Any]:
    at = user.rights_confirmed_at
    return {
        "confirmed": rights.are_confirmed(user),
        "confirmed_at": at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None,
        "statement": rights.STATEMENT,
    }
