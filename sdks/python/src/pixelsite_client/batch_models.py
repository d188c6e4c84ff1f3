"""What a site tells of a batch: how it stands, and what one would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pixelsite_client.models import JobError, Refusal, moment_of, number_of, optional_of, text_of, warnings_of

_ENDED = ("completed", "failed", "blocked", "canceled")


@dataclass(frozen=True)
class BatchLine:
    """One picture of a batch. `id` is its job; None where the picture was refused when it came."""

    index: int
    filename: str
    id: str | None
    status: str
    progress: int
    credits_used: float
    output_url: str | None
    error: JobError | None
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_ended(self) -> bool:
        return self.status in _ENDED

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> BatchLine:
        """Read a line. Raises `ValueError`."""
        return cls(
            index=int(number_of(told, "index")),
            filename=text_of(told, "filename"),
            id=optional_of(told, "id", str),
            status=text_of(told, "status"),
            progress=optional_of(told, "progress", int) or 0,
            credits_used=number_of(told, "credits_used"),
            output_url=optional_of(told, "output_url", str),
            error=_error(told.get("error")),
            warnings=warnings_of(told),
            raw=told,
        )


@dataclass(frozen=True)
class NotRetried:
    """A picture that is not tried again, and what to do instead."""

    index: int
    filename: str
    error: JobError


@dataclass(frozen=True)
class BatchStatus:
    """A batch as it stood when it was asked about. `status` is queued, processing, completed, failed or canceled."""

    id: str
    status: str
    operation: str
    total: int
    accepted: int
    refused: int
    progress: int
    """Percent, over all pictures."""
    credits_used: float
    lines: tuple[BatchLine, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    results_url: str | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    sandbox: bool = False
    retried: tuple[int, ...] = ()
    """Of a retry: which pictures are tried again."""
    not_retried: tuple[NotRetried, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_ended(self) -> bool:
        """Whether nothing will change any more, unless it is retried."""
        return self.status in _ENDED

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> BatchStatus:
        """Read a batch. Raises `ValueError`."""
        return cls(
            id=text_of(told, "id"),
            status=text_of(told, "status"),
            operation=text_of(told, "operation"),
            total=int(number_of(told, "total")),
            accepted=int(number_of(told, "accepted")),
            refused=int(number_of(told, "refused")),
            progress=int(number_of(told, "progress")),
            credits_used=number_of(told, "credits_used"),
            lines=tuple(BatchLine.from_json(line) for line in told["jobs"]),
            counts=optional_of(told, "counts", dict) or {},
            results_url=optional_of(told, "results_url", str),
            created_at=moment_of(told, "created_at"),
            ended_at=moment_of(told, "ended_at"),
            sandbox=told.get("sandbox") is True,
            retried=tuple(int(index) for index in told.get("retried", ())),
            not_retried=tuple(_not_retried(line) for line in told.get("not_retried", ())),
            raw=told,
        )


@dataclass(frozen=True)
class QuotedLine:
    """One picture of a quote, and why it would be refused now, if it would."""

    index: int
    filename: str
    refusal: Refusal | None
    warnings: tuple[str, ...] = ()

    @property
    def would_be_accepted(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True)
class BatchQuote:
    """What a batch would cost. Nothing is stored or charged."""

    credits: float
    """What the pictures that would be accepted cost together."""
    credits_remaining: float
    """What the account has now."""
    lines: tuple[QuotedLine, ...]

    @property
    def total(self) -> int:
        return len(self.lines)

    @property
    def accepted(self) -> int:
        return sum(line.would_be_accepted for line in self.lines)

    @property
    def refused(self) -> int:
        return self.total - self.accepted

    @property
    def is_affordable(self) -> bool:
        """Whether the account has the credits for all of it."""
        return self.credits <= self.credits_remaining

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> BatchQuote:
        """Read the quote of one request. Raises `ValueError`."""
        lines = tuple(
            QuotedLine(
                index=int(number_of(line, "index")),
                filename=text_of(line, "filename"),
                refusal=_refusal(line.get("refusal")),
                warnings=warnings_of(line),
            )
            for line in told["jobs"]
        )
        return cls(number_of(told, "credits"), number_of(told, "credits_remaining"), lines)


def _error(told: Any) -> JobError | None:
    return JobError(text_of(told, "code"), text_of(told, "message")) if isinstance(told, Mapping) else None


def _refusal(told: Any) -> Refusal | None:
    return Refusal(text_of(told, "code"), text_of(told, "detail")) if isinstance(told, Mapping) else None


def _not_retried(told: Mapping[str, Any]) -> NotRetried:
    error = told["error"]
    return NotRetried(
        int(number_of(told, "index")),
        text_of(told, "filename"),
        JobError(text_of(error, "code"), text_of(error, "message")),
    )
