"""The model that jobs and money are compared with: lots, a purse of them, and what is known of a job."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass(eq=False)
class Lot:
    """`rank` orders lots by their end; None never ends."""

    pk: int
    remaining: int
    rank: tuple[int, int] | None
    has_expired: bool = False


@dataclass(eq=False)
class Known:
    """What the model knows of a job."""

    pk: uuid.UUID
    drawn: list[tuple[Lot, int]]
    status: str = "queued"
    attempt: int = 0
    is_silent: bool = False
    """Its lease has run out."""
    is_paused: bool = False
    is_late: bool = False
    is_unwanted: bool = False
    images_due: bool = False
    has_images: bool = True

    @property
    def has_ended(self) -> bool:
        return self.status not in ("queued", "processing")

    @property
    def needs_a_sweep(self) -> bool:
        is_due = self.is_silent if self.status == "processing" else self.is_late or self.is_unwanted
        return not self.has_ended and is_due


@dataclass
class Purse:
    """The model of a wallet: lots in the order in which they were made."""

    lots: list[Lot] = field(default_factory=list)

    def spendable(self) -> list[Lot]:
        alive = [lot for lot in self.lots if lot.remaining and not lot.has_expired]
        return sorted(alive, key=lambda lot: (lot.rank is None, lot.rank or (0, 0), lot.pk))

    def balance(self) -> int:
        return sum(lot.remaining for lot in self.spendable())

    def take(self, amount: int) -> list[tuple[Lot, int]]:
        self.close_expired()
        taken = []
        for lot in self.spendable():
            part = min(lot.remaining, amount)
            if part:
                lot.remaining -= part
                amount -= part
                taken.append((lot, part))
        return taken

    def close_expired(self) -> None:
        for lot in self.lots:
            if lot.has_expired:
                lot.remaining = 0
