"""The base of every refusal. Concrete errors live in the module whose rule they speak for."""

from __future__ import annotations

from typing import Any


class PixelsiteError(Exception):
    """Something went wrong. Try again in a moment."""

    # The docstring is the default message, written for the person who must act.
    code: str = "error"
    status: int = 400
    retry_after_s: int | None = None
    """When asking again may help."""

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.param = param
        super().__init__(self.message)

    @property
    def facts(self) -> dict[str, Any]:
        """What else a program can use, beside the sentence: more fields of the answer's body."""
        return {}

    @property
    def headers(self) -> dict[str, str]:
        """Extra response headers."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
