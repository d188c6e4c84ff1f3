"""Pages of jobs by cursor: stable while new ones arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


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
        if not written.isascii() or not written.isdigit() or not 1 <= int(written[:9]) <= self.max_page_size:
            raise ValidationError({"limit": f"Must be a whole number from 1 to {self.max_page_size}."})
        return int(written)

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound:
            raise ValidationError({"cursor": "Use a cursor from `next` or `previous`, unchanged."}) from None
