"""Every address that the URLconf knows."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver


def routes(resolver: URLResolver | None = None, prefix: str = "") -> list[str]:
    """Routes as they are written in the URLconf."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        found += [route] if isinstance(pattern, URLPattern) else routes(pattern, route)
    return found
