"""The sync and the async client as one: a test says what is called, and gets what came of it either way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pixelsite_client import AsyncPixelsite, Pixelsite

Caller = Callable[..., Any]
"""`call("balance")`, `call("submit", image, bbox=…)`: the method of a fresh client, awaited if need be."""


def sync_caller(**settings: Any) -> Caller:
    def call(method: str, *arguments: Any, **options: Any) -> Any:
        with Pixelsite(**settings) as client:
            return getattr(client, method)(*arguments, **options)

    return call


def async_caller(**settings: Any) -> Caller:
    def call(method: str, *arguments: Any, **options: Any) -> Any:
        async def awaited() -> Any:
            async with AsyncPixelsite(**settings) as client:
                return await getattr(client, method)(*arguments, **options)

        return asyncio.run(awaited())

    return call


CALLERS = {"sync": sync_caller, "async": async_caller}
