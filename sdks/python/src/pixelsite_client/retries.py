"""When a request is sent again, and how long to wait before: decided from what came back, without a clock."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from pixelsite_client.errors import retry_after_s
from pixelsite_client.messages import Answer, NoAnswer

_STATUSES = frozenset({429, 500, 502, 503, 504})
_FIRST_PAUSE_S, _PAUSE_S_MAX = 0.5, 8.0


def backoff_s(attempt: int, *, chance: Callable[[], float] = random.random) -> float:
    """Seconds before try `attempt` + 2: twice as long each time, and by chance up to half as short."""
    whole: float = min(_PAUSE_S_MAX, _FIRST_PAUSE_S * 2.0 ** min(attempt, 10))
    return whole * (0.5 + chance() / 2)


@dataclass(frozen=True)
class Retries:
    """How often a request is sent again at most, and the longest `Retry-After` that is waited for."""

    count: int = 4
    patience_s: float = 120

    def pause_s(self, attempt: int, reply: Answer | NoAnswer) -> float | None:
        """Seconds to wait before sending again after this reply to try `attempt` (from 0); None: leave it at that."""
        if attempt >= self.count or not may_help(reply):
            return None
        asked = retry_after_s(reply.headers) if isinstance(reply, Answer) else None
        if asked is None:
            return backoff_s(attempt)
        # A little later than asked for, so that many callers who wait for the same moment do not come as one.
        return None if asked > self.patience_s else asked + random.random() / 4  # noqa: S311  # not a secret


def may_help(reply: Answer | NoAnswer) -> bool:
    """Whether the same request, sent again, may be answered otherwise."""
    if isinstance(reply, NoAnswer):
        return not reply.is_final
    # An earlier try of this very call may still be worked on, after its connection broke.
    return reply.status in _STATUSES or (reply.status == 409 and _code(reply) == "idempotency_in_progress")


def _code(answer: Answer) -> object:
    try:
        body = json.loads(answer.content)
    except ValueError:
        return None
    return body.get("code") if isinstance(body, dict) else None
