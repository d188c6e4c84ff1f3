"""Plans, accounts with their balance, the read-only ledger, and the one way to change a balance by hand."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.admin import UserAdmin
from accounts.models import User
from billing import ledger
from billing.forms import AdjustmentForm
from billing.models import CreditLot, LedgerEntry, Plan, Wallet


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    list_display = ("name", "price_cents", "monthly_credits", "requests_per_minute", "active_jobs_max", "position")
    prepopulated_fields = {"slug": ("name",)}


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
    """An account's balance. The plan is edited here; credits only through the adjustment form."""

    list_display = ("user", "plan", "available", "held", "adjust_link")
    list_filter = ("plan",)
    list_select_related = ("user", "plan")
    search_fields = ("user__email",)
    fields = ("user", "plan", "available", "held", "adjust_link")
    readonly_fields = ("user", "available", "held", "adjust_link")
    inlines = (LotInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Wallet, form: Any, change: bool) -> None:
        obj.save(update_fields=["plan"])  # a stale balance must not travel along

    def get_urls(self) -> list[URLPattern]:
        adjust = path("<int:pk>/adjust/", self.admin_site.admin_view(self.adjust), name="billing_wallet_adjust")
        return [adjust, *super().get_urls()]

    @admin.display(description="credits")
    def adjust_link(self, wallet: Wallet) -> str:
        return format_html('<a href="{}">Adjust credits</a>', reverse("admin:billing_wallet_adjust", args=[wallet.pk]))

    def adjust(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The adjustment form: amount, reason; who is the signed-in admin."""
        wallet = get_object_or_404(Wallet.objects.select_related("user", "plan"), pk=pk)
        actor = cast(User, request.user)
        if not self.has_change_permission(request, wallet):
            raise PermissionDenied
        form = AdjustmentForm(request.POST or None)
        if form.is_bound and wallet.user == actor and not actor.is_superuser:
            form.add_error(None, "This is your own account. Ask another operator to change its credits.")
        if request.method == "POST" and form.is_valid():
            try:
                ledger.adjust(wallet=wallet, actor=actor, **form.cleaned_data)
            except ledger.InsufficientCredits as refusal:
                form.add_error("amount", f"Only {refusal.available} credits can be taken back.")
            else:
                wallet.refresh_from_db()
                given = form.cleaned_data["amount"]
                messages.success(request, f"{wallet.user}: {given:+d} credits, now {wallet.available}.")
                return HttpResponseRedirect(reverse("admin:billing_wallet_change", args=[wallet.pk]))
        context = self.admin_site.each_context(request) | {
            "title": f"Adjust credits of {wallet.user}",
            "wallet": wallet,
            "form": form,
            "opts": self.opts,
        }
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
    search_fields = ("wallet__user__email", "job_id", "source")
    date_hierarchy = "created_at"

    @admin.display(description="account")
    def wallet_user(self, entry: LedgerEntry) -> str:
        return entry.wallet.user.email
