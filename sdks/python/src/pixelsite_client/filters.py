"""Which jobs of the account to list, as the site is asked for them."""

from __future__ import annotations

from datetime import datetime


def usage_filters(
    *, status: str | None, operation: str | None, since: datetime | None, until: datetime | None, page_size: int
) -> dict[str, str]:
    """The parameters of a request. Raises `ValueError` for a time without a zone, which could mean any of a day."""
    given = {
        "status": status,
        "operation": operation,
        "since": _written(since, name="since"),
        "until": _written(until, name="until"),
        "limit": str(page_size),
    }
    return {name: value for name, value in given.items() if value is not None}


def _written(moment: datetime | None, *, name: str) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError(f"{name} needs a time zone, such as datetime(2026, 1, 1, tzinfo=timezone.utc).")
    return moment.isoformat()
