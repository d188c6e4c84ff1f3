"""What a customer fills in about payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from billing.models import Pack, SpendingRules


class AutomaticTopUpForm(forms.Form):
    """Which pack is bought by itself, when, and for how much a month at most."""

    pack = forms.ChoiceField(label="Buy")
    below = forms.IntegerField(label="When credits fall below", min_value=1, max_value=1_000_000)
    monthly_ceiling = forms.IntegerField(label="Dollars a month at most", min_value=1, max_value=100_000)

    def __init__(self, *args: Any, packs: Sequence[Pack], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._packs = {pack.slug: pack for pack in packs}
        choices = [(pack.slug, f"{pack.name} for ${pack.price_dollars}") for pack in packs]
        self.fields["pack"] = forms.ChoiceField(label="Buy", choices=choices)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    @classmethod
    def of(cls, rules: SpendingRules | None, *, packs: Sequence[Pack]) -> AutomaticTopUpForm:
        """The form as an account has filled it in, or with what suits most."""
        if rules is None or rules.top_up_pack is None:
            return cls(packs=packs, initial={"below": 500, "monthly_ceiling": 50})
        initial = {
            "pack": rules.top_up_pack.slug,
            "below": rules.top_up_below_credits,
            "monthly_ceiling": (rules.top_up_monthly_cents_max or 0) // 100,
        }
        return cls(packs=packs, initial=initial)

    def rules(self) -> dict[str, Any]:
        """What was filled in, as `auto_top_up.turn_on` takes it."""
        return {
            "pack": self._packs[self.cleaned_data["pack"]],
            "below_credits": self.cleaned_data["below"],
            "monthly_cents_max": self.cleaned_data["monthly_ceiling"] * 100,
        }
