"""The embedded broker: kombu's filesystem transport, with messages that appear and vanish whole.

kombu opens a message under its final name and then writes it: a worker that looks in between reads an empty file and
dies. It also moves messages through the system's temporary folder, which another file system makes a copy. Here a message
is renamed into place when it is complete, and taken by a rename: whoever renames it has it.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

_LOOK_UP_S = 0.3


class Channel(filesystem.Channel):
    """A channel whose messages are never seen half-written."""

    # kombu names the argument in two ways
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        # Names sort by time; the clock is the one all processes of this machine share.
        name = f"{time.monotonic_ns():020}_{uuid.uuid4()}.{queue}.msg"
        unfinished = folder / f"{uuid.uuid4()}.part"
        unfinished.write_text(dumps(payload))
        unfinished.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        folder = Path(self.data_folder_in)
        for name in sorted(path.name for path in folder.iterdir()):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            mine = folder / f"{uuid.uuid4()}.taken"
            with contextlib.suppress(FileNotFoundError):  # another worker was quicker
                (folder / name).rename(mine)
                message: dict[str, Any] = loads(mine.read_text())
                mine.unlink()
                return message
        raise Empty


class Transport(filesystem.Transport):
    """`filesystem://` with the channel above."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> Any:
        """Wait for messages, but not for long: a worker looks up between two waits whether it is to stop."""
        return super().drain_events(connection, timeout=timeout and min(timeout, _LOOK_UP_S), **options)


def use_for_filesystem_urls() -> None:
    """Let every `filesystem://` address of this process mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
