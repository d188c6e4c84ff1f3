"""Pages of jobs by cursor: stable while new ones arrive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

_LIMIT = re.compile(r"[0-9]{1,3}", re.ASCII)


class UsagePagination(CursorPagination):
    """`?limit=1…100&cursor=…`; a wrong limit or cursor is refused, not guessed at."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = ("-created_at", "-id")

    def get_page_size(self, request: Request) -> int | None:
        written = request.query_params.get("limit")
        if written is None:
            return self.page_size
        if _LIMIT.fullmatch(written) is None or not 1 <= int(written) <= self.max_page_size:
            raise ValidationError({"limit": f"Must be a whole number from 1 to {self.max_page_size}."})
        return int(written)

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound:
            raise ValidationError({"cursor": "Use a cursor from `next` or `previous`, unchanged."}) from None

    def decode_cursor(self, request: Request) -> Cursor | None:
        """As DRF does, but a cursor that we cannot have made is refused instead of reaching the database."""
        cursor = super().decode_cursor(request)
        if cursor is None:
            return None
        if cursor.position is None and not cursor.offset and not cursor.reverse:
            raise NotFound
        if cursor.position is not None and not _is_point_in_time(str(cursor.position)):
            raise NotFound
        return cursor


def _is_point_in_time(written: str) -> bool:
    try:
        moment = parse_datetime(written)
    except ValueError:  # well written, and no date
        return False
    return moment is not None and moment.tzinfo is not None
