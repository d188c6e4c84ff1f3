"""What people type on the pages of an account, and operators in the admin."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import User


class DeletionForm(forms.Form):
    """Typing one's own address says that it is meant."""

    email = forms.CharField(max_length=254)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        typed: str = self.cleaned_data["email"]
        if typed.strip().lower() != self.user.email:
            raise forms.ValidationError(f"Type {self.user.email} to delete this account.")
        return typed


class ReasonForm(forms.Form):
    """Why an operator does it."""

    reason = forms.CharField(min_length=5, max_length=200, widget=forms.TextInput(attrs={"size": 80}))

    def __init__(self, *args: Any, told: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = told
