"""What may not be worked on. A filter looks at a picture and says a verdict; `none` allows everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from inference.engines.base import Image


@dataclass(frozen=True)
class Verdict:
    """Whether a picture is blocked, and as what."""

    blocked: bool
    category: str | None = None


ALLOWED = Verdict(blocked=False)


class SafetyFilter(Protocol):
    """Looks at pictures; keeps none."""

    @property
    def name(self) -> str: ...

    def check(self, image: Image) -> Verdict:
        """Judge one H×W×3 uint8 RGB picture, on its way in or out."""
        ...


class NoFilter:
    """Allows everything. Its name is said when the worker starts, so that nobody believes otherwise."""

    name = "none"

    def check(self, image: Image) -> Verdict:
        """Allow it."""
        return ALLOWED
