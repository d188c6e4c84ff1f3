"""What a customer fills in about being told."""

from __future__ import annotations

from django import forms

from billing.rules import Wishes

_CREDITS_MAX = 2_000_000_000


class WishesForm(forms.Form):
    """When to be told of the account's credits. An empty field: never."""

    low_balance_credits = forms.IntegerField(
        label="Mail me when fewer credits are left than", required=False, min_value=1, max_value=_CREDITS_MAX
    )
    monthly_budget_credits = forms.IntegerField(
        label="Budget in credits a calendar month", required=False, min_value=1, max_value=_CREDITS_MAX
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments
        for name, field in self.fields.items():
            field.widget.attrs |= {
                "class": "input", "inputmode": "numeric", "placeholder": "Not set", "aria-describedby": f"{name}-help",
            }  # fmt: skip

    @classmethod
    def of(cls, wishes: Wishes) -> WishesForm:
        return cls(
            initial={
                "low_balance_credits": wishes.low_balance_credits,
                "monthly_budget_credits": wishes.monthly_budget_credits,
            }
        )

    def wishes(self) -> Wishes:
        return Wishes(**self.cleaned_data)
