"""An English sentence becomes a `Phrase`, by rules: no model, no guesses.

Words are read from left to right. A verb decides whether what follows is to go, to stay, or neither; a noun phrase
("the two small people") makes a wish; what follows a preposition ("on the left", "behind the car") says which one.
Nothing is wished for that the sentence only mentions: "the man beside the dog" is about a man.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inference.targets.prompt import nounphrase, words
from inference.targets.prompt.nounphrase import NounPhrase
from inference.targets.prompt.wishes import Phrase, Place, Relation, Wish

_QUOTED = re.compile(r"[\"“”«»„]([^\"“”«»„]{0,200})[\"“”«»„]")
_WORD = re.compile(r"[\w'/-]+|[.,;:!?&]")
_SENTENCE_ENDS = frozenset(".!?;:")
_REASONS = words.word_set("because since if so-that while whereas however though although unless until")
_NEGATIONS = words.word_set(
    "not never don't dont doesn't doesnt shouldn't shouldnt mustn't cannot can't won't wont without avoid stop refrain nothing"
)
Polarity = Literal["open", "remove", "keep", "other"]


def parse(sentence: str) -> Phrase:
    """Understand any text; what is not understood becomes a wish that is not `is_known`, or nothing. Never raises."""
    reader = _Reader(list(_tokens(sentence)))
    reader.read()
    return reader.phrase()


def _tokens(sentence: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", sentence).lower().replace("’", "'").replace("‘", "'")
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    # What is written in a text cannot be read here: the word tells that more was said of it.
    plain = _QUOTED.sub(" quoted-text ", plain)
    found = [token.strip("'/-_") or token for token in _WORD.findall(plain)]
    found = [part for token in found for part in _apart(token)]
    place = 0
    while place < len(found):
        for length in range(words.NOUN_WORDS_MAX, 0, -1):
            joined = " ".join(found[place : place + length])
            if length == 1 or (joined in words.NOUNS and len(found[place : place + length]) == length):
                yield joined
                place += length
                break


def _apart(token: str) -> list[str]:
    """bottom-right is two words, t-shirt is one."""
    parts = re.split(r"[-/]", token)
    known = words.HORIZONTAL.keys() | words.VERTICAL.keys() | words.CENTRAL | words.COUNTS.keys()
    known |= words.NOUNS.keys() | words.CORNER | words.PLACE_NOUNS | {"and"}
    if token not in words.NOUNS and token not in words.HORIZONTAL and len(parts) > 1 and set(parts) <= known:
        return parts
    return [token]


@dataclass(eq=False)
class _Draft:
    """A wish that later words may still change."""

    noun: NounPhrase
    thing: str
    is_known: bool
    polarity: Polarity
    run: int
    """Things joined by "and" behind one verb share a run."""
    narrow: words.Narrow = ""
    places: list[Place] = field(default_factory=list)
    colour: str | None = None
    relation: Relation | None = None
    unclear: list[str] = field(default_factory=list)

    def wish(self) -> Wish:
        return Wish(
            thing=self.thing,
            words=self.noun.head,
            is_known=self.is_known,
            amount=self.noun.amount,
            narrow=self.narrow,
            places=tuple(self.places),
            size=self.noun.size,
            rank=self.noun.rank,
            colour=self.colour,
            relation=self.relation,
            unclear=tuple(self.unclear),
        )


class _Reader:
    """Reads words from left to right; `_drafts` is what was said so far."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._drafts: list[_Draft] = []
        self._pending: list[str] = []
        self._polarity: Polarity = "open"
        self._is_negated = False
        self._is_after_verb = False
        self._preposition: str | None = None
        self._ahead: list[Place] = []  # places named before what is there
        self._last: _Draft | None = None
        self._just_placed: Place | None = None
        self._run = 0
        self._since_verb = 0
        self._refers_back = False

    def read(self) -> None:
        for place, token in enumerate(self._tokens):
            self._take(token, self._tokens[place + 1 :])
        self._end_noun()

    def phrase(self) -> Phrase:
        self._share_places()
        removed = [draft for draft in self._drafts if draft.polarity == "remove"]
        opened = [draft for draft in self._drafts if draft.polarity == "open"]
        # "There is a dog. Remove it." wishes for what was only mentioned; "My dog. Remove the car." does not.
        if not removed or (self._refers_back and not any(draft.is_known for draft in removed)):
            removed = [*opened, *removed]
        kept = [draft for draft in self._drafts if draft.polarity == "keep"]
        return Phrase(tuple(draft.wish() for draft in removed), tuple(draft.wish() for draft in kept))

    def _take(self, token: str, rest: Sequence[str]) -> None:
        if token in _SENTENCE_ENDS:
            self._end_sentence()
        elif token in _REASONS:
            self._end_sentence()
            self._polarity = "other"
        elif token in words.BREAKS:
            self._end_noun()
            self._preposition, self._is_after_verb = None, False
        elif not (self._take_verb(token, rest) or self._take_outcome(token)):
            self._take_word(token)

    def _end_sentence(self) -> None:
        self._turn("open")
        self._is_negated = False

    def _turn(self, polarity: Polarity) -> None:
        """What follows is to go, to stay, or neither."""
        self._end_noun()
        self._polarity, self._preposition, self._last, self._just_placed = polarity, None, None, None
        self._run += 1
        self._since_verb = len(self._drafts)

    def _take_verb(self, token: str, rest: Sequence[str]) -> bool:
        if token == "without" and not self._has_removal(rest) and not self._was_told_to_remove():  # noqa: S105
            self._turn("remove")  # a photo without people
        elif token in words.WANTING and self._is_negated and not self._has_removal(rest):
            self._turn("remove")  # I don't want the dog
            self._is_negated = False
        elif token in words.KEEPING:
            named_from = self._since_verb
            self._turn("keep")
            if token in _NEGATIONS:
                self._is_negated, self._since_verb = True, named_from  # the man should not be removed
        elif token in words.REMOVAL and not (token == "removal" and not self._pending):  # noqa: S105
            if token == "removal":  # noqa: S105
                self._end_noun()
                self._settle("keep" if self._is_negated else "remove")
            self._turn("keep" if self._is_negated else "remove")
        elif token in words.OTHER_ACTIONS:
            self._turn("other")
        else:
            return False
        self._is_after_verb = True
        return True

    def _take_outcome(self, token: str) -> bool:
        """… should be removed; … may stay: about what was named before."""
        if token in words.KEPT:
            self._end_noun()
            self._settle("keep")
        elif token in words.REMOVED:
            self._end_noun()
            self._settle("keep" if self._is_negated else "remove")
        else:
            return False
        return True

    def _settle(self, polarity: Polarity) -> None:
        for draft in self._drafts[self._since_verb :]:
            if polarity == "keep" or draft.polarity != "keep":
                draft.polarity = polarity

    def _take_word(self, token: str) -> None:
        self._take_plain(token)
        self._is_after_verb = False

    def _take_plain(self, token: str) -> None:
        if token == "of" and nounphrase.is_transparent(self._pending):  # noqa: S105
            self._pending = nounphrase.without_flock(self._pending)
        elif token in words.NEAR:
            self._end_noun()
            if not self._is_after_verb:  # rid of, take off
                self._preposition = token
        elif token in words.ARTICLES:
            if any(word in words.NOUNS for word in self._pending):
                self._end_noun()
            self._refers_back |= token in words.PRONOUNS
        elif token in words.PRONOUNS | {"him", "her"} and not self._pending:
            self._refers_back = True
        elif token not in words.FILLERS or token in words.COUNTS:
            self._pending.append(token)

    def _has_removal(self, rest: Sequence[str]) -> bool:
        for token in rest:
            if token in _SENTENCE_ENDS or token in words.BREAKS:
                return False
            if token in words.REMOVAL or token in words.REMOVED or token.endswith("ing"):
                return True
        return False

    def _was_told_to_remove(self) -> bool:
        return any(token in words.REMOVAL for token in self._tokens)

    def _end_noun(self) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        noun = nounphrase.understand(pending)
        if self._preposition is not None:
            self._describe(noun, self._preposition)
        else:
            self._name(noun)

    def _name(self, noun: NounPhrase) -> None:
        """A noun phrase that stands on its own: something is wished for, or a place is added."""
        if noun.is_same_again and self._drafts:
            before = self._drafts[-1]
            self._draft(noun, before.thing, is_known=before.is_known, narrow=before.narrow)
        elif noun.is_only_place:
            if self._last is not None and self._last.places:
                self._last.places.extend(noun.places)
            else:
                self._ahead.extend(noun.places)
            self._just_placed = noun.places[0] if noun.places else None
        elif noun.head in words.NOUNS:
            meaning = words.NOUNS[noun.head]
            self._draft(noun, meaning.thing, is_known=True, narrow=meaning.narrow)
        elif noun.head and not self._is_idle_talk(noun):
            self._draft(noun, noun.text, is_known=False)

    def _is_idle_talk(self, noun: NounPhrase) -> bool:
        if noun.head in words.NEUTRAL:
            return True
        if self._polarity == "keep":
            return noun.head in words.BENIGN_KEPT
        return bool(self._drafts) and noun.head in words.BENIGN_KEPT - words.EVERYTHING - words.SCENERY - {"background"}

    def _draft(self, noun: NounPhrase, thing: str, *, is_known: bool, narrow: words.Narrow = "") -> None:
        draft = _Draft(noun, thing, is_known, self._polarity, self._run, narrow)
        draft.places, self._ahead = [*noun.places, *self._ahead], []
        draft.colour = noun.colour
        draft.unclear.extend(noun.unclear if is_known else ())
        self._drafts.append(draft)
        self._last, self._just_placed = draft, noun.places[0] if noun.places else None
        if self._polarity == "keep" and is_known:
            self._is_negated = False  # it has its object: "not the cat; remove …" begins anew

    def _describe(self, noun: NounPhrase, preposition: str) -> None:
        """A noun phrase behind a preposition says where, or beside what."""
        draft = self._last
        if noun.is_only_place or (noun.places and noun.head in words.NEUTRAL):
            self._place(draft, noun)
            if draft is not None and noun.colour and not noun.places:
                draft.colour = noun.colour
            return
        if draft is None or noun.head in words.NEUTRAL or not noun.head:
            return
        if noun.head in words.NOUNS and not (draft.is_known and draft.thing in words.WRITTEN):
            self._relate(draft, noun, preposition)
        elif noun.head in words.GARMENTS and noun.colour:
            draft.colour = noun.colour
        elif noun.head not in words.SCENERY or draft.thing in words.WRITTEN or draft.noun.amount is not None:
            draft.unclear.append(noun.text)  # all people on the beach are all people; one of them has to be told apart
        self._just_placed = None

    def _place(self, draft: _Draft | None, noun: NounPhrase) -> None:
        if draft is None:
            self._ahead.extend(noun.places)
        elif self._just_placed is not None:  # in the corner, on the left: one place, said in two steps
            draft.places[-1] = nounphrase.both(draft.places[-1], noun.places[0]) if noun.places else draft.places[-1]
        else:
            # "the top text on the left" narrows, and so does a second step.
            placed = [nounphrase.both(old, new) for old in draft.places for new in noun.places]
            draft.places = placed or draft.places or list(noun.places)
        if draft is not None and noun.places:
            self._just_placed = draft.places[-1]

    def _relate(self, draft: _Draft, noun: NounPhrase, preposition: str) -> None:
        thing = words.NOUNS[noun.head].thing
        side = words.DIRECTIONS.get(preposition, "")
        if preposition == "of" and self._just_placed is not None and draft.places:
            place = draft.places.pop()  # on the left of the car
            side = place.horizontal if place.horizontal in ("left", "right") else place.vertical or ""
        if draft.relation is not None:
            draft.unclear.append(noun.text)
        draft.relation = Relation(to=thing, side=side if side in ("left", "right", "top", "bottom") else "")  # type: ignore[arg-type]

    def _share_places(self) -> None:
        """In "the man and woman on the left", both are on the left."""
        for before, after in zip(self._drafts[-2::-1], self._drafts[::-1], strict=False):
            if before.run == after.run and after.places and not (before.places or before.relation or before.unclear):
                before.places = list(after.places)
