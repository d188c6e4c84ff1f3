"""A sentence and a photo become a mask."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from inference.errors import NothingFound
from inference.targets.prompt import marks, words
from inference.targets.prompt.candidates import Candidate, candidate, united
from inference.targets.prompt.classes import CLASSES, ClassFinder
from inference.targets.prompt.colours import has_colour
from inference.targets.prompt.lettering import Lettering, LetteringNotReady, Line
from inference.targets.prompt.networks import ClassNetwork, PersonNetwork
from inference.targets.prompt.overlays import find_overlay
from inference.targets.prompt.phrase import parse
from inference.targets.prompt.places import Scene, choose
from inference.targets.prompt.strokes import glyphs
from inference.targets.prompt.wishes import Phrase, Wish
from inference.targets.select import GrabCutSelector, Selector

_SIGNS_NEEDED, _SIGNS_WITH_PLACE = 2, 1  # of `marks.overlay_signs`
_KEPT_AROUND_PX = 2  # what stays keeps its border


class NotUnderstood(NothingFound):
    """Nothing in the sentence says what to remove."""


@dataclass(frozen=True, kw_only=True)
class FinderSetup:
    """What a finder is made of; None is done without."""

    class_model: Path | None = None
    """deeplabv3_257_mv_gpu.tflite"""
    person_model: Path | None = None
    """selfie_segmentation.tflite"""
    vocabulary_dir: Path | None = None
    """An open-vocabulary model for `transformers`: CLIPSeg, OWLv2 or Grounding DINO."""
    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that was found: what it is, and its (left, top, right, bottom) in pixels."""

    label: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What is to be removed, and how the sentence was understood."""

    mask: Mask
    understood: str
    parts: list[Part]


class Finder:
    """Finds what a sentence names. Safe to call from several threads."""

    def __init__(self, *, classes: ClassFinder | None, lettering: Lettering | None, vocabulary: Any = None) -> None:
        self._classes, self._lettering, self._vocabulary = classes, lettering, vocabulary

    @classmethod
    def load(cls, setup: FinderSetup, *, selector: Selector | None = None) -> Finder:
        """Load what the setup names. `selector` outlines what a vocabulary finds as boxes; None is `GrabCutSelector`.

        Raises `NetworkNotReady` or `VocabularyNotReady` for a model that is named and cannot be loaded.
        """
        classes = vocabulary = lettering = None
        if setup.class_model is not None:
            people = PersonNetwork(setup.person_model) if setup.person_model is not None else None
            classes = ClassFinder(ClassNetwork(setup.class_model), people)
        if setup.vocabulary_dir is not None:
            module = importlib.import_module("inference.targets.prompt.vocabulary")  # torch: only who uses it pays
            vocabulary = module.load_vocabulary(
                setup.vocabulary_dir, device=setup.device, selector=selector or GrabCutSelector()
            )
        try:
            lettering = Lettering()
        except LetteringNotReady:
            pass  # `describe` says so, and whoever asks for text is told
        return cls(classes=classes, lettering=lettering, vocabulary=vocabulary)

    @property
    def name(self) -> str:
        parts = ("text", self._lettering), ("classes", self._classes), ("vocabulary", self._vocabulary)
        return "+".join(name for name, part in parts if part is not None) or "none"

    def describe(self) -> dict[str, Any]:
        """What can be named, fit for JSON."""
        return {
            "name": self.name,
            "written": list(words.WRITTEN) if self._lettering else [],
            "classes": list(CLASSES) if self._classes else [],
            "vocabulary": self._vocabulary.name if self._vocabulary else None,
        }

    def find(self, image: Image, prompt: str) -> Found:
        """Mark in an H×W×3 uint8 RGB picture what the prompt names, and nothing else.

        Raises `NothingFound`, whose message says what was understood and why nothing was found; `LetteringNotReady`
        where text is asked for and cannot be found here.
        """
        phrase = parse(prompt)
        self._check(phrase)
        search = _Search(image, self._candidates)
        kept = [found for wish in phrase.kept for found in self._kept(search, wish, phrase)]
        chosen = [each for wish in phrase.removed for each in search.choose(wish, without=kept)]
        mask = united(chosen, image.shape)
        if kept:
            stays = united(kept, image.shape).astype(np.uint8)
            mask &= cv2.dilate(stays, np.ones((2 * _KEPT_AROUND_PX + 1,) * 2, np.uint8)) == 0
        if not mask.any():
            raise NothingFound(f"Understood: {phrase}. What was found is all to be kept.")
        parts = [Part(label=each.label, box=each.box) for each in chosen]
        return Found(mask=mask, understood="; ".join([str(phrase), *search.remarks]), parts=parts)

    def _check(self, phrase: Phrase) -> None:
        if not phrase.removed:
            kept = f"Understood: {' and '.join(map(str, phrase.kept))} should stay. " if phrase.kept else ""
            raise NotUnderstood(f"{kept}Nothing in the sentence says what to remove. {self._help()}")
        for wish in (*phrase.removed, *phrase.kept):
            if wish.thing.split(" ")[-1] in words.EVERYTHING | {"background"}:
                raise NotUnderstood(f"'{wish.words}' names no single thing. {self._help()}")
            if not wish.is_known and self._vocabulary is None:
                raise NotUnderstood(f"'{wish.words}' is nothing that can be found by name here. {self._help()}")
            if wish.thing in CLASSES and self._classes is None and self._vocabulary is None:
                raise NotUnderstood(f"Finding '{wish.words}' needs a model that is not installed here. {self._help()}")
        for wish in phrase.kept:
            if not wish.is_told_apart and any(
                wish.thing == other.thing and not other.is_told_apart for other in phrase.removed
            ):
                raise NotUnderstood(
                    f"Understood: {phrase}. Which {wish.thing} is to stay cannot be told. Say where it is."
                )

    def _help(self) -> str:
        names = [*(words.WRITTEN if self._lettering else ()), *(CLASSES if self._classes else ())]
        if self._vocabulary is not None:
            return "Name a thing, such as 'the bench on the left', or mark it."
        return f"Things that can be named here: {', '.join(names) or 'none'}. Or mark it with a brush or a box."

    def _kept(self, search: _Search, wish: Wish, phrase: Phrase) -> list[Candidate]:
        shares_thing = any(wish.thing == other.thing for other in phrase.removed)
        if shares_thing and not wish.is_told_apart:
            return []  # the others of its kind: what is removed is told apart
        try:
            return search.choose(wish)
        except NothingFound:
            if shares_thing:
                raise
            return []  # what is not there needs no keeping

    def _candidates(self, image: Image, wish: Wish, search: _Search) -> list[Candidate]:
        if wish.is_written:
            return self._written(image, wish, search)
        if self._classes is not None and wish.thing in CLASSES:
            return self._classes.find(image, wish.thing)
        found: list[Candidate] = self._vocabulary.find(image, wish.words if not wish.is_known else wish.thing)
        return found

    def _written(self, image: Image, wish: Wish, search: _Search) -> list[Candidate]:
        if self._lettering is None:
            raise LetteringNotReady
        if wish.thing == words.WATERMARK:
            overlay = find_overlay(image, self._lettering)
            if overlay is not None and not wish.places:
                return [overlay]
        lines = search.lines(lambda: self._lettering.lines(image) if self._lettering else [])
        needed = _SIGNS_WITH_PLACE if wish.places else _SIGNS_NEEDED
        pairs = [(line, glyphs(image, line)) for line in lines]
        if wish.thing == words.DATE_STAMP:
            pairs = [pair for pair in pairs if marks.is_date(pair[0]) and marks.is_near_border(pair[0], image.shape)]
        if wish.thing == words.WATERMARK:
            pairs = marks.overlaid(image, pairs, signs_needed=needed)
        found = [
            candidate(
                wish.thing,
                letters.mask,
                line.score,
                text=line.text,
                at=(letters.window[0].start, letters.window[1].start),
            )
            for line, letters in pairs
        ]
        return [each for each in found if each is not None]


@dataclass(eq=False)
class _Search:
    """What was found in one photo so far: nothing is looked for twice."""

    image: Image
    find: Callable[[Image, Wish, _Search], list[Candidate]]
    remarks: list[str] = field(default_factory=list)
    _by_thing: dict[tuple[str, bool], list[Candidate]] = field(default_factory=dict)
    _lines: list[Line] | None = None

    def lines(self, find: Callable[[], list[Line]]) -> list[Line]:
        if self._lines is None:
            self._lines = find()
        return self._lines

    def of(self, wish: Wish) -> list[Candidate]:
        key = (wish.thing, wish.is_written and bool(wish.places))
        if key not in self._by_thing:
            self._by_thing[key] = self.find(self.image, wish, self)
        return self._by_thing[key]

    def choose(self, wish: Wish, *, without: list[Candidate] | None = None) -> list[Candidate]:
        """What the wish means. Raises `NothingFound`."""
        left = [each for each in self.of(wish) if not any(each is other for other in without or ())]
        if not left:
            raise NothingFound(f"Understood: {wish}. Nothing like that was found in this photo.")
        fitting = [each for each in left if wish.colour is None or has_colour(self.image, each, wish.colour)]
        others: list[Candidate] = []
        if wish.relation is not None:
            others = self.of(Wish(thing=wish.relation.to, words=wish.relation.to, is_known=True, amount=None))
            if not others:
                raise NothingFound(f"Understood: {wish}. No {wish.relation.to} was found in this photo.")
        try:
            chosen = choose(fitting, wish, Scene(self.image.shape[:2]), others)
        except NothingFound as error:
            raise type(error)(f"Understood: {wish}. {error}") from error
        if not chosen:
            seen = (
                f"{len(left)} found in this photo, but none"
                if len(left) > 1
                else "One was found in this photo, but not"
            )
            raise NothingFound(f"Understood: {wish}. {seen} like that.")
        self._remark(wish, len(chosen), len(left))
        return chosen

    def _remark(self, wish: Wish, chosen: int, found: int) -> None:
        if wish.is_written or wish.amount is None or not wish.is_known:
            return
        if chosen < found and not wish.is_told_apart:
            self.remarks.append(f"of {found} that were found, the largest")
        elif chosen < wish.amount:
            self.remarks.append(f"{chosen} of {wish.amount} were found")
