"""Operations that PixelAPI documents and this site has no model for: a program that calls one learns so at once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pixelsite.lib.errors import PixelsiteError

TRY_ON = "virtual-tryon"


class ModelNotInstalled(PixelsiteError):
    """No model of this site does that, and nothing was charged. `GET /v1/models` says which operations are served."""

    code = "model_not_installed"
    status = 503
    retry_after_s = 3600  # a site learns an operation by a new version, not in seconds


@extend_schema(exclude=True)
class UnservedView(APIView):
    """Asks for a key, as every operation does, and reads nothing of what was sent."""

    operation = ""

    def post(self, request: Request) -> Response:
        raise ModelNotInstalled(
            f"`{self.operation}` is not served: no model for it is installed here. Nothing was charged; "
            "`GET /v1/models` says which operations are served."
        )

    def handle_exception(self, exc: Exception) -> Response:
        answer = super().handle_exception(exc)
        if self.operation == TRY_ON and isinstance(answer.data, dict):
            answer.data = {"detail": _as_try_on(answer.data)}
        return answer


def _as_try_on(error: dict[str, Any]) -> dict[str, Any]:
    """The shape that PixelAPI gives the errors of this operation."""
    message, _, guidance = str(error["detail"]).partition("; ")
    return {"error": error["code"], "message": message, "guidance": guidance or message}
