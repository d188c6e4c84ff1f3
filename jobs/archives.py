"""A ZIP that is made while it is sent: no more than a piece of it is in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from zipfile import ZipFile, ZipInfo

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.utils import timezone

PIECE_BYTES = 1 << 18

Member = tuple[str, Iterable[bytes], int]
"""Its name, its content in pieces, and how it is compressed."""


class _Outlet:
    """A file that can only be written to, and is emptied while it grows. Having no `tell`, it is no seekable one."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What is left is taken afterwards."""

    def take(self) -> bytes:
        taken, self._pieces, self.size = b"".join(self._pieces), [], 0
        return taken


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """The ZIP with these members, piece by piece."""
    outlet = _Outlet()
    now = timezone.now().timetuple()[:6]
    with ZipFile(outlet, "w") as archive:
        for name, pieces, compression in members:
            info = ZipInfo(name, date_time=now)
            info.compress_type = compression
            info.external_attr = 0o600 << 16
            with archive.open(info, "w") as member:
                for piece in pieces:
                    member.write(piece)
                    if outlet.size >= PIECE_BYTES:
                        yield outlet.take()
    yield outlet.take()


def stored(path: str, name: str, compression: int) -> Iterator[Member]:
    """A file in storage as a member; none if it has been deleted meanwhile."""
    try:
        file = default_storage.open(name, "rb")
    except FileNotFoundError:
        return
    with file:
        yield path, file.chunks(PIECE_BYTES), compression


async def one_by_one(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """As asynchronous as the server wants it: Django would otherwise gather the whole of it first."""
    while piece := await sync_to_async(lambda: next(pieces, b""))():
        yield piece
