"""ASGI entry. Static files are served by WhiteNoise before Django is asked, so that Django stays async throughout."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from whitenoise import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelsite.settings")

_application = get_asgi_application()

from django.conf import settings  # noqa: E402  # settings are read once Django is set up

from jobs.facades.shapes import spelt_for  # noqa: E402  # so are models
from jobs.waiting import Waiting  # noqa: E402
from pixelsite.lib.body import BodyLimits, BoundedBody, Told, told_natively  # noqa: E402

_django = Waiting(_application)

# A tenth of what a slow mobile network sends.
_BYTES_PER_S_MIN = 10_000

_HASHED_NAME = r"^.+\.[0-9a-f]{12}\..+$"


def _no_such_file(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"There is no such file.\n"]


_static = WSGIMiddleware(
    WhiteNoise(
        _no_such_file,
        root=str(settings.STATIC_ROOT),
        prefix=settings.STATIC_URL,
        immutable_file_test=_HASHED_NAME,
        add_headers_function=lambda headers, path, url: headers.setdefault("X-Content-Type-Options", "nosniff"),
    )
)


async def _routed(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"].startswith(settings.STATIC_URL):
        await _static(scope, receive, send)
    else:
        await _django(scope, receive, send)


def _told(*, path: str, status: int, code: str, detail: str, request_id: str) -> Told:
    """To programs of other vendors in their words."""
    answer = spelt_for(path, detail=detail, code=code, status=status)
    if answer is None:
        return told_natively(path=path, status=status, code=code, detail=detail, request_id=request_id)
    return Told(status=answer.status, body=answer.body)


application = BoundedBody(
    _routed,
    BodyLimits(
        bytes_max=settings.REQUEST_BYTES_MAX,
        batch_bytes_max=settings.BATCH_BYTES_MAX,
        grace_s=settings.UPLOAD_PATIENCE_S,
        bytes_per_s_min=_BYTES_PER_S_MIN,
    ),
    tell=_told,
)
