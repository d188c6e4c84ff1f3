"""A receiver of webhooks that fails now and then, and remembers what it accepted."""

from __future__ import annotations

import http.server
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Sink(http.server.ThreadingHTTPServer):
    """Counts accepted events by id. `fail_share` of the first tries is answered 500."""

    daemon_threads = True

    def __init__(self, fail_share: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fail_share = fail_share
        self.random = random.Random(7)
        self.lock = threading.Lock()
        self.refused: set[str] = set()
        self.accepted: dict[str, list[dict[str, Any]]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def take(self, event_id: str, body: dict[str, Any]) -> bool:
        with self.lock:
            if event_id not in self.refused and self.random.random() < self.fail_share:
                self.refused.add(event_id)
                return False
            self.accepted.setdefault(event_id, []).append(body)
            return True


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204 if self.server.take(self.headers["Webhook-Id"], body) else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running_sink(*, fail_share: float = 0.1) -> Iterator[Sink]:
    sink = Sink(fail_share)
    thread = threading.Thread(target=sink.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        sink.shutdown()
        sink.server_close()
        thread.join()
