"""How long property tests look: short and the same every time, or as long as FUZZ_EXAMPLES says, with other cases."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, settings

Value = TypeVar("Value")
Refusal = TypeVar("Refusal", bound=Exception)


def examples(short: int) -> settings:
    """Settings for `short` cases; FUZZ_EXAMPLES asks for more, at random. A failure prints how to repeat it."""
    asked = os.environ.get("FUZZ_EXAMPLES")
    return settings(
        max_examples=short if asked is None else max(short, int(asked)),
        derandomize=asked is None,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


def outcome(call: Callable[[], Value], refusal: type[Refusal]) -> Value | Refusal:
    """What the call returns, or the refusal that it raises; any other exception is the test's failure."""
    try:
        return call()
    except refusal as refused:
        return refused
