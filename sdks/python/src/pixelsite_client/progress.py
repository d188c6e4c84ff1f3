"""How far a batch is, on stderr: tqdm's bar where tqdm is installed, else a line of our own."""

from __future__ import annotations

import sys
from typing import Any

try:
    from tqdm import tqdm
except ImportError:  # the extra `progress` is not installed
    tqdm = None


class Progress:
    """A bar that counts up. Without a terminal our own line is written once, at the end."""

    def __init__(self, *, total: int | None, is_shown: bool) -> None:
        self._total = total
        self._is_shown = is_shown
        self._ended = self._failed = 0
        self._bar: Any = None
        if is_shown and tqdm is not None:
            self._bar = tqdm(total=total, unit="picture", file=sys.stderr)

    def advance(self, *, failed: bool) -> None:
        """One more has ended."""
        self._ended += 1
        self._failed += failed
        if self._bar is not None:
            if failed:
                self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
            self._bar.update()
        elif self._is_shown and sys.stderr.isatty():
            self._write("\r" + self._line())

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
        elif self._is_shown:
            self._write(("\r" if sys.stderr.isatty() else "") + self._line() + "\n")

    def _line(self) -> str:
        counted = f"{self._ended}/{self._total}" if self._total is not None else str(self._ended)
        return f"{counted} pictures" + (f", {self._failed} failed" if self._failed else "")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
