"""A worker's own life: load engines before it takes work, report itself while it lives, sweep when it starts."""

from __future__ import annotations

import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any

from celery.signals import worker_init, worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import connection

from inference import worker
from jobs import sweeper, workers

logger = logging.getLogger(__name__)

_stopping = threading.Event()


def _folder(path: str) -> Path | None:
    return Path(path) if path else None


def _own_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@worker_init.connect
def load_engines(**_: Any) -> None:
    """Before the first message is taken: a worker that cannot fill holes must not claim jobs."""
    worker.configure(
        worker.Setup(
            engine_names=tuple(settings.ENGINES),
            lama_weights=Path(settings.LAMA_WEIGHTS),
            device=settings.DEVICE,
            decoder_memory_bytes=settings.DECODER_MEMORY_BYTES,
            decoder_seconds=settings.DECODER_S,
            safety_filter=settings.SAFETY_FILTER,
            safety_policy=settings.SAFETY_POLICY or None,
            safety_words=_folder(settings.SAFETY_WORDS),
            models_dir=settings.MODELS_DIR,
            selector_dir=_folder(settings.SELECTOR_DIR),
            vocabulary_dir=_folder(settings.VOCABULARY_DIR),
        )
    )
    worker.start()


@worker_ready.connect
def report_and_sweep(**_: Any) -> None:
    workers.report_worker(name=_own_name(), engines=worker.describe_engines(), safety_filter=worker.safety().name)
    threading.Thread(target=_stay_present, name="presence", daemon=True).start()
    sweeper.sweep()


@worker_shutting_down.connect
def take_no_more(**_: Any) -> None:
    worker.stop()


@worker_shutdown.connect
def say_goodbye(**_: Any) -> None:
    _stopping.set()
    workers.forget_worker(_own_name())


def _stay_present() -> None:
    try:
        while not _stopping.wait(settings.WORKER_SEEN_S / 3):
            try:
                workers.note_worker_alive(_own_name())
            except Exception:  # the database may be away for a moment; it is told again soon
                logger.exception("could not report as alive")
                connection.close()
    finally:
        connection.close()  # this thread's own
