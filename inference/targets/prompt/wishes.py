"""What a sentence asks for, taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inference.targets.prompt.words import WRITTEN, Narrow

Horizontal = Literal["left", "centre", "right"]
Vertical = Literal["top", "middle", "bottom"]
Ground = Literal["background", "foreground"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the photo; what is None is left open."""

    horizontal: Horizontal | None = None
    vertical: Vertical | None = None
    is_corner: bool = False
    is_edge: bool = False
    is_centre: bool = False
    ground: Ground | None = None

    def __str__(self) -> str:
        if self.ground:
            return f"in the {self.ground}"
        sides = " ".join(filter(None, (self.vertical, self.horizontal)))
        if self.is_corner:
            return f"in the {sides} corner" if sides else "in a corner"
        if self.is_edge:
            return f"at the {sides} edge" if sides else "at the edge"
        if self.is_centre and not sides:
            return "in the centre"
        return f"{'at' if self.vertical and not self.horizontal else 'on'} the {sides}"


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Beside another thing, or on one side of it."""

    to: str
    side: Literal["left", "right", "top", "bottom", ""] = ""

    def __str__(self) -> str:
        words = {"left": "left of", "right": "right of", "top": "above", "bottom": "below", "": "by"}
        return f"{words[self.side]} the {self.to}"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Things of one kind, and which of them."""

    thing: str
    """A class, one of `words.WRITTEN`, or the sentence's own words where it is none of these."""
    words: str
    """As the sentence calls it."""
    is_known: bool
    amount: int | None = 1
    """How many; None is all of them."""
    narrow: Narrow = ""
    places: tuple[Place, ...] = ()
    """In any of these; in none: anywhere."""
    size: str | None = None
    rank: int = 1
    """The second from the left is 2."""
    colour: str | None = None
    relation: Relation | None = None
    unclear: tuple[str, ...] = ()
    """What else the sentence says of it that is not understood."""

    @property
    def is_written(self) -> bool:
        return self.thing in WRITTEN

    @property
    def is_told_apart(self) -> bool:
        """Whether the sentence says which of several it means."""
        return bool(self.places or self.size or self.colour or self.relation)

    def __str__(self) -> str:
        number = {None: "the" if self.is_written else "all", 1: "the"}.get(self.amount, f"the {self.amount}")
        rank = f"number {self.rank}" if self.rank > 1 else ""
        before = " ".join(filter(None, (number, self.size, self.colour, self.words or self.thing, rank)))
        after = " or ".join(map(str, self.places))
        return " ".join(filter(None, (before, after, str(self.relation or ""))))


@dataclass(frozen=True)
class Phrase:
    """A whole sentence: what is to go and what has to stay."""

    removed: tuple[Wish, ...] = ()
    kept: tuple[Wish, ...] = ()

    def __str__(self) -> str:
        kept = f", but not {' and '.join(map(str, self.kept))}" if self.kept else ""
        return " and ".join(map(str, self.removed)) + kept
