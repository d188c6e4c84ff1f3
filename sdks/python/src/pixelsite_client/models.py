"""What a site tells: jobs, balance, usage, estimates, models. Each is read from JSON and keeps it as `raw`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

_Value = TypeVar("_Value")
_ENDED = ("completed", "failed", "blocked", "canceled")


@dataclass(frozen=True)
class JobError:
    """Why a job failed or was blocked."""

    code: str
    message: str


@dataclass(frozen=True)
class Job:
    """A job as it stood when it was asked about. `status` is queued, processing, completed, failed, blocked or canceled."""

    id: str
    status: str
    operation: str
    credits_used: float
    output_url: str | None = None
    """Signed, expires, needs no key."""
    progress: int = 0
    stage: str | None = None
    place_in_line: int | None = None
    error: JobError | None = None
    review: str | None = None
    width: int | None = None
    height: int | None = None
    engine: str | None = None
    receipt: Mapping[str, Any] | None = None
    selection: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    sandbox: bool = False
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in _ENDED

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Job:
        """Read a job: an answer of the site, or `data` of a webhook's event. Raises `ValueError`."""
        error = told.get("error")
        return cls(
            id=text_of(told, "id"),
            status=text_of(told, "status"),
            operation=text_of(told, "operation"),
            credits_used=number_of(told, "credits_used"),
            output_url=optional_of(told, "output_url", str),
            progress=optional_of(told, "progress", int) or 0,
            stage=optional_of(told, "stage", str),
            place_in_line=optional_of(told, "place_in_line", int),
            error=JobError(text_of(error, "code"), text_of(error, "message")) if isinstance(error, Mapping) else None,
            review=optional_of(told, "review", str),
            width=optional_of(told, "width", int),
            height=optional_of(told, "height", int),
            engine=optional_of(told, "engine", str),
            receipt=optional_of(told, "receipt", dict),
            selection=optional_of(told, "selection", dict),
            metadata=optional_of(told, "metadata", dict),
            created_at=moment_of(told, "created_at"),
            started_at=moment_of(told, "started_at"),
            ended_at=moment_of(told, "ended_at"),
            sandbox=told.get("sandbox") is True,
            warnings=warnings_of(told),
            raw=told,
        )


@dataclass(frozen=True)
class Balance:
    """What the account can spend."""

    credits_remaining: float
    credits_held: float
    plan: str
    email: str = field(repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Balance:
        """Read a balance. Raises `ValueError`."""
        return cls(
            credits_remaining=number_of(told, "credits_remaining"),
            credits_held=number_of(told, "credits_held") if "credits_held" in told else 0.0,
            plan=text_of(told, "plan"),
            email=text_of(told, "email"),
            raw=told,
        )


@dataclass(frozen=True)
class Refusal:
    """Why a submission would be refused now."""

    code: str
    detail: str


@dataclass(frozen=True)
class Estimate:
    """What a submission would cost, and whether it would be accepted now."""

    operation: str
    credits: float
    credits_remaining: float
    would_be_accepted: bool
    refusal: Refusal | None
    warnings: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Estimate:
        """Read an estimate. Raises `ValueError`."""
        refusal = told.get("refusal")
        return cls(
            operation=text_of(told, "operation"),
            credits=number_of(told, "credits"),
            credits_remaining=number_of(told, "credits_remaining"),
            would_be_accepted=told.get("would_be_accepted") is True,
            refusal=Refusal(text_of(refusal, "code"), text_of(refusal, "detail"))
            if isinstance(refusal, Mapping)
            else None,
            warnings=warnings_of(told),
            raw=told,
        )


@dataclass(frozen=True)
class UsageLine:
    """One job in the list of recent ones."""

    id: str
    operation: str
    status: str
    credits_used: float
    model: str | None
    output_url: str | None
    created_at: datetime | None
    sandbox: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> UsageLine:
        """Read a line of usage. Raises `ValueError`."""
        return cls(
            id=text_of(told, "id"),
            operation=text_of(told, "operation"),
            status=text_of(told, "status"),
            credits_used=number_of(told, "credits_used"),
            model=optional_of(told, "model", str),
            output_url=optional_of(told, "output_url", str),
            created_at=moment_of(told, "created_at"),
            sandbox=told.get("sandbox") is True,
            raw=told,
        )


@dataclass(frozen=True)
class UsagePage:
    """Some lines, and where the next ones are."""

    lines: tuple[UsageLine, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Model:
    """An operation, what it costs, and whether a worker offers it now."""

    operation: str
    title: str
    endpoint: str
    credits: float
    typical_seconds: float | None
    """None where no model does it on this site."""
    engine: str | None
    device: str | None
    available: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Model:
        """Read a line of the catalogue. Raises `ValueError`."""
        return cls(
            operation=text_of(told, "operation"),
            title=text_of(told, "title"),
            endpoint=text_of(told, "endpoint"),
            credits=number_of(told, "credits"),
            typical_seconds=None if told.get("typical_seconds") is None else number_of(told, "typical_seconds"),
            engine=optional_of(told, "engine", str),
            device=optional_of(told, "device", str),
            available=told.get("available") is True,
            raw=told,
        )


def text_of(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not text")
    return value


def number_of(told: Mapping[str, Any], name: str) -> float:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"`{name}` is not a number")
    return float(value)


def optional_of(told: Mapping[str, Any], name: str, kind: type[_Value]) -> _Value | None:
    value = told.get(name)
    return value if isinstance(value, kind) else None


def moment_of(told: Mapping[str, Any], name: str) -> datetime | None:
    value = told.get(name)
    if not isinstance(value, str):
        return None
    # Python 3.10 does not know what Z means.
    return datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)


def warnings_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    found = told.get("warnings")
    return tuple(str(warning) for warning in found) if isinstance(found, list) else ()
