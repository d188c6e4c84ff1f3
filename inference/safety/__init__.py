"""What may not be worked on. A filter looks at a picture and says a verdict; `none` allows everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from inference.engines.base import Image
from inference.errors import EngineError

Decision = Literal["allow", "review", "block"]


class FilterNotReady(EngineError):
    """The content filter that was asked for cannot be loaded. The message says what to set or to fetch."""

    code = "filter_not_ready"


@dataclass(frozen=True)
class Verdict:
    """What to do with a picture or a prompt, and why."""

    decision: Decision
    category: str | None = None
    """Of the policy or the word list; None where nothing was found."""
    scores: Mapping[str, float] = field(default_factory=dict, hash=False)
    """0…1 for every category that was looked for, as far as it can be said."""

    @property
    def blocked(self) -> bool:
        return self.decision == "block"

    @property
    def needs_review(self) -> bool:
        return self.decision == "review"


ALLOWED = Verdict("allow")


class SafetyFilter(Protocol):
    """Looks at pictures; keeps none."""

    @property
    def name(self) -> str: ...

    def check(self, image: Image) -> Verdict:
        """Judge one H×W×3 uint8 RGB picture, on its way in or out. Raises `EngineError` if it cannot."""
        ...


class NoFilter:
    """Allows everything. Its name is said when the worker starts, so that nobody believes otherwise."""

    name = "none"

    def check(self, image: Image) -> Verdict:
        """Allow it."""
        return ALLOWED
