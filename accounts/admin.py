"""People and keys in the admin. Balances are in billing's."""

from __future__ import annotations

from typing import cast

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import flags
from accounts.models import ApiKey, AuditEvent, User

# A row there beside the settings would make Google sign-in fail; the addresses are Google's word, not ours to edit.
for model in (SocialApp, SocialToken, EmailAddress):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class UserCreation(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)


class UserChange(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Accounts. Billing adds their balance."""

    form = UserChange
    add_form = UserCreation
    ordering = ("-date_joined",)
    list_display = ["email", "name", "flagged_at", "is_active", "is_staff", "date_joined"]
    list_filter = [("flagged_at", admin.EmptyFieldListFilter), "is_active", "is_staff"]
    search_fields = ("email", "name")
    readonly_fields = ["date_joined", "last_login", "rights_confirmed_at", "flagged_at"]
    actions = ["clear_flags"]
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login", "rights_confirmed_at", "flagged_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    @admin.action(description="Clear flag", permissions=["change"])
    def clear_flags(self, request: HttpRequest, users: QuerySet[User]) -> None:
        actor = cast(User, request.user)
        cleared = sum(flags.clear_flag(user, actor=actor, request=request) for user in users)
        messages.success(request, f"{cleared} flag{'' if cleared == 1 else 's'} cleared.")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """Keys are made in the dashboard and can only be revoked here."""

    list_display = ("name", "user", "prefix", "last_four", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "prefix", "last_four", "name")
    fields = ("user", "name", "prefix", "last_four", "created_at", "last_used_at", "revoked_at")
    readonly_fields = ("user", "prefix", "last_four", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin[AuditEvent]):
    """To look at; nobody edits what happened."""

    list_display = ("created_at", "kind", "user", "about", "address")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email", "about", "address")
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
