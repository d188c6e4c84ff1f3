"""The admin's credit adjustment."""

from __future__ import annotations

from django import forms

_ADJUSTMENT_MAX = 1_000_000


class AdjustmentForm(forms.Form):
    """How many credits to give or take, and why."""

    amount = forms.IntegerField(
        min_value=-_ADJUSTMENT_MAX,
        max_value=_ADJUSTMENT_MAX,
        help_text="Credits to give; negative to take back. Never below zero.",
    )
    reason = forms.CharField(min_length=5, max_length=200, help_text="Kept in the ledger with your name.")

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError("Enter an amount other than 0.")
        return amount
