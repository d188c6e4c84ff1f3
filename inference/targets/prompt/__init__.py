"""What to remove, said in a sentence."""

from __future__ import annotations

from inference.targets.prompt.finder import Finder, FinderSetup, Found, NotUnderstood, Part

__all__ = ["Finder", "FinderSetup", "Found", "NotUnderstood", "Part"]
