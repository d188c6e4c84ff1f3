"""What lives as long as the process: the loaded engines and the content filter."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inference.codecs.codec import Codec, GuardedCodec
from inference.engines.registry import LoadedEngine, load_engine
from inference.safety import NoFilter, SafetyFilter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What was configured."""

    engine_names: tuple[str, ...] = ("exemplar",)
    """The preferred one first."""
    lama_weights: Path | None = None
    device: str = "auto"
    decoder_memory_bytes: int = 4 << 30
    decoder_seconds: float = 120


@dataclass(frozen=True)
class _Loaded:
    engine: LoadedEngine
    seconds: float


_lock = threading.Lock()
_setup = Setup()
_loaded: tuple[_Loaded, ...] | None = None
_safety: SafetyFilter = NoFilter()
_codec: GuardedCodec | None = None
# As many threads as a worker has may decode at a time; each that does has a child of its own.
_DECODERS_MAX = 16
_stopping = threading.Event()


def configure(setup: Setup) -> None:
    """Say which engines to load and what a decoder may use. Engines loaded before are let go."""
    global _setup, _loaded, _codec  # this module is the process's own state
    with _lock:
        _setup, _loaded = setup, None
        if _codec is not None:
            _codec.close()
        _codec = None


def start() -> None:
    """Load and warm up before the first job. Raises `EngineError` if an engine cannot be loaded."""
    _load()
    logger.info("content filter: %s", _safety.name)


def engines() -> tuple[LoadedEngine, ...]:
    """Return the engines, the preferred one first; loaded by the first call, once, whichever thread makes it."""
    return tuple(loaded.engine for loaded in _load())


def stop() -> None:
    """Take no further jobs; the one under way is finished."""
    _stopping.set()


def is_stopping() -> bool:
    return _stopping.is_set()


def safety() -> SafetyFilter:
    """Return the content filter."""
    return _safety


def codec() -> Codec:
    """Return what reads and writes pictures in child processes with limits."""
    global _codec  # as above
    with _lock:
        if _codec is None:
            _codec = GuardedCodec(
                memory_bytes=_setup.decoder_memory_bytes,
                seconds=_setup.decoder_seconds,
                children_max=_DECODERS_MAX,
            )
        return _codec


def describe_engines() -> list[dict[str, Any]]:
    """Return what the engines are, fit for JSON, the preferred one first."""
    return [asdict(loaded.engine.spec) | {"load_seconds": round(loaded.seconds, 2)} for loaded in _load()]


def _load() -> tuple[_Loaded, ...]:
    global _loaded  # as above
    with _lock:
        if _loaded is None:
            _loaded = tuple(_load_one(name, _setup) for name in _setup.engine_names)
        return _loaded


def _load_one(name: str, setup: Setup) -> _Loaded:
    started = time.perf_counter()
    engine = load_engine(name, weights_path=setup.lama_weights, device=setup.device)
    engine.warm_up()
    seconds = time.perf_counter() - started
    logger.info("engine %s ready on %s after %.1f s", name, engine.spec.device, seconds)
    return _Loaded(engine, seconds)
