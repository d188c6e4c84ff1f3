"""`manage.py attend`: the duties nobody else has: sweep, send webhooks and letters. Any number may run."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from accounts import letters
from jobs import retention, sweeper
from jobs.courier import Courier

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
_LOOK_FOR_LETTERS_S = 1
# Few: whoever stops the process waits for them.
_LETTERS_AT_ONCE = 10


class Command(BaseCommand):
    help = "Sweep, send webhooks and letters until stopped. Needs the database, and neither broker nor worker."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        # A sweep that deletes many files, or a mail server that is slow, must not keep webhooks waiting.
        beside = [
            threading.Thread(target=_sweep_until, args=(stop,), name="sweeper"),
            threading.Thread(target=_send_letters_until, args=(stop,), name="letters"),
        ]
        # Not waited for at the end: it may be waiting for Stripe, and everything it does can be cut off.
        threading.Thread(target=_sweep_payments_until, args=(stop,), name="payments", daemon=True).start()
        for thread in beside:
            thread.start()
        _send_until(stop)
        for thread in beside:
            thread.join()


def _send_until(stop: threading.Event) -> None:
    courier = Courier()
    try:
        while not stop.is_set():
            courier.wait(_LOOK_S)
            try:
                close_old_connections()
                courier.send_due()
            except Exception:  # the database may be away for a moment
                logger.exception("could not look for webhooks to send")
    finally:
        courier.close()


def _send_letters_until(stop: threading.Event) -> None:
    while not stop.wait(_LOOK_FOR_LETTERS_S):
        try:
            close_old_connections()
            while letters.send_due(limit=_LETTERS_AT_ONCE) == _LETTERS_AT_ONCE and not stop.is_set():
                pass
        except Exception:  # the database may be away for a moment
            logger.exception("could not look for letters to send")


def _sweep_payments_until(stop: threading.Event) -> None:
    while True:
        close_old_connections()
        sweeper.sweep_payments()
        if stop.wait(settings.SWEEP_S):
            return


def _sweep_until(stop: threading.Event) -> None:
    orphans_at = time.monotonic()
    while True:
        close_old_connections()
        sweeper.sweep()
        if time.monotonic() >= orphans_at:
            _attempt_orphans()
            orphans_at = time.monotonic() + settings.ORPHAN_S
        if stop.wait(settings.SWEEP_S):
            return


def _attempt_orphans() -> None:
    try:
        retention.delete_orphans()
    except Exception:  # tried again an hour later
        logger.exception("could not look for files that no job knows")
