"""`/v1/account/rights`: whether the account has said that it holds the rights to its pictures, and saying so."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import rights
from accounts.models import User
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.parsing import StrictJsonParser
from pixelsite.lib.schema import REQUEST_ID, refusals


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


class RightsView(APIView):
    """The account's word about the rights to its pictures."""

    parser_classes = [StrictJsonParser]

    @extend_schema(
        operation_id="get_rights",
        tags=["Account"],
        parameters=[REQUEST_ID],
        responses={200: RightsSerializer, **refusals()},
    )
    def get(self, request: Request) -> Response:
        """Whether you have confirmed that you hold the rights to your pictures, and the statement itself."""
        return Response(_rights_json(cast(User, request.user)))

    @extend_schema(
        operation_id="confirm_rights",
        tags=["Account"],
        parameters=[REQUEST_ID],
        request={"application/json": ConfirmationSerializer},
        responses={200: RightsSerializer, **refusals(400, 413, 415, 422)},
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
