"""Jobs and workers in the admin: to look at. States move only through the lifecycle."""

from __future__ import annotations

from django.contrib import admin

from billing.admin import ReadOnlyAdmin
from jobs.models import Job, Worker


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "user",
        "operation",
        "status",
        "price_credits",
        "attempt",
        "engine",
        "error_code",
        "created_at",
    )
    list_filter = ("status", "operation", "engine", "error_code")
    list_select_related = ("user",)
    search_fields = ("id", "user__email")
    date_hierarchy = "created_at"


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "engines", "safety_filter", "started_at", "seen_at")
