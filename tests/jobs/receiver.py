"""A receiver of webhooks on this machine, whose answers a test decides."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """`answers` are given one after the other, the last one for ever: (status, headers)."""

    url: str
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers_now: threading.Event = field(default_factory=threading.Event)
    """Cleared: it takes a request and says nothing."""


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append((dict(self.headers.items()), body))
            receiver.answers_now.wait(30)
            status, headers = receiver.answers[min(len(receiver.received), len(receiver.answers)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"thanks\x00" if status == 200 else b"")

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(url=f"http://127.0.0.1:{server.server_port}/hook")
    receiver.answers_now.set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.answers_now.set()
        server.shutdown()
        server.server_close()
        thread.join()
