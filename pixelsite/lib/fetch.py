"""The only client for addresses that callers give us. It never reaches a private network.

Every address a name resolves to is checked, and the connection goes to a checked address, so a name that changes its
answer between check and use (DNS rebinding) gains nothing. Redirects are followed by hand, each checked anew. Size and
time are bounded. What went wrong is told in one sentence that does not reveal whether something answered.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpcore
from django.conf import settings
from django.http.request import validate_host

from pixelsite.lib.errors import PixelsiteError

_TOTAL_S = 10.0
_REDIRECTS_MAX = 3
_URL_LENGTH_MAX = 2048
_PORTS = {80, 443}
_CHUNK_BYTES = 64 * 1024

# Python calls these global, or maps them to addresses that are not: refuse them whatever they embed.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
    )
)

# Names that mean a private network by agreement (RFC 6761, 6762, 8375; ICANN's `internal`): no name server is asked.
_PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_HOST_LENGTH_MAX = 253

_ANY_ZLIB_HEADER = zlib.MAX_WBITS | 32
_HTML = ("text/html", "application/xhtml+xml")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlNotAllowed(PixelsiteError):
    """This address is not allowed. Give a public http or https address."""

    code = "url_not_allowed"
    status = 422


class UrlInvalid(UrlNotAllowed):
    """This is not a valid address. Give a public http or https address."""

    code = "url_invalid"


class UrlSchemeNotAllowed(UrlNotAllowed):
    """Only http:// and https:// addresses are allowed."""

    code = "url_scheme_not_allowed"


class UrlCredentials(UrlNotAllowed):
    """An address with a user name or password is not allowed."""

    code = "url_credentials"


class RemoteError(UrlNotAllowed):
    """The file could not be fetched from this address. Check that it is public, or upload the file itself."""

    code = "remote_error"


class RemoteTooLarge(UrlNotAllowed):
    """The file at this address is too large."""

    code = "remote_too_large"


class RemoteTimeout(UrlNotAllowed):
    """The server at this address took too long. Upload the file itself."""

    code = "remote_timeout"


def fetch_bytes(url: str, *, bytes_max: int, param: str) -> bytes:
    """GET a public address. Raises a subclass of `UrlNotAllowed` that names `param`."""
    deadline = time.monotonic() + _TOTAL_S
    try:
        with httpcore.ConnectionPool(network_backend=_CheckedBackend(deadline), retries=0) as pool:
            for _ in range(_REDIRECTS_MAX + 1):
                _check_url(url)
                body, location = _get(pool, url, bytes_max=bytes_max, deadline=deadline)
                if location is None:
                    return body
                url = urljoin(url, location)
        raise RemoteError
    except UrlNotAllowed as refusal:
        refusal.param = param
        raise
    except httpcore.TimeoutException:
        raise RemoteTimeout(param=param) from None
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
        OSError,
        ValueError,
        zlib.error,
    ):
        # A TLS failure, a reset, nonsense instead of HTTP: the caller is told the same.
        raise RemoteError(param=param) from None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server answered to a POST."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    start: bytes
    """The first bytes of the body."""


def post_bytes(url: str, *, body: bytes, headers: dict[str, str], total_s: float, reply_bytes_max: int) -> Reply:
    """POST to a public address. Redirects are answers like any other. Raises a subclass of `UrlNotAllowed`."""
    deadline = time.monotonic() + total_s
    try:
        _check_url(url)
        with httpcore.ConnectionPool(network_backend=_CheckedBackend(deadline), retries=0) as pool:
            left = _left(deadline)
            timeout = {"connect": left, "read": left, "write": left, "pool": left}
            sent = [*headers.items(), ("Accept-Encoding", "identity"), ("User-Agent", "Pixelsite (webhook)")]
            with pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": timeout}) as response:
                return Reply(
                    status=response.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
                    },
                    start=_start_of(response, reply_bytes_max, deadline),
                )
    except httpcore.TimeoutException:
        raise RemoteTimeout from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError):
        raise RemoteError from None


def check_address(url: str, *, param: str) -> None:
    """Refuse, without connecting, what could never be fetched. Raises a subclass of `UrlNotAllowed`."""
    try:
        _check_url(url)
    except UrlNotAllowed as refusal:
        refusal.param = param
        raise


def _start_of(response: httpcore.Response, bytes_max: int, deadline: float) -> bytes:
    start = bytearray()
    for chunk in response.iter_stream():
        start += chunk
        _left(deadline)
        if len(start) >= bytes_max:
            break
    return bytes(start[:bytes_max])


def _check_url(url: str) -> None:
    """Refuse what is wrong whatever it resolves to; no name server is asked."""
    if not url or len(url) > _URL_LENGTH_MAX:
        raise UrlInvalid
    if not url.isascii():
        raise UrlNotAllowed("Write the address in ASCII: percent-encode other characters, and names as punycode.")
    if any(character < " " or character in "\\\x7f" for character in url):
        raise UrlNotAllowed("The address holds a backslash or a control character. Percent-encode it.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UrlInvalid from None
    if " " in url:
        raise UrlInvalid
    if parts.scheme not in ("http", "https") or not url.lower().startswith(f"{parts.scheme}://"):
        raise UrlSchemeNotAllowed
    if parts.username is not None or parts.password is not None:
        raise UrlCredentials
    if "@" in parts.fragment:  # `http://good.example#@127.0.0.1/`: another reader may see another host
        raise UrlNotAllowed
    host = (parts.hostname or "").removesuffix(".")
    _check_host(host)
    _check_port(host, parts)


def _check_host(host: str) -> None:
    """Refuse what is no host name, and what is private by its spelling alone."""
    if "%" in host:  # the zone of an interface, or an encoded character
        raise UrlNotAllowed
    if (address := _address_spelt(host)) is not None:
        if not is_allowed(address):
            raise UrlNotAllowed
        return
    if len(host) > _HOST_LENGTH_MAX or not all(_is_label(label) for label in host.split(".")):
        raise UrlInvalid
    if f".{host}".endswith(tuple(f".{name}" for name in _PRIVATE_NAMES)) and not _allowed_networks():
        raise UrlNotAllowed


def _check_port(host: str, parts: SplitResult) -> None:
    """Refuse ports that are not the web's, and this site itself."""
    try:
        port = parts.port
    except ValueError:
        raise UrlNotAllowed from None
    if port is not None and port not in _PORTS and not _allowed_networks():
        raise UrlNotAllowed
    own = urlsplit(settings.SITE_URL)
    is_own_port = (port or _default_port(parts)) == (own.port or _default_port(own))
    # Other programs may share our host where an owner has allowed their network: then only our port is us.
    ours = [own.hostname or "", *(name for name in settings.ALLOWED_HOSTS if name != "*")]
    if validate_host(host, ours) and (is_own_port or not _allowed_networks()):
        raise UrlNotAllowed("This is this site's own address. Upload the file itself.")


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _address_spelt(host: str) -> Address | None:
    """The address that a host is a spelling of: `127.0.0.1`, `127.1`, `2130706433`, `0x7f000001`, `::1`; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_label(label: str) -> bool:
    if not label.startswith("xn--"):
        return _LABEL.fullmatch(label) is not None
    try:
        return _LABEL.fullmatch(label) is not None and bool(label[4:].encode().decode("punycode"))
    except ValueError:
        return False


def _get(pool: httpcore.ConnectionPool, url: str, *, bytes_max: int, deadline: float) -> tuple[bytes, str | None]:
    """The body, or the place a redirect points to."""
    left = _left(deadline)
    headers: dict[bytes | str, bytes | str] = {
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "User-Agent": "Pixelsite (image fetch)",
    }
    timeout = {"connect": left, "read": left, "write": left, "pool": left}
    with pool.stream("GET", url, headers=headers, extensions={"timeout": timeout}) as response:
        answered = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in (301, 302, 303, 307, 308) and b"location" in answered:
            return b"", answered[b"location"]
        # A page instead of a picture, most often one that asks to sign in, is no better than an error.
        if response.status != 200 or answered.get(b"content-type", "").lower().startswith(_HTML):
            raise RemoteError
        if answered.get(b"content-length", "0").isdigit() and int(answered.get(b"content-length", "0")) > bytes_max:
            raise RemoteTooLarge
        return _body_of(response, answered.get(b"content-encoding", ""), bytes_max=bytes_max, deadline=deadline), None


def _body_of(response: httpcore.Response, encoding: str, *, bytes_max: int, deadline: float) -> bytes:
    """The body, unpacked where a server packs what it was asked to send as it is; both sizes are bounded."""
    if encoding.lower() not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise RemoteError
    unpacker = zlib.decompressobj(wbits=_ANY_ZLIB_HEADER) if encoding.lower() not in ("", "identity") else None
    body = bytearray()
    received = 0
    for chunk in response.iter_stream():
        received += len(chunk)
        body += chunk if unpacker is None else unpacker.decompress(chunk, bytes_max + 1 - len(body))
        if max(received, len(body)) > bytes_max:
            raise RemoteTooLarge
        _left(deadline)
    if unpacker is not None and not unpacker.eof:
        raise RemoteError
    return bytes(body)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise RemoteTimeout
    return left


class _CheckedBackend(httpcore.NetworkBackend):
    """Opens connections only to addresses that were checked: resolves once, checks all answers, dials the first."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolve(host, port)
        if not addresses or not all(is_allowed(address) for address in addresses):
            raise UrlNotAllowed
        if port not in _PORTS and not _in_allowed_network(addresses[0]):
            raise UrlNotAllowed
        stream = self._inner.connect_tcp(str(addresses[0]), port, timeout=_left(self._deadline))
        return _DeadlineStream(stream, self._deadline)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise UrlNotAllowed

    def sleep(self, seconds: float) -> None:
        raise UrlNotAllowed


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every read and write ends by the deadline of the whole fetch: a byte a second does not renew it."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(min(max_bytes, _CHUNK_BYTES), timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=_left(self._deadline))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        secured = self._inner.start_tls(ssl_context, server_hostname, timeout=_left(self._deadline))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RemoteError from None
    return [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in found]


def is_allowed(address: Address) -> bool:
    """Whether a connection to this address may be opened: public unicast, or a network the owner has allowed."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if _in_allowed_network(address):
        return True
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def _in_allowed_network(address: Address) -> bool:
    return any(address in network for network in _allowed_networks() if network.version == address.version)


def _allowed_networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return _parse_networks(tuple(settings.FETCH_ALLOWED_NETWORKS))


@lru_cache(maxsize=8)
def _parse_networks(written: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in written)
