"""A real HTTP server that fails in the ways a test tells it to, one after the other."""

from __future__ import annotations

import http.server
import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

RESET = "reset"
"""Read the whole request, then break the connection without a word."""
CUT = "cut"
"""Begin an answer, and break the connection in the middle of it."""

ACCEPTED: dict[str, Any] = {
    "id": "7d3f0a3e-0000-4000-8000-000000000001",
    "generation_id": "7d3f0a3e-0000-4000-8000-000000000001",
    "status": "queued",
    "operation": "remove-object",
    "credits_used": 5.0,
}


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    body: Mapping[str, Any] | bytes = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """One request, read to its end."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Faulty:
    """`script` is played from its first line on; a request beyond its end is answered 418, which nobody expects."""

    url: str
    script: list[Said | str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_line(self, heard: Heard) -> Said | str:
        """Remember the request, and say what it is answered."""
        with self._lock:
            self.heard.append(heard)
            return self.script.pop(0) if self.script else Said(418)

    def keys(self) -> list[str | None]:
        """The Idempotency-Key of every request."""
        return [one.headers.get("idempotency-key") for one in self.heard]


def accepted(**told: Any) -> Said:
    return Said(202, ACCEPTED | told)


def completed(url: str = "") -> Said:
    return Said(200, ACCEPTED | {"status": "completed", "output_url": url or None})


def refused(status: int, code: str, detail: str = "Not so.", **headers: str) -> Said:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Said(status, {"detail": detail, "code": code, "param": None, "request_id": "r" * 32}, named)


class _Handler(http.server.BaseHTTPRequestHandler):
    """Plays the script of its server."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.server.faulty.next_line(Heard(self.command, self.path, headers, body))
        if isinstance(said, Said):
            self._say(said)
        else:
            self._break(said)

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _say(self, said: Said) -> None:
        content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in ({"X-Request-Id": "r" * 32} | dict(said.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self, how: str) -> None:
        if how == CUT:
            self.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n{")
        self.close_connection = True
        # What is left unsent is dropped, and the peer is told so: RST.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        if self.connection.fileno() != -1:
            super().finish()

    def log_message(self, *args: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    faulty: Faulty

    def shutdown_request(self, request: Any) -> None:
        if request.fileno() != -1:
            super().shutdown_request(request)


@contextmanager
def running_faulty() -> Iterator[Faulty]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.faulty = Faulty(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
