"""People and keys in the admin. Balances are in billing's."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

# Imported so that they have registered what is taken out below: theirs come after ours in INSTALLED_APPS.
import allauth.account.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from accounts import api_keys, flags, suspension, visits
from accounts.models import ApiKey, AuditEvent, User
from accounts.reasons import Question, ask_for_reason

# A row there beside the settings would make Google sign-in fail; the addresses are Google's word, not ours to edit;
# a session is the customer's own.
for model in (SocialApp, SocialToken, EmailAddress, UserSession):
    admin.site.unregister(model)


def _operator(request: HttpRequest) -> User:
    return cast(User, request.user)


def _page_of(row: Model) -> str:
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


class UserCreation(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)


class UserChange(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


admin.site.site_header = admin.site.site_title = "Pixelsite"
# Many at once would be logged without a signal, and half of them refused by what refers to them.
admin.site.disable_action("delete_selected")


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Accounts. Billing adds their balance. They are suspended and closed, never deleted: the books refer to them."""

    form = UserChange
    add_form = UserCreation
    ordering = ("-date_joined",)
    list_display = ["email", "name", "flagged_at", "is_active", "is_staff", "date_joined"]
    list_filter = [("flagged_at", admin.EmptyFieldListFilter), "is_active", "is_staff"]
    search_fields = ("email", "name")
    readonly_fields = [
        "is_active",
        "suspended_at",
        "suspended_reason",
        "date_joined",
        "last_login",
        "rights_confirmed_at",
        "flagged_at",
    ]
    actions = ["clear_flags"]
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Access", {"fields": ("is_active", "suspended_at", "suspended_reason")}),
        ("Operators", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login", "rights_confirmed_at", "flagged_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever could change a superuser could be one."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or not obj.is_superuser or _operator(request).is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        rights = () if _operator(request).is_superuser else ("is_staff", "is_superuser", "groups", "user_permissions")
        return [*super().get_readonly_fields(request, obj), *rights]

    def get_urls(self) -> list[URLPattern]:
        decisions = (("suspend", self.suspend), ("restore", self.restore), ("visit", self.visit))
        return [
            *(
                path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"accounts_user_{name}")
                for name, view in decisions
            ),
            *super().get_urls(),
        ]

    def suspend(self, request: HttpRequest, pk: int) -> HttpResponse:
        def decide(reason: str) -> None:
            suspension.suspend(user, actor=_operator(request), reason=reason, request=request)
            messages.success(request, f"{user} is suspended, and told why.")

        user = self._account(request, pk)
        question = Question(
            title=f"Suspend {user}",
            about="Keys are refused, browsers are signed out, queued jobs are canceled with their credits back. "
            "Jobs under way end by themselves. A subscription goes on: cancel it at Stripe if it should not.",
            button="Suspend",
            told="The customer reads this in a letter; it is kept in the audit log with your name.",
        )
        return ask_for_reason(request, question, decide, model_admin=self, subject=user, then=_page_of(user))

    def restore(self, request: HttpRequest, pk: int) -> HttpResponse:
        def decide(reason: str) -> None:
            suspension.restore(user, actor=_operator(request), reason=reason, request=request)
            messages.success(request, f"{user} is restored, and told so.")

        user = self._account(request, pk)
        question = Question(title=f"Restore {user}", about="Keys and sign-ins work again.", button="Restore")
        return ask_for_reason(request, question, decide, model_admin=self, subject=user, then=_page_of(user))

    def visit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Look at the site as this customer sees it."""

        def decide(reason: str) -> None:
            visits.begin(customer=user, operator=_operator(request), reason=reason, request=request)

        user = self._account(request, pk)
        question = Question(
            title=f"Look at the account of {user}",
            about="For half an hour you see the site as this customer does. Nothing can be changed, and images are not "
            "shown. End the visit with the button at the foot of every page.",
            button="Look",
            told="Kept in the audit log with your name; the customer sees that an operator has looked.",
        )
        dashboard = settings.LOGIN_REDIRECT_URL
        response = ask_for_reason(request, question, decide, model_admin=self, subject=user, then=dashboard)
        if response.status_code == HTTPStatus.FOUND:
            visits.mark(response)
        return response

    def _account(self, request: HttpRequest, pk: int) -> User:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(User, pk=pk)

    @admin.action(description="Clear flag", permissions=["change"])
    def clear_flags(self, request: HttpRequest, users: QuerySet[User]) -> None:
        cleared = sum(flags.clear_flag(user, actor=_operator(request), request=request) for user in users)
        messages.success(request, f"{cleared} flag{'' if cleared == 1 else 's'} cleared.")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """Keys are made and changed by their owners, and can be revoked here, for good."""

    list_display = ("name", "user", "prefix", "last_four", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    list_filter = ("is_sandbox",)
    search_fields = ("user__email", "prefix", "last_four", "name")
    fields = (
        "user",
        "name",
        "prefix",
        "last_four",
        "is_sandbox",
        "scopes",
        "daily_cap_credits",
        "monthly_cap_credits",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        revoke = path("<int:pk>/revoke/", self.admin_site.admin_view(self.revoke), name="accounts_apikey_revoke")
        return [revoke, *super().get_urls()]

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        def decide(reason: str) -> None:
            actor = _operator(request)
            if api_keys.revoke_key(user=key.user, key_id=key.pk, request=request, actor=actor, reason=reason):
                messages.success(request, f"{key} is revoked.")
            else:
                messages.warning(request, f"{key} was revoked before.")

        if not request.user.has_perm("accounts.change_apikey"):
            raise PermissionDenied
        key = get_object_or_404(ApiKey.objects.select_related("user"), pk=pk)
        question = Question(
            title=f"Revoke {key}", about="Programs that use it are refused at once, and for good.", button="Revoke"
        )
        return ask_for_reason(request, question, decide, model_admin=self, subject=key, then=_page_of(key))


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin[AuditEvent]):
    """To look at; nobody edits what happened."""

    list_display = ("created_at", "kind", "user", "about", "actor", "reason", "address")
    list_filter = ("kind",)
    list_select_related = ("user", "actor")
    search_fields = ("user__email", "actor__email", "about", "reason", "address")
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
