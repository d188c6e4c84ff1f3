"""Jobs and workers in the admin: to look at. States move only through the lifecycle; appeals are decided here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.reasons import Question, ask_for_reason
from billing import goodwill
from billing.admin import AccountAdmin, ReadOnlyAdmin, as_uuid, operator
from jobs import appeals
from jobs.models import Batch, Job, Review, Status, Worker


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """To look at, except for what only a person can say: whether the content filter was right."""

    list_display = (
        "id",
        "user",
        "operation",
        "status",
        "review",
        "price_credits",
        "attempt",
        "engine",
        "error_code",
        "created_at",
    )
    list_filter = ("review", "status", "operation", "engine", "error_code")
    list_select_related = ("user",)
    search_fields = ("user__email", "error_code")
    date_hierarchy = "created_at"
    actions = ["let_through", "leave_as_it_is"]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(description="Let through", permissions=["review"])
    def let_through(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        decided = sum(appeals.release(job, actor=operator(request), request=request) for job in jobs)
        messages.success(request, f"Let through: {decided}.")

    @admin.action(description="Stays as it is", permissions=["review"])
    def leave_as_it_is(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        decided = sum(appeals.uphold(job, actor=operator(request), request=request) for job in jobs)
        messages.success(request, f"Left as they are: {decided}.")

    def get_urls(self) -> list[URLPattern]:
        decisions = [
            path(
                "<uuid:job_id>/let-through/", self.admin_site.admin_view(self.let_one_through), name="jobs_job_release"
            ),
            path(
                "<uuid:job_id>/as-it-is/", self.admin_site.admin_view(self.leave_one_as_it_is), name="jobs_job_uphold"
            ),
        ]
        refund = path("<uuid:job_id>/refund/", self.admin_site.admin_view(self.refund), name="jobs_job_refund")
        return [*decisions, refund, *super().get_urls()]

    def refund(self, request: HttpRequest, job_id: UUID) -> HttpResponse:
        """Give back by hand what a completed job cost, once."""
        if not request.user.has_perm("billing.change_wallet"):
            raise PermissionDenied
        job = get_object_or_404(Job.objects.select_related("user"), pk=job_id)

        def decide(reason: str) -> None:
            entry = goodwill.refund_completed_job(
                job_id=job.pk, actor=operator(request), reason=reason, request=request
            )
            messages.success(request, f"{job.user} has {entry.amount} credits back.")

        question = Question(
            title=f"Give back what job {str(job.pk)[:8]} cost",
            about=f"{job.price_credits} credits go back to {job.user}. The job stays completed. This works once.",
            button="Give the credits back",
            told="The customer reads it in the statement; it is kept in the audit log with your name.",
        )
        then = reverse("admin:jobs_job_change", args=[job.pk])
        return ask_for_reason(request, question, decide, model_admin=self, subject=job, then=then)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        if (job_id := as_uuid(search_term)) is not None:
            return queryset.filter(pk=job_id), False
        return super().get_search_results(request, queryset, search_term)

    def let_one_through(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        return self._decided(request, job_id, self.let_through)

    def leave_one_as_it_is(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        return self._decided(request, job_id, self.leave_as_it_is)

    def _decided(self, request: HttpRequest, job_id: Any, action: Any) -> HttpResponse:
        """The buttons on a job's page do what the actions of the list do."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_review_permission(request):
            raise PermissionDenied
        job = get_object_or_404(Job, pk=job_id)
        action(request, Job.objects.filter(pk=job.pk))
        return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        may_decide = job is not None and appeals.can_be_decided(job) and self.has_review_permission(request)
        may_refund = (
            job is not None and request.user.has_perm("billing.change_wallet") and goodwill.can_be_refunded(job.pk)
        )
        more = {"may_decide": may_decide, "may_refund": may_refund}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """What was sent together, and what was refused at once."""

    list_display = ("id", "user", "operation", "pictures", "refused", "created_at")
    list_select_related = ("user",)
    search_fields = ("=id", "user__email")
    date_hierarchy = "created_at"

    @admin.display
    def pictures(self, batch: Batch) -> int:
        return len(batch.lines)

    @admin.display(description="refused at once")
    def refused(self, batch: Batch) -> int:
        return sum(line["error"] is not None for line in batch.lines)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "engines", "safety_filter", "started_at", "seen_at")


admin.site.unregister(User)


@admin.register(User)
class CustomerAdmin(AccountAdmin):
    """People, with what they can spend and how often the content filter refused them."""

    list_display = [*AccountAdmin.list_display, "blocked_jobs"]
    readonly_fields = [*AccountAdmin.readonly_fields, "blocked_jobs"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = tuple(super().get_fieldsets(request, obj))
        return fieldsets if obj is None else (*fieldsets, ("Content filter", {"fields": ("blocked_jobs",)}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        blocked = Job.objects.filter(user=OuterRef("pk"), status=Status.BLOCKED).exclude(review=Review.RELEASED)
        count = blocked.order_by().values("user").annotate(number=Count("pk")).values("number")
        return super().get_queryset(request).annotate(blocked_jobs_count=Coalesce(Subquery(count), 0))

    @admin.display(description="blocked jobs", ordering="blocked_jobs_count")
    def blocked_jobs(self, user: User) -> str:
        """Not counting those that were let through."""
        address = reverse(
            "admin:jobs_job_changelist", query={"user__id__exact": user.pk, "status__exact": Status.BLOCKED}
        )
        return format_html('<a href="{}">{}</a>', address, user.blocked_jobs_count)  # type: ignore[attr-defined]
