"""Sign-up credits are for a person, once, however the address is spelt and whatever became of the account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import services
from accounts.models import User
from accounts.people import person_of, same_inbox
from billing import invariants, ledger
from billing.models import CreditLot, LedgerEntry

CREDITS = 500


def credits_of(user: User) -> int:
    return ledger.available_credits(ledger.wallet_of(user))


def join(email: str) -> User:
    return services.register_user(email=email)


@pytest.fixture(autouse=True)
def _credits_at_sign_up(settings) -> None:
    settings.SIGNUP_CREDITS = CREDITS


@pytest.mark.parametrize(
    "spelling",
    [
        "al.ice@gmail.com",
        "a.l.i.c.e@gmail.com",
        "alice+shop@gmail.com",
        "al.ice+a.b+c@gmail.com",
        "alice@googlemail.com",
        "Al.Ice@GoogleMail.com",
    ],
)
def test_another_spelling_at_gmail_gets_no_credits_again(db: None, spelling: str) -> None:
    first, second = join("alice@gmail.com"), join(spelling)

    assert first != second
    assert (credits_of(first), credits_of(second)) == (CREDITS, 0)


def test_an_alias_with_a_plus_is_the_same_person_anywhere(db: None) -> None:
    join("bob@example.com")

    assert credits_of(join("bob+trial@example.com")) == 0


def test_dots_tell_people_apart_elsewhere_than_at_gmail(db: None) -> None:
    join("j.smith@example.com")

    assert credits_of(join("jsmith@example.com")) == CREDITS


@pytest.mark.parametrize(
    "stranger", ["alice@example.org", "alice@gmail.com.example", "alice@gmail.co", "alicia@gmail.com"]
)
def test_strangers_are_not_affected(db: None, stranger: str) -> None:
    join("alice@gmail.com")

    assert credits_of(join(stranger)) == CREDITS


@pytest.mark.parametrize("return_as", ["carol@gmail.com", "c.arol+again@googlemail.com"])
def test_who_deletes_the_account_and_returns_gets_none(db: None, return_as: str) -> None:
    services.close_account(join("carol@gmail.com"))

    returned = join(return_as)

    assert credits_of(returned) == 0
    assert not User.objects.exclude(pk=returned.pk).filter(email__contains="carol").exists()


def test_the_books_keep_no_address_to_know_the_person_by(db: None) -> None:
    join("dora@gmail.com")

    sources = list(LedgerEntry.objects.values_list("source", flat=True))
    assert sources == [f"signup:{person_of('dora@gmail.com')}"]
    assert not any("dora" in str(source) or "gmail" in str(source) for source in sources)


def test_books_without_credits_add_up(db: None) -> None:
    join("alice@gmail.com")
    join("al.ice@gmail.com")

    assert invariants.violations() == []
    assert CreditLot.objects.count() == 1


def test_opening_the_wallet_again_grants_nothing(db: None) -> None:
    user = join("alice@gmail.com")

    ledger.open_wallet(user)

    assert credits_of(user) == CREDITS


_names = st.text("abcdefghij", min_size=1, max_size=10)


@given(name=_names, alias=st.text("xyz.+", max_size=6), data=st.data())
def test_every_spelling_of_an_inbox_at_gmail_is_one_person(name: str, alias: str, data: st.DataObject) -> None:
    dotted = "".join(letter + "." * data.draw(st.integers(0, 1)) for letter in name[:-1]) + name[-1]
    domain = data.draw(st.sampled_from(["gmail.com", "googlemail.com", "GMail.com"]))

    assert person_of(f"{dotted}+{alias}@{domain}") == person_of(f"{name}@gmail.com")


@given(one=_names, other=_names)
def test_two_inboxes_are_two_people(one: str, other: str) -> None:
    same = person_of(f"{one}@gmail.com") == person_of(f"{other}@gmail.com")

    assert same == (one == other)


@given(st.emails())
def test_what_is_one_inbox_is_so_for_good(email: str) -> None:
    assert same_inbox(same_inbox(email)) == same_inbox(email)
