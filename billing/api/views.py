"""`GET /v1/account/balance`."""

from __future__ import annotations

from typing import cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from billing import selectors
from pixelsite.lib.schema import REQUEST_ID, refusals


class BalanceSerializer(serializers.Serializer[dict[str, object]]):
    """What an account can spend."""

    credits_remaining = serializers.FloatField()
    credits_held = serializers.FloatField(help_text="Set aside for jobs that have not ended yet.")
    plan = serializers.CharField()
    email = serializers.EmailField()


_BALANCE = OpenApiExample(
    "A balance",
    value={"credits_remaining": 480.0, "credits_held": 5.0, "plan": "starter", "email": "you@example.com"},
    response_only=True,
    status_codes=["200"],
)


class BalanceView(APIView):
    """The account's balance."""

    @extend_schema(
        operation_id="get_balance",
        examples=[_BALANCE],
        tags=["Account"],
        parameters=[REQUEST_ID],
        responses={200: BalanceSerializer, **refusals()},
    )
    def get(self, request: Request) -> Response:
        """Credits left, plan and e-mail of the account the key belongs to."""
        user = cast(User, request.user)
        balance = selectors.balance_of(user)
        return Response(
            {
                "credits_remaining": float(balance.available),
                "credits_held": float(balance.held),
                "plan": balance.plan.slug,
                "email": user.email,
            }
        )
