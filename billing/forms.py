"""What operators type in the admin: credits, plans."""

from __future__ import annotations

from django import forms

from billing.models import Plan

_ADJUSTMENT_MAX = 1_000_000


class AdjustmentForm(forms.Form):
    """How many credits to give or take, and why."""

    amount = forms.IntegerField(
        min_value=-_ADJUSTMENT_MAX,
        max_value=_ADJUSTMENT_MAX,
        help_text="Credits to give; negative to take back.",
    )
    reason = forms.CharField(
        min_length=5, max_length=200, help_text="The customer reads it in the statement; it is kept with your name."
    )
    force = forms.BooleanField(
        required=False,
        label="Take more than is there",
        help_text="What is missing becomes a debt: the account cannot submit jobs until its next credits have paid it.",
    )

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError("Enter an amount other than 0.")
        return amount


class GivenPlanForm(forms.Form):
    """Which plan an account is given, and why."""

    plan = forms.ModelChoiceField(
        Plan.objects.all(),
        required=False,
        empty_label="None: the plan that is paid for, or Free",
        help_text="Holds while no subscription is paid. Its monthly credits come with the account's next month.",
    )
    reason = forms.CharField(min_length=5, max_length=200, help_text="Kept in the audit log with your name.")
