"""A noun phrase: what it names, and which of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference.targets.prompt import words
from inference.targets.prompt.wishes import Place


@dataclass(frozen=True, kw_only=True)
class NounPhrase:
    """For example "the two small red cars": cars, two, smallest, red."""

    text: str
    head: str = ""
    """The word that says what it is: the last one; a "dog house" is a house. Empty where only a place is named."""
    amount: int | None = 1
    """None is all."""
    places: tuple[Place, ...] = ()
    size: str | None = None
    rank: int = 1
    """The second from the left is 2."""
    colour: str | None = None
    unclear: tuple[str, ...] = ()
    is_same_again: bool = False
    """The noun is "one" or "ones": what was named before."""

    @property
    def is_only_place(self) -> bool:
        return not self.head and not self.is_same_again


def is_transparent(pending: Sequence[str]) -> bool:
    """Whether "of" behind these words leads to the thing itself: "a group of", "both of"."""
    last = pending[-1] if pending else ""
    return last in words.TRANSPARENT_HEADS or last in words.COUNTS


def without_flock(pending: Sequence[str]) -> list[str]:
    """The words without the flock's own name: it is about what the flock is made of."""
    return [word for word in pending if word not in words.TRANSPARENT_HEADS or word in words.COUNTS]


def both(one: Place, other: Place) -> Place:
    """The place that is both."""
    return Place(
        horizontal=other.horizontal or one.horizontal,
        vertical=other.vertical or one.vertical,
        is_corner=one.is_corner or other.is_corner,
        is_edge=one.is_edge or other.is_edge,
        is_centre=one.is_centre or other.is_centre,
        ground=other.ground or one.ground,
    )


def understand(pending: Sequence[str]) -> NounPhrase:
    """Take the words of one noun phrase apart, articles and fillers left out. Never raises."""
    phrase = NounPhrase(text=" ".join(pending))
    content: list[str] = []
    place, has_place, amounts = Place(), False, [word for word in pending if word in words.COUNTS]
    for word in pending:
        if word in words.COUNTS or word in ("ones", "far"):
            continue
        placed = _placed(place, word)
        if placed is not None:
            place, has_place = placed, True
        elif word in words.SIZES:
            phrase = replace(phrase, size=words.SIZES[word])
        elif word in words.ORDINALS:
            phrase = replace(phrase, rank=words.ORDINALS[word])
        elif word in words.COLOURS:
            phrase = replace(phrase, colour=words.COLOURS[word])
        elif word not in words.PLACE_NOUNS or content:
            content.append(word)
    content, behind = _without_participles(content)
    if has_place:
        phrase = replace(phrase, places=(_settled(place),))
    if not content:
        again = bool(pending) and pending[-1] in ("one", "ones")
        amount = None if pending and pending[-1] == "ones" else 1
        return replace(phrase, is_same_again=again, amount=amount, unclear=tuple(behind))
    head = content[-1]
    return replace(phrase, head=head, amount=_amount(head, amounts), unclear=(*content[:-1], *behind))


def _placed(place: Place, word: str) -> Place | None:
    """The place with what the word says of it, or None where it says nothing of places."""
    if word in words.HORIZONTAL:
        return replace(place, horizontal=words.HORIZONTAL[word])  # type: ignore[arg-type]
    if word in words.VERTICAL:
        return replace(place, vertical=words.VERTICAL[word])  # type: ignore[arg-type]
    if word in words.CORNER:
        return replace(place, is_corner=True)
    if word in words.EDGE:
        return replace(place, is_edge=True)
    if word in words.CENTRAL:
        return replace(place, is_centre=True)
    if word in words.GROUND:
        return replace(place, ground=words.GROUND[word])  # type: ignore[arg-type]
    return None


def _settled(place: Place) -> Place:
    """The centre beside a side is the other direction's: the bottom centre, the middle left."""
    if place.is_centre and place.vertical and not place.horizontal:
        return replace(place, horizontal="centre")
    if place.is_centre and place.horizontal and not place.vertical:
        return replace(place, vertical="middle")
    return place


def _without_participles(content: list[str]) -> tuple[list[str], list[str]]:
    """In "a dog chasing", the last word tells what the dog does: it is not what is named."""
    behind: list[str] = []
    while len(content) > 1 and content[-1] not in words.NOUNS and content[-1].endswith(("ing", "ed", "ly")):
        behind.append(content.pop())
    if len(content) > 1 and content[-1] == "quoted-text":
        behind.append(content.pop())
    return content, behind


def _amount(head: str, amounts: Sequence[str]) -> int | None:
    numbers = [words.COUNTS[word] for word in amounts]
    if numbers:
        return next((number for number in numbers if number is not None), None)
    noun = words.NOUNS.get(head)
    is_plural = noun.is_plural if noun else head.endswith("s") and not head.endswith("ss")
    return None if is_plural else 1
