"""Signed links that somebody changed: none is accepted, whatever was changed. FUZZ_EXAMPLES=10000 takes a minute."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pixelsite.lib.signing import LinkExpired, SignatureInvalid, sign_path, verify_path
from tests.fuzz import examples

PATH = "/v1/files/0f3c9a52-9d0e-4a55-8f6a-3f1b3a2e7c11/output"
EXPIRES = 2_000_000_000
Link = tuple[str, str, str]


def _parts(url: str) -> Link:
    query = parse_qs(urlsplit(url).query)
    return urlsplit(url).path, query["expires"][0], query["sig"][0]


RIGHT = _parts(sign_path(PATH, expires_at=EXPIRES))
OTHERS = [
    _parts(sign_path(path, expires_at=expires))
    for path, expires in ((PATH, EXPIRES + 1), (PATH.replace("output", "input"), EXPIRES), ("/", EXPIRES))
]


def _is_accepted(link: Link) -> bool:
    path, expires, signature = link
    try:
        verify_path(path, expires=expires, signature=signature, now=1_999_999_999)
    except SignatureInvalid:
        return False
    return True


def _edited(text: str) -> st.SearchStrategy[str]:
    """The text with something put in, taken out, replaced, or written in another way."""
    places = st.integers(0, len(text))
    odd = st.text(max_size=3) | st.sampled_from(["=", "\n", "\0", " ", "%2e", "//", "../", "+", "-0", "0", "A"])
    put_in = st.builds(lambda at, new: text[:at] + new + text[at:], places, odd)
    replaced = st.builds(lambda at, new: text[:at] + new + text[at + 1 :], places, odd)
    cut = places.map(lambda at: text[:at])
    written: list[Callable[[str], str]] = [str.upper, str.lower, str.swapcase, lambda t: t[::-1], lambda t: t + "="]
    return put_in | replaced | cut | st.sampled_from(written).map(lambda write: write(text))


def _changed(part: int) -> st.SearchStrategy[str]:
    """One part of the link: as it is, edited, or another link's."""
    return st.just(RIGHT[part]) | _edited(RIGHT[part]) | st.sampled_from([link[part] for link in OTHERS])


CHANGED = st.tuples(_changed(0), _changed(1), _changed(2))


def test_the_link_itself_is_accepted() -> None:
    assert _is_accepted(RIGHT)


@examples(400)
@given(link=CHANGED)
@example(link=(PATH, f"{EXPIRES}", RIGHT[2] + "\n"))
@example(link=(PATH, f"+{EXPIRES}", RIGHT[2]))
@example(link=(PATH, f"0{EXPIRES}", RIGHT[2]))
@example(link=(f"{PATH}\n{EXPIRES}", "", RIGHT[2]))
@example(link=("", f"{PATH}\n{EXPIRES}", RIGHT[2]))
@example(link=("\ud800", "\ud800", "\ud800"))
def test_a_changed_link_is_refused(link: Link) -> None:
    assume(link != RIGHT and link not in OTHERS)

    assert not _is_accepted(link)


@examples(200)
@given(expires=st.integers(0, 2**40), now=st.integers(0, 2**40))
def test_a_link_lives_exactly_as_long_as_it_says(expires: int, now: int) -> None:
    path, written, signature = _parts(sign_path(PATH, expires_at=expires))

    if expires >= now:
        verify_path(path, expires=written, signature=signature, now=now)
        return
    with pytest.raises(LinkExpired):
        verify_path(path, expires=written, signature=signature, now=now)
