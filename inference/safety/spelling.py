"""What a text says, however it is spelt.

Seen through: full-width, styled and accented letters, letters of other alphabets that look alike, invisible characters,
digits and signs for letters (n4ked), letters s p a c e d or d.o.t.t.e.d out, repeeeated, and words runtogether.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

_ROUNDS_MAX = 4  # what is folded may fold once more; this often suffices for every character there is
_INVISIBLE = {"Mn", "Me", "Cf", "Cc", "Cs", "Co"}  # accents, joiners, controls, halves of pairs, private signs

# Small letters (capitals are small by then): Cyrillic, Greek, and phonetic signs that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "авгеикмнопрстухіјѕһԁԛԝү" + "αβεγηικνορτυχω" + "ıɡɑᴏ",
    "abreukmhonpctyxijshdqwy" + "abeynikvoptuxw" + "igao",
)
# Signs for letters; what stands for two is read both ways.
_LEET_READINGS = tuple(
    str.maketrans({"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "€": "e"})
    | str.maketrans(dict.fromkeys("1!|", one))
    for one in "il"
)
_APOSTROPHES = re.compile(r"['’‘ʼ`´]")
# Marks are kept; an exclamation mark or a bar is a letter only inside a word.
_PIECE = re.compile(r"(?:[^\W_]|[@$€©®]|(?<=\w)[!|](?=\w))+")
_SPACED_OUT_MIN = 3  # single letters in a row; two stand next to each other in ordinary sentences
_RUN_TOGETHER_MIN, _RUN_TOGETHER_MAX = 5, 60  # letters; longer chunks are no words, and the work on each is bounded


def fold(text: str) -> str:
    """One spelling for what looks the same: small letters, no accents, mostly Latin, nothing invisible. Idempotent."""
    for _ in range(_ROUNDS_MAX):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


class Speller:
    """Finds known words in a text. What is not spelt like one of them stays as it is."""

    def __init__(self, words: Collection[str], stems: Collection[str]) -> None:
        """Known are `words`, and all words that begin with one of `stems`; both folded."""
        self._words = frozenset(words)
        self._stems = tuple(stems)
        self._parts = self._words | frozenset(stems)
        self._longest = max(map(len, self._parts), default=0)
        self._squeezed: dict[str, list[str]] = {}
        for word in self._words:
            self._squeezed.setdefault(_squeezed(word), []).append(word)

    def words_of(self, text: str) -> list[str]:
        """The words of a text, folded; the known ones in their known spelling."""
        return [word for chunk in _chunks(_APOSTROPHES.sub("", fold(text))) for word in self._meant(chunk)]

    def _meant(self, chunk: list[str]) -> Iterator[str]:
        """A chunk is what stands between spaces, in pieces between its punctuation."""
        if len(chunk) > 1:
            whole = self._known("".join(chunk))
            if whole is not None:
                yield whole
                return
        for piece in chunk:
            known = self._known(piece)
            if known is not None:
                yield known
            else:
                yield from self._apart(piece) or (piece,)

    def _known(self, piece: str) -> str | None:
        for reading in _readings(piece):
            for spelling in (reading, _runs_cut(reading, 2), _runs_cut(reading, 1)):
                if spelling in self._words or (self._stems and spelling.startswith(self._stems)):
                    return spelling
            for word in self._squeezed.get(_squeezed(reading), ()):
                if _is_stretched(reading, word):
                    return word
        return None

    def _apart(self, piece: str) -> list[str]:
        """The fewest known words that a piece consists of, if it does."""
        if not _RUN_TOGETHER_MIN <= len(piece) <= _RUN_TOGETHER_MAX:
            return []
        for reading in _readings(piece):
            best: list[list[str] | None] = [[], *([None] * len(reading))]
            for end in range(1, len(reading) + 1):
                for start in range(max(0, end - self._longest), end):
                    before = best[start]
                    shorter = before is not None and (best[end] is None or len(before) + 1 < len(best[end] or ()))
                    if before is not None and shorter and reading[start:end] in self._parts:
                        best[end] = [*before, reading[start:end]]
            if best[-1]:
                return best[-1]
        return []


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = (
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return unicodedata.normalize("NFKC", "".join(kept).translate(_LOOKALIKES))


def _chunks(text: str) -> Iterator[list[str]]:
    """Pieces between spaces, together; and rows of single letters, however they are kept apart, as one piece."""
    chunks: list[list[str]] = []
    for part in text.split():
        pieces = _PIECE.findall(part)
        if pieces:
            chunks.append(pieces)
    for is_spaced, group in groupby(chunks, key=lambda chunk: all(len(piece) == 1 for piece in chunk)):
        alike = list(group)
        letters = [piece for chunk in alike for piece in chunk]
        yield from [["".join(letters)]] if is_spaced and len(letters) >= _SPACED_OUT_MIN else alike


def _readings(piece: str) -> Iterable[str]:
    """As it is written; then, if letters are among its signs, with letters for the others."""
    yield piece
    if any(character.isalpha() for character in piece):
        for table in _LEET_READINGS:
            reading = piece.translate(table)
            if reading != piece:
                yield reading


def _squeezed(word: str) -> str:
    return "".join(letter for letter, _ in groupby(word))


def _runs_cut(word: str, length: int) -> str:
    """No letter more than twice in a row: runs of three and more are cut."""
    return re.sub(r"(.)\1{2,}", lambda match: match[1] * length, word)


def _is_stretched(written: str, word: str) -> bool:
    """Whether it is the word with letters repeated."""
    runs = zip(groupby(written), groupby(word), strict=True)
    return all(len(list(one)) >= len(list(other)) for (_, one), (_, other) in runs)
