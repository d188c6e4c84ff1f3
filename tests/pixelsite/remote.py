"""A server of other people: each of its paths behaves badly in its own way. And a canary that nobody may wake."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import http.server
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS = "127.0.0.2"  # allowed in these tests, so that 127.0.0.1 stays forbidden
BODY = b"\x89PNG" + b"x" * 5_000
_BOMB = gzip.compress(bytes(50_000_000))[:40_000]  # unpacks to forty megabytes
_PLENTY = 4_000_000  # of bytes, where a misbehaving server would send for ever


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Remote
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        moved = re.fullmatch(r"/moved-(\d)-times", self.path)
        # Whoever has heard enough hangs up in the middle.
        with contextlib.suppress(OSError):
            if moved:
                left = int(moved.group(1)) - 1
                self._send(302, {"Location": f"/moved-{left}-times" if left else "/image"})
            else:
                getattr(self, "answer_" + self.path.strip("/").replace("-", "_"))()

    def log_message(self, *args: object) -> None:
        pass

    def _send(self, status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        sent = {"Content-Type": "image/png", "Content-Length": str(len(body)), "Connection": "close"} | (headers or {})
        self.send_response(status)
        for name, value in sent.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send_chunks(self, chunks: Iterator[bytes], **headers: str) -> None:
        self._send(headers={"Content-Length": "", "Transfer-Encoding": "chunked", **headers})
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def answer_image(self) -> None:
        self._send(body=BODY)

    def answer_image_packed(self) -> None:
        self._send(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY))

    def answer_chunked(self) -> None:
        self._send_chunks(iter([BODY[:9], BODY[9:]]))

    def answer_moved(self) -> None:
        self._send(302, {"Location": "/image"})

    def answer_loop(self) -> None:
        self._send(302, {"Location": "/loop"})

    def answer_to_loopback(self) -> None:
        self._send(302, {"Location": "http://127.0.0.1/"})

    def answer_to_canary(self) -> None:
        self._send(302, {"Location": self.server.canary_url})

    def answer_to_metadata(self) -> None:
        self._send(302, {"Location": "http://169.254.169.254/latest/meta-data/"})

    def answer_to_private(self) -> None:
        self._send(301, {"Location": "http://10.0.0.1/"})

    def answer_to_file(self) -> None:
        self._send(302, {"Location": "file:///etc/passwd"})

    def answer_to_credentials(self) -> None:
        self._send(307, {"Location": "http://user:pw@127.0.0.2/"})

    def answer_liar(self) -> None:
        self._send(headers={"Content-Length": "1000000000"}, body=b"x")

    def answer_endless(self) -> None:
        self._send(headers={"Content-Length": ""}, body=b"x" * _PLENTY)

    def answer_endless_chunks(self) -> None:
        self._send_chunks(b"x" * 1_000 for _ in range(_PLENTY // 1_000))

    def answer_packed_bomb(self) -> None:
        self._send(headers={"Content-Encoding": "gzip"}, body=_BOMB)

    def answer_endless_packed_nothing(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10])
        for _ in range(_PLENTY // 5_000):
            self.wfile.write(b"\x00\x00\x00\xff\xff" * 1_000)  # blocks that unpack to nothing

    def answer_missing(self) -> None:
        self._send(404)

    def answer_broken(self) -> None:
        self._send(500, body=b"a secret of the server")

    def answer_no_content(self) -> None:
        self._send(204, {"Content-Length": ""})

    def answer_page(self) -> None:
        self._send(headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<html>Sign in")

    def answer_cut_short(self) -> None:
        self._send(headers={"Content-Length": "100"}, body=b"x")

    def answer_cut_packed(self) -> None:
        self._send(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY)[:-9])

    def answer_unknown_packing(self) -> None:
        self._send(headers={"Content-Encoding": "br"}, body=b"x" * 100)

    def answer_no_http(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 10)

    def answer_drip(self) -> None:
        self._send(headers={"Content-Length": "1000"})
        self._drip()

    def answer_drip_of_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._drip()

    def answer_silence(self) -> None:
        time.sleep(1)

    def _drip(self) -> None:
        for _ in range(20):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)


class Remote(http.server.ThreadingHTTPServer):
    """The server. `headers` are those of the last request, `canary_url` is where it sends callers on request."""

    daemon_threads = True
    block_on_close = False
    headers: dict[str, str]
    canary_url = ""
    scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{ADDRESS}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that does not trust our certificate hangs up


@contextlib.contextmanager
def running_remote(*, certificate_folder: Path | None = None) -> Iterator[Remote]:
    """Serve on a free port; over TLS with a certificate of our own making, if there is a folder to put it in."""
    server = Remote((ADDRESS, 0), _Handler)
    server.headers = {}
    if certificate_folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(certificate_folder))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ADDRESS)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Canary:
    """Listens on 127.0.0.1 and, where there is one, ::1, on the same port; counts connections."""

    def __enter__(self) -> Canary:
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = int(self._sockets[0].getsockname()[1])
        with contextlib.suppress(OSError):  # no IPv6 on this machine, or the port is taken there
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listening in self._sockets:
            listening.setblocking(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listening in self._sockets:
            listening.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hits(self) -> int:
        """Connections that wait to be taken."""
        count = 0
        for listening in self._sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listening.accept()[0].close()
                    count += 1
        return count
