"""What people type to make a key, or to change one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.api_keys import KeyTerms
from accounts.models import ApiKey, Scope

LIVE, TEST = "live", "test"
_CAP_MAX = 2_000_000_000
_CAPS = ("daily_cap_credits", "monthly_cap_credits")


class KeyForm(forms.Form):
    """A key's name and terms. `key` is the one that is changed, if there is one already."""

    name = forms.CharField(max_length=60, error_messages={"required": "Give the key a name to know it by."})
    expires_on = forms.DateField(
        required=False, error_messages={"invalid": "Write the day as 2030-12-31, or leave it empty."}
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        error_messages={"required": "Tick at least one: a key that may do nothing is of no use."},
    )
    daily_cap_credits = forms.IntegerField(required=False, min_value=1, max_value=_CAP_MAX)
    monthly_cap_credits = forms.IntegerField(required=False, min_value=1, max_value=_CAP_MAX)

    def __init__(self, data: Any = None, *, key: ApiKey | None = None) -> None:
        super().__init__(data, initial=_typed(key))
        self.key = key

    def clean_expires_on(self) -> date | None:
        last_day: date | None = self.cleaned_data["expires_on"]
        if last_day is not None and last_day < timezone.now().astimezone(UTC).date():
            raise forms.ValidationError("This day is over. Choose a later one, or leave it empty.")
        if last_day == date.max:
            raise forms.ValidationError("Choose an earlier day, or leave it empty.")
        return last_day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in _CAPS:
            if self._is_for_tests(cleaned) and cleaned.get(name) is not None:
                self.add_error(name, "Leave it empty: a test key spends nothing.")
        return cleaned

    def terms(self) -> KeyTerms:
        sent = self.cleaned_data
        scopes = tuple(Scope(scope) for scope in sent["scopes"])
        return KeyTerms(
            expires_at=self._expires_at(sent["expires_on"]),
            # Everything there is now and will be.
            scopes=() if set(scopes) == set(Scope) else scopes,
            daily_cap_credits=sent["daily_cap_credits"],
            monthly_cap_credits=sent["monthly_cap_credits"],
        )

    def _is_for_tests(self, cleaned: dict[str, Any]) -> bool:
        return self.key is not None and self.key.is_sandbox

    def _expires_at(self, last_day: date | None) -> datetime | None:
        if self.key is not None and "expires_on" not in self.changed_data:
            return self.key.expires_at  # to the second: a replaced key does not get the rest of its last day
        return None if last_day is None else _end_of(last_day)


class NewKeyForm(KeyForm):
    """A key that is to be made."""

    kind = forms.ChoiceField(choices=[(LIVE, "Live"), (TEST, "Test")])

    @property
    def is_sandbox(self) -> bool:
        return bool(self.cleaned_data["kind"] == TEST)

    def _is_for_tests(self, cleaned: dict[str, Any]) -> bool:
        return cleaned.get("kind") == TEST


def _typed(key: ApiKey | None) -> dict[str, Any]:
    """What the form shows at first."""
    if key is None:
        return {"kind": LIVE, "scopes": Scope.values}
    return {
        "name": key.name,
        "expires_on": None if key.expires_at is None else _last_day(key.expires_at),
        "scopes": key.scopes or Scope.values,
        **{name: getattr(key, name) for name in _CAPS},
    }


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)


def _last_day(expires_at: datetime) -> date:
    return (expires_at.astimezone(UTC) - timedelta(microseconds=1)).date()
