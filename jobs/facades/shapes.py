"""Refusals that no view of ours makes: a body that is too large or too slow, a host that is not ours, a bug."""

from __future__ import annotations

from collections.abc import Callable

from jobs.facades import clipdrop, maskr, picwish
from jobs.facades.ending import Answer
from jobs.facades.refusals import Refusal

_SPELT: tuple[tuple[str, Callable[[Refusal], Answer]], ...] = (
    ("/cleanup/v1", clipdrop.spelt),
    ("/inpainting/v1", clipdrop.spelt),
    ("/api/tasks/visual/", picwish.spelt),
    ("/v1/services/", maskr.spelt),
)


def spelt_for(path: str, *, detail: str, code: str, status: int) -> Answer | None:
    """The refusal in the words of the vendor whose address this is; None where it is none of theirs."""
    for start, spelt in _SPELT:
        if path.startswith(start):
            return spelt(Refusal(code=code, status=status, message=detail))
    return None
