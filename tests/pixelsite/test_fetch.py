"""Fetching an address a caller gave us: what is let through, and that nothing private is ever connected to."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from pixelsite.lib import fetch

ALLOW_LOOPBACK = ["127.0.0.0/8"]


class _Server(http.server.BaseHTTPRequestHandler):
    """A remote server of which each path behaves badly in its own way."""

    body: ClassVar[bytes] = b"x" * 5_000

    def do_GET(self) -> None:
        getattr(self, "answer_" + self.path.strip("/").replace("-", "_"))()

    def log_message(self, *args: object) -> None:
        pass

    def _send(self, status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_image(self) -> None:
        self._send(headers={"Content-Length": str(len(self.body))}, body=self.body)

    def answer_endless(self) -> None:
        self._send(body=b"x" * 200_000)

    def answer_liar(self) -> None:
        self._send(headers={"Content-Length": "1000000000"}, body=b"x")

    def answer_missing(self) -> None:
        self._send(404)

    def answer_moved(self) -> None:
        self._send(302, {"Location": "/image", "Content-Length": "0"})

    def answer_loop(self) -> None:
        self._send(302, {"Location": "/loop", "Content-Length": "0"})

    def answer_to_metadata(self) -> None:
        self._send(302, {"Location": "http://169.254.169.254/latest/meta-data/", "Content-Length": "0"})

    def answer_to_file(self) -> None:
        self._send(302, {"Location": "file:///etc/passwd", "Content-Length": "0"})

    def answer_drip(self) -> None:
        self._send(headers={"Content-Length": "1000"})
        for _ in range(20):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def remote() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _fetch(url: str, bytes_max: int = 100_000) -> bytes:
    return fetch.fetch_bytes(url, bytes_max=bytes_max, param="image_url")


@pytest.mark.parametrize("path", ["/image", "/moved"])
def test_a_file_is_fetched_and_a_redirect_followed(remote: str, settings, path: str) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ALLOW_LOOPBACK

    assert _fetch(remote + path) == _Server.body


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/endless", fetch.RemoteTooLarge),
        ("/liar", fetch.RemoteTooLarge),
        ("/missing", fetch.RemoteError),
        ("/loop", fetch.RemoteError),
        ("/to-metadata", fetch.UrlNotAllowed),
        ("/to-file", fetch.UrlSchemeNotAllowed),
    ],
)
def test_a_bad_answer_is_refused(remote: str, settings, path: str, refusal: type[fetch.UrlNotAllowed]) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ALLOW_LOOPBACK

    with pytest.raises(refusal) as caught:
        _fetch(remote + path)

    assert caught.value.param == "image_url"


def test_a_slow_answer_is_given_up_in_time(remote: str, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ALLOW_LOOPBACK
    monkeypatch.setattr(fetch, "_TOTAL_S", 0.5)

    with pytest.raises(fetch.RemoteTimeout):
        _fetch(remote + "/drip")


PRIVATE = [
    "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://127.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0177.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://0.0.0.0/", "http://[::]/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[fec0::1]/", "http://[fc00::1]/",
    "http://[fd00:ec2::254]/", "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/", "http://10.0.0.1/",
    "http://172.16.0.1/", "http://192.168.0.1/", "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.0.1/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://224.0.0.1/", "http://[ff02::1]/", "http://192.88.99.1/",
    "http://93.184.215.14:22/", "http://93.184.215.14:6379/", "http://good.example#@127.0.0.1/",
]  # fmt: skip


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Addresses that something tried to connect to."""
    tried: list[object] = []

    def connect(address: object, *args: object, **facts: object) -> socket.socket:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket, "create_connection", connect)
    yield tried
    assert tried == []


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_is_never_connected_to(url: str, no_connection: list[object]) -> None:
    with pytest.raises(fetch.UrlNotAllowed):
        _fetch(url)


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("file:///etc/passwd", fetch.UrlSchemeNotAllowed),
        ("ftp://example.com/x", fetch.UrlSchemeNotAllowed),
        ("gopher://example.com/", fetch.UrlSchemeNotAllowed),
        ("data:image/png;base64,AAAA", fetch.UrlSchemeNotAllowed),
        ("javascript:alert(1)", fetch.UrlSchemeNotAllowed),
        ("//host/x", fetch.UrlSchemeNotAllowed),
        ("http:/host", fetch.UrlSchemeNotAllowed),
        ("http://user:pw@example.com/", fetch.UrlCredentials),
        ("http://good.example\\@127.0.0.1/", fetch.UrlInvalid),
        ("http://exa\tmple.com/", fetch.UrlInvalid),
        ("http://example.com:65536/", fetch.UrlInvalid),
        ("http:///x", fetch.UrlInvalid),
        ("http://example.com/" + "x" * 5_000, fetch.UrlInvalid),
        ("", fetch.UrlSchemeNotAllowed),
    ],
)
def test_a_malformed_address_is_refused(url: str, refusal: type[Exception], no_connection: list[object]) -> None:
    with pytest.raises(refusal):
        _fetch(url)


def _answers(*addresses: str):
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


def test_one_private_answer_among_public_ones_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, no_connection: list[object]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answers("93.184.215.14", "127.0.0.1"))

    with pytest.raises(fetch.UrlNotAllowed):
        _fetch("http://two-faced.example/")


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    dialled: list[object] = []

    def resolve(*_: object, **__: object) -> object:
        # A name that is public when checked and private ever after.
        asked.append(1)
        return _answers("93.184.215.14" if len(asked) == 1 else "127.0.0.1")()

    def connect(address: object, *args: object, **facts: object) -> socket.socket:
        dialled.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(fetch.RemoteError):
        _fetch("http://rebinding.example/")

    assert dialled == [("93.184.215.14", 80)]
