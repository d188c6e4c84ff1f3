"""Single files out of a tar archive. Nothing else in it touches the disk: no other names, no links, no folders."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from inference.errors import BadWeights

_MEMBERS_MAX = 10_000  # a package of the size that holds a model has a hundred
_UNPACKED_BYTES_MAX = 1 << 30  # read through at most, whatever a compressed archive says it holds


def take_members(archive: Path, names: Sequence[str], folder: Path, *, bytes_max: int) -> dict[str, Path]:
    """Write the members of those exact names into `folder`, under their last part; return where each is.

    Raises `BadWeights` if one is missing, comes twice, is no plain file or is larger than `bytes_max`.
    """
    taken: dict[str, Path] = {}
    try:
        with tarfile.open(archive, "r:gz") as opened:
            for member in _bounded(opened):
                if member.name not in names:
                    continue
                content = opened.extractfile(member) if member.isreg() else None
                if content is None or member.name in taken or member.size > bytes_max:
                    raise BadWeights(f"{member.name} in {archive.name} is not the one plain file that it should be.")
                target = folder / Path(member.name).name
                with content, target.open("xb") as file:
                    shutil.copyfileobj(content, file)
                taken[member.name] = target
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise BadWeights(f"{archive.name} cannot be read as an archive: {error}") from error
    missing = [name for name in names if name not in taken]
    if missing:
        raise BadWeights(f"{archive.name} holds no {missing[0]}.")
    return taken


def _bounded(opened: tarfile.TarFile) -> Sequence[tarfile.TarInfo]:
    """The members, as long as they stay within bounds: sizes stand before contents, so none is unpacked to know."""
    members: list[tarfile.TarInfo] = []
    total = 0
    for member in opened:
        members.append(member)
        total += member.size
        if len(members) > _MEMBERS_MAX or total > _UNPACKED_BYTES_MAX:
            raise BadWeights("The archive holds more than a model's package does.")
    return members
