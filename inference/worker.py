"""What lives as long as the process: the loaded engines and the content filter."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inference.aim import Finders
from inference.codecs.codec import Codec, GuardedCodec
from inference.engines.registry import LoadedEngine, load_engine
from inference.known_models import find_model
from inference.safety import SafetyFilter
from inference.safety.loading import load_filter
from inference.safety.words import WordPolicy, load_word_policy
from inference.targets.prompt.finder import Finder, FinderSetup
from inference.targets.select import GrabCutSelector, Selector

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
    safety_filter: str = "none"
    safety_policy: str | None = None
    safety_words: Path | None = None
    models_dir: Path = Path("models")
    selector_dir: Path | None = None
    """Of a SAM-family model for clicks; None is without one."""
    vocabulary_dir: Path | None = None
    """Of an open-vocabulary segmenter for sentences; None is without one."""


@dataclass(frozen=True)
class _Loaded:
    engine: LoadedEngine
    seconds: float


_lock = threading.Lock()
_setup = Setup()
_loaded: tuple[_Loaded, ...] | None = None
_safety: SafetyFilter | None = None
_words: WordPolicy | None = None
_finders: Finders | None = None
_codec: GuardedCodec | None = None
# As many threads as a worker has may decode at a time; each that does has a child of its own.
_DECODERS_MAX = 16
_stopping = threading.Event()


def configure(setup: Setup) -> None:
    """Say which engines to load and what a decoder may use. Engines loaded before are let go."""
    global _setup, _loaded, _codec, _safety, _words, _finders  # this module is the process's own state
    with _lock:
        _setup, _loaded, _safety, _words, _finders = setup, None, None, None, None
        if _codec is not None:
            _codec.close()
        _codec = None


def start() -> None:
    """Load and warm up before the first job. Raises `EngineError` if something that was configured cannot be loaded."""
    _load()
    words()
    found = finders()
    logger.info("clicks: %s; sentences: %s", found.selector.name, found.finder.name if found.finder else "none")
    if safety().name == "none":
        logger.warning("content filter: none. Pictures are not looked at; docs/safety.md says how to install a filter")
    else:
        logger.info("content filter: %s", safety().name)


def engines() -> tuple[LoadedEngine, ...]:
    """Return the engines, the preferred one first; loaded by the first call, once, whichever thread makes it."""
    return tuple(loaded.engine for loaded in _load())


def stop() -> None:
    """Take no further jobs; the one under way is finished."""
    _stopping.set()


def is_stopping() -> bool:
    return _stopping.is_set()


def safety() -> SafetyFilter:
    """Return the content filter; loaded by the first call."""
    global _safety  # as above
    with _lock:
        if _safety is None:
            _safety = load_filter(
                _setup.safety_filter,
                models_dir=_setup.models_dir,
                policy=_setup.safety_policy,
                device=_setup.device,
            )
        return _safety


def words() -> WordPolicy:
    """Return what judges prompts; read by the first call."""
    global _words  # as above
    with _lock:
        if _words is None:
            _words = load_word_policy(_setup.safety_words)
        return _words


def finders() -> Finders:
    """Return who finds what clicks and sentences mean; loaded by the first call."""
    global _finders  # as above
    with _lock:
        if _finders is None:
            selector = _load_selector(_setup)
            _finders = Finders(selector=selector, finder=_load_finder(_setup, selector))
        return _finders


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


def _load_selector(setup: Setup) -> Selector:
    if setup.selector_dir is None:
        return GrabCutSelector()
    sam = importlib.import_module("inference.targets.sam")  # an optional extra
    selector: Selector = sam.SamSelector(setup.selector_dir, device=setup.device)
    return selector


def _load_finder(setup: Setup, selector: Selector) -> Finder:
    files = FinderSetup(
        class_model=_if_there(setup.models_dir / find_model("deeplab-voc").file_name),
        person_model=_if_there(setup.models_dir / find_model("selfie").file_name),
        vocabulary_dir=setup.vocabulary_dir,
        device=setup.device,
    )
    return Finder.load(files, selector=selector)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
