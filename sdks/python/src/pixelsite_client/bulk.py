"""Pictures of a batch that go to the site together, up to 50 in one request, and what came of each.

What has arguments of its own, or lies at an address, goes by itself. So does what a busy site had no room for: it is
sent once others have ended.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixelsite_client import messages
from pixelsite_client.batch_models import BatchLine, BatchQuote, BatchStatus, QuotedLine
from pixelsite_client.batches import Pair, Source
from pixelsite_client.errors import ApiError, error_of_line
from pixelsite_client.models import Estimate, Job
from pixelsite_client.pictures import Picture, Upload, is_address, read_picture

PICTURES_MAX = 50
_BYTES_MAX = 64_000_000
"""All of a request is kept until it is answered, so that a second try sends the same."""

Outcome = Job | Exception | None
"""A job to wait for, why there is none, or None: to be sent by itself."""

QUOTED = Job(id="", status="", operation="", credits_used=0)
"""In place of a job, of a picture that was only asked about."""

# Passes, once other jobs have ended.
_PASSING = frozenset({"too_many_active_jobs", "queue_full", "decoders_busy"})
# Refused for what the request is as a whole: too large, or of a kind that this site does not know.
_OF_THE_WHOLE = frozenset({404, 405, 413})


@dataclass
class Chunk:
    """Pictures that go together."""

    indexes: list[int] = field(default_factory=list)
    images: list[Upload] = field(default_factory=list)
    masks: list[Upload] = field(default_factory=list)
    """One for each picture, one for all, or none."""

    def accepted(self, batch: BatchStatus) -> dict[int, Outcome]:
        """What became of each."""
        return {index: _outcome(line, batch) for index, line in zip(self.indexes, batch.lines, strict=True)}

    def refused(self, error: Exception) -> dict[int, Outcome]:
        """What became of each where not one was accepted."""
        if isinstance(error, ApiError) and error.status in _OF_THE_WHOLE:
            return dict.fromkeys(self.indexes)
        lines = error.body.get("jobs") if isinstance(error, ApiError) else None
        if not isinstance(lines, list) or len(lines) != len(self.indexes):
            return dict.fromkeys(self.indexes, error)
        told = (BatchLine.from_json(line) for line in lines)
        return {index: _refusal(line) for index, line in zip(self.indexes, told, strict=True)}


class Bulk:
    """Reads ahead in a batch's pictures, and remembers what became of those that were sent together."""

    def __init__(self, source: Source) -> None:
        """Reads the mask that holds for all. Raises `OSError` or `TypeError` where it cannot be."""
        self.batch_ids: list[str] = []
        self.options = {name: value for name, value in source.options.items() if name != "mask"}
        self._source = source
        self._outcomes: dict[int, Outcome] = {}
        mask = source.options.get("mask")
        self._is_mask_at_address = isinstance(mask, str) and is_address(mask)
        self._mask: Upload | None = None
        if mask is not None and not self._is_mask_at_address:
            found = read_picture(mask)
            self._mask = found if isinstance(found, Upload) else None
            source.options["mask"] = self._mask.content if self._mask else mask  # a file can be read once

    def knows(self, index: int) -> bool:
        return index in self._outcomes

    def take(self, index: int) -> Outcome:
        """What became of this picture; to be asked once."""
        return self._outcomes.pop(index)

    def note(self, outcomes: Mapping[int, Outcome], batch: BatchStatus | None = None) -> None:
        self._outcomes.update(outcomes)
        self._source.accepted |= {index for index, outcome in outcomes.items() if isinstance(outcome, Job)}
        if batch is not None:
            self.batch_ids.append(batch.id)

    def gather(self) -> Chunk | None:
        """The next pictures that can go together; None where the next ones go by themselves, or are known to fail."""
        waiting = self._source.unsent(PICTURES_MAX)
        chunk = Chunk()
        size = taken = 0
        kind = self._kind(waiting[0][1])
        for index, pair in waiting:
            if self._kind(pair) != kind or size >= _BYTES_MAX:
                break
            taken += 1
            size += self._add(chunk, index, pair) if kind != "alone" else self._leave(index)
        self._source.mark_sent(taken)
        if chunk.masks == [] and self._mask is not None:
            chunk.masks = [self._mask]
        if len(chunk.indexes) > 1:
            return chunk
        self._outcomes.update(dict.fromkeys(chunk.indexes))
        return None

    def _kind(self, pair: Pair) -> str:
        """What goes together is of one kind: with masks of their own, or with what holds for all."""
        image, own = _parts(pair)
        if own is None or not _is_read_twice(image) or self._is_mask_at_address:
            return "alone"
        if "mask" not in own:
            return "plain"
        return "masked" if _is_read_twice(own["mask"]) else "alone"

    def _leave(self, index: int) -> int:
        self._outcomes[index] = None
        return 0

    def _add(self, chunk: Chunk, index: int, pair: Pair) -> int:
        """Read the files of a pair. Returns their size; a pair that cannot be read goes nowhere."""
        image, own = _parts(pair)
        try:
            uploads = [read_picture(image), *(read_picture(mask) for mask in (own or {}).values() if mask is not None)]
        except (OSError, TypeError, ValueError) as error:
            self._outcomes[index] = error
            return 0
        read = [upload for upload in uploads if isinstance(upload, Upload)]
        chunk.indexes.append(index)
        chunk.images.append(read[0])
        chunk.masks += read[1:]
        return sum(len(upload.content) for upload in read)


def submission(chunk: Chunk, options: Mapping[str, Any]) -> messages.Request:
    """All of them in one request, under one key."""
    return messages.batch_removal(chunk.images, chunk.masks, options)


def merged(quotes: Sequence[tuple[Sequence[int], BatchQuote]]) -> BatchQuote:
    """Quotes of several requests as one, with the places that the pictures have in the whole."""
    lines = [
        QuotedLine(index, line.filename, line.refusal, line.warnings)
        for indexes, quote in quotes
        for index, line in zip(indexes, quote.lines, strict=True)
    ]
    return BatchQuote(
        credits=sum(quote.credits for _, quote in quotes),
        credits_remaining=min((quote.credits_remaining for _, quote in quotes), default=0.0),
        lines=tuple(sorted(lines, key=lambda line: line.index)),
    )


def quote_of(estimate: Estimate) -> BatchQuote:
    """The estimate of one picture as a quote."""
    cost = estimate.credits if estimate.would_be_accepted else 0.0
    return BatchQuote(cost, estimate.credits_remaining, (QuotedLine(0, "", estimate.refusal, estimate.warnings),))


def _outcome(line: BatchLine, batch: BatchStatus) -> Outcome:
    if line.id is None:
        return _refusal(line)
    return Job(id=line.id, status="queued", operation=batch.operation, credits_used=line.credits_used)


def _refusal(line: BatchLine) -> Outcome:
    code, message = (line.error.code, line.error.message) if line.error else ("error", "It was refused.")
    return None if code in _PASSING else error_of_line(code, message)


def _parts(pair: Pair) -> tuple[Picture, dict[str, Picture | None] | None]:
    """The picture, and its mask if it has one of its own; None in place of that where it has other arguments."""
    if isinstance(pair, Mapping):
        own = {name: value for name, value in pair.items() if name != "image"}
        is_plain = "image" in pair and set(own) <= {"mask"}
        return pair.get("image", b""), {"mask": pair["mask"]} if is_plain and own else {} if is_plain else None
    if isinstance(pair, tuple):
        image, mask = pair
        return image, {"mask": mask}
    return pair, {}


def _is_read_twice(picture: object) -> bool:
    """Whether it is a path or bytes: an open file is read once, and an address by the site."""
    if isinstance(picture, str):
        return not is_address(picture)
    return isinstance(picture, (os.PathLike, bytes, bytearray, memoryview))
