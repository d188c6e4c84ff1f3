"""Engines by name. To add one: write it beside the others, add a factory here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from inference.engines.base import Engine
from inference.errors import BadWeights, EngineError


class LoadedEngine(Engine, Protocol):
    """An engine that can be made ready before the first job comes."""

    def warm_up(self) -> None: ...


class UnknownEngine(EngineError):
    """There is no such engine."""

    code = "unknown_engine"


class WeightsMissing(BadWeights):
    """The engine needs a weights file."""

    code = "weights_missing"


def load_engine(name: str, *, weights_path: Path | None = None, device: str = "auto") -> LoadedEngine:
    """Return the engine of that name, loaded.

    `weights_path` is for engines that need weights, `device` (`auto`, `cpu`, `cuda`) for those that can choose.
    Raises `UnknownEngine`, `WeightsMissing` or `BadWeights`.
    """
    if name not in _FACTORIES:
        raise UnknownEngine(f"There is no engine {name!r}; there are {', '.join(sorted(_FACTORIES))}.")
    return _FACTORIES[name](weights_path, device)


def _exemplar(weights_path: Path | None, device: str) -> LoadedEngine:
    # Compiles its loops when imported: seconds that a worker with another engine does not owe.
    from inference.engines.exemplar import ExemplarEngine  # noqa: PLC0415

    return ExemplarEngine()


def _lama(weights_path: Path | None, device: str) -> LoadedEngine:
    if weights_path is None or not weights_path.is_file():
        where = "no file is set" if weights_path is None else f"{weights_path} is not there"
        raise WeightsMissing(
            f"The lama engine needs big-lama weights, but {where}. Run `manage.py models fetch big-lama`, or name a file "
            "in PIXELSITE_LAMA_WEIGHTS."
        )
    # Torch takes seconds and hundreds of megabytes: only whoever asks for lama pays.
    from inference.engines.lama.engine import LamaEngine  # noqa: PLC0415

    return LamaEngine(weights_path, device=device)


_FACTORIES: dict[str, Callable[[Path | None, str], LoadedEngine]] = {"exemplar": _exemplar, "lama": _lama}
ENGINE_NAMES = tuple(sorted(_FACTORIES))
