"""Plans, accounts with their balance, the read-only ledger, and the forms that change a balance or a plan by hand."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.admin import UserAdmin
from accounts.models import User
from billing import adjustments, given_plans, ledger
from billing.forms import AdjustmentForm, GivenPlanForm
from billing.models import CreditLot, Debt, LedgerEntry, Plan, Wallet
from pixelsite.lib.errors import PixelsiteError


def operator(request: HttpRequest) -> User:
    return cast(User, request.user)


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    list_display = ("name", "price_cents", "monthly_credits", "requests_per_minute", "active_jobs_max", "position")
    prepopulated_fields = {"slug": ("name",)}


def as_uuid(text: str) -> UUID | None:
    """An id as people paste it. Databases store it differently, so it is never looked for as text."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that are looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LotInline(admin.TabularInline[CreditLot, Wallet]):
    model = CreditLot
    extra = 0
    can_delete = False
    fields = readonly_fields = ("kind", "amount", "remaining", "expires_at", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Wallet)
class WalletAdmin(admin.ModelAdmin[Wallet]):
    """An account's balance and plan. Each changes only through its form, with a reason."""

    list_display = ("user", "plan", "given_plan", "available", "held", "owed")
    list_filter = ("plan", "given_plan")
    list_select_related = ("user", "plan", "given_plan")
    search_fields = ("user__email", "stripe_customer", "subscriptions__stripe_id")
    fields = ("user", "plan", "given_plan", "available", "held", "owed", "stripe_customer", "months_granted_until")
    readonly_fields = ("owed",)
    inlines = (LotInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        owed = Debt.objects.filter(wallet=OuterRef("pk"), remaining__gt=0).order_by().values("wallet")
        total = Coalesce(Subquery(owed.annotate(total=Sum("remaining")).values("total")), 0)
        return super().get_queryset(request).annotate(owed_credits=total)

    @admin.display(description="owed", ordering="owed_credits")
    def owed(self, wallet: Wallet) -> int:
        return int(wallet.owed_credits)  # type: ignore[attr-defined]  # annotated above

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        """Nothing is typed into its own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        adjust = path("<int:pk>/adjust/", self.admin_site.admin_view(self.adjust), name="billing_wallet_adjust")
        give = path("<int:pk>/plan/", self.admin_site.admin_view(self.give_plan), name="billing_wallet_plan")
        return [adjust, give, *super().get_urls()]

    def adjust(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The adjustment form: amount, reason; who is the signed-in admin."""
        wallet = self._wallet(request, pk)
        form = AdjustmentForm(request.POST or None)
        if form.is_bound and form.is_valid():
            try:
                owed = adjustments.adjust_by_hand(
                    wallet=wallet, actor=operator(request), request=request, **form.cleaned_data
                )
            except ledger.InsufficientCredits as refusal:
                form.add_error("amount", f"Only {refusal.available} credits can be taken back.")
            except PixelsiteError as refusal:
                form.add_error(None, refusal.message)
            else:
                wallet.refresh_from_db()
                said = f"{wallet.user}: {form.cleaned_data['amount']:+d} credits, now {wallet.available}"
                messages.success(request, f"{said}, and {owed} owed." if owed else f"{said}.")
                return redirect("admin:billing_wallet_change", wallet.pk)
        return self._page(request, wallet, form, title=f"Adjust credits of {wallet.user}", button="Write ledger entry")

    def give_plan(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form that gives a plan, or takes a given one back."""
        wallet = self._wallet(request, pk)
        form = GivenPlanForm(request.POST or None, initial={"plan": wallet.given_plan_id})
        if form.is_bound and form.is_valid():
            try:
                holds = given_plans.give_plan(
                    wallet=wallet, actor=operator(request), request=request, **form.cleaned_data
                )
            except PixelsiteError as refusal:
                form.add_error(None, refusal.message)
            else:
                messages.success(request, f"{wallet.user} is on the {holds} plan.")
                return redirect("admin:billing_wallet_change", wallet.pk)
        return self._page(request, wallet, form, title=f"Give {wallet.user} a plan", button="Give the plan")

    def _wallet(self, request: HttpRequest, pk: int) -> Wallet:
        wallet = get_object_or_404(Wallet.objects.select_related("user", "plan", "given_plan"), pk=pk)
        if not request.user.has_perm("billing.change_wallet"):
            raise PermissionDenied
        return wallet

    def _page(self, request: HttpRequest, wallet: Wallet, form: forms.Form, **words: str) -> HttpResponse:
        context = self.admin_site.each_context(request) | words
        context |= {"wallet": wallet, "owed": ledger.debt_of(wallet), "form": form, "opts": self.opts}
        status = 400 if form.is_bound else 200
        return render(request, "admin/billing/wallet/adjust.html", context, status=status)


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    """People, with what they can spend."""

    list_display = ["email", "balance", "plan", "flagged_at", "is_active", "is_staff", "date_joined"]
    list_filter = [*UserAdmin.list_filter, "wallet__plan"]
    list_select_related = ("wallet__plan",)

    @admin.display(ordering="wallet__available")
    def balance(self, user: User) -> str:
        wallet = getattr(user, "wallet", None)
        if wallet is None:
            return "none yet"
        return format_html(
            '{} · <a href="{}">adjust</a>', wallet.available, reverse("admin:billing_wallet_adjust", args=[wallet.pk])
        )

    @admin.display(ordering="wallet__plan")
    def plan(self, user: User) -> str:
        wallet = getattr(user, "wallet", None)
        return str(wallet.plan) if wallet else ""


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "created_at",
        "wallet_user",
        "kind",
        "amount",
        "available_after",
        "held_after",
        "job_id",
        "reason",
        "actor",
    )
    list_filter = ("kind",)
    list_select_related = ("wallet__user", "actor")
    search_fields = ("wallet__user__email", "source", "wallet__stripe_customer")
    date_hierarchy = "created_at"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LedgerEntry], search_term: str
    ) -> tuple[QuerySet[LedgerEntry], bool]:
        if (job_id := as_uuid(search_term)) is not None:
            return queryset.filter(job_id=job_id), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="account")
    def wallet_user(self, entry: LedgerEntry) -> str:
        return entry.wallet.user.email
