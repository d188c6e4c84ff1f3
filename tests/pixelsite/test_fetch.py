"""Fetching an address a caller gave us: what is let through, and that nothing private is ever connected to."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpcore
import pytest

from pixelsite.lib import fetch
from tests.hostile.addresses import ADDRESSES
from tests.pixelsite.remote import ADDRESS, BODY, Canary, Remote, running_remote

ALLOWED = [f"{ADDRESS}/32"]
PUBLIC = "93.184.215.14"
LIMIT = 100_000


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    with running_remote() as server:
        yield server


@pytest.fixture(scope="module")
def secure_remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A server whose certificate nobody has signed."""
    with running_remote(certificate_folder=tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture
def remote_allowed(settings: Any) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ALLOWED


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Addresses that something tried to connect to; none of them is."""
    tried: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


@pytest.fixture
def canary() -> Iterator[Canary]:
    """Listeners on 127.0.0.1 and ::1 that count who comes."""
    with Canary() as listening:
        yield listening


def _resolver(*answers: tuple[str, ...]) -> Callable[..., Any]:
    """A name server that gives these answers in turn, over and over. An address is its own answer."""
    turns = cycle(answers)

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        found = (host,) if host[0].isdigit() else next(turns)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return resolve


def _fetch(url: str, bytes_max: int = LIMIT) -> bytes:
    return fetch.fetch_bytes(url, bytes_max=bytes_max, param="image_url")


@pytest.mark.usefixtures("remote_allowed")
@pytest.mark.parametrize("path", ["/image", "/moved", "/moved-3-times", "/image-packed", "/chunked"])
def test_a_file_is_fetched_and_redirects_followed(remote: Remote, path: str) -> None:
    assert _fetch(remote.url + path) == BODY


@pytest.mark.usefixtures("remote_allowed")
@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/to-loopback", fetch.UrlNotAllowed),
        ("/to-metadata", fetch.UrlNotAllowed),
        ("/to-private", fetch.UrlNotAllowed),
        ("/to-file", fetch.UrlSchemeNotAllowed),
        ("/to-credentials", fetch.UrlCredentials),
        ("/moved-4-times", fetch.RemoteError),
        ("/loop", fetch.RemoteError),
        ("/liar", fetch.RemoteTooLarge),
        ("/endless", fetch.RemoteTooLarge),
        ("/endless-chunks", fetch.RemoteTooLarge),
        ("/packed-bomb", fetch.RemoteTooLarge),
        ("/endless-packed-nothing", fetch.RemoteTooLarge),
    ],
)
def test_a_bad_answer_is_refused(remote: Remote, path: str, refusal: type[fetch.UrlNotAllowed]) -> None:
    with pytest.raises(refusal) as caught:
        _fetch(remote.url + path)

    assert (type(caught.value), caught.value.param, caught.value.status) == (refusal, "image_url", 422)


@pytest.mark.usefixtures("remote_allowed")
def test_a_redirect_leads_nobody_to_loopback(remote: Remote, canary: Canary) -> None:
    remote.canary_url = canary.url

    with pytest.raises(fetch.UrlNotAllowed) as caught:
        _fetch(f"{remote.url}/to-canary")

    assert (caught.value.code, canary.hits()) == ("url_not_allowed", 0)


@pytest.mark.usefixtures("remote_allowed")
def test_whatever_a_server_does_wrong_is_told_in_the_same_words(remote: Remote, secure_remote: Remote) -> None:
    wrong = ["missing", "broken", "page", "cut-short", "cut-packed", "unknown-packing", "no-http", "no-content"]
    texts = set()
    for url in [*(f"{remote.url}/{name}" for name in wrong), f"{secure_remote.url}/image", f"http://{ADDRESS}:1/"]:
        with pytest.raises(fetch.RemoteError) as caught:
            _fetch(url)
        texts.add((caught.value.code, caught.value.message))

    assert len(texts) == 1


@pytest.mark.usefixtures("remote_allowed")
@pytest.mark.parametrize("path", ["/liar", "/endless", "/endless-chunks", "/packed-bomb", "/endless-packed-nothing"])
def test_no_more_is_read_than_the_limit_and_a_chunk(remote: Remote, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = fetch._DeadlineStream.read

    def counted(self: Any, max_bytes: int, timeout: float | None = None) -> bytes:
        data = original(self, max_bytes, timeout)
        read.append(len(data))
        return data

    monkeypatch.setattr(fetch._DeadlineStream, "read", counted)
    with pytest.raises(fetch.RemoteTooLarge):
        _fetch(remote.url + path)

    assert sum(read) <= LIMIT + 64 * 1024


@pytest.mark.usefixtures("remote_allowed")
def test_a_packed_bomb_is_not_unpacked_beyond_the_limit(remote: Remote) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(fetch.RemoteTooLarge):
            _fetch(f"{remote.url}/packed-bomb")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5_000_000


@pytest.mark.usefixtures("remote_allowed")
@pytest.mark.parametrize("path", ["/drip", "/drip-of-headers", "/silence"])
def test_a_slow_answer_is_given_up_at_the_total_limit(
    remote: Remote, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each byte comes in time for a limit on reading: only the whole is too long.
    monkeypatch.setattr(fetch, "_TOTAL_S", 0.4)

    with pytest.raises(fetch.RemoteTimeout):
        _fetch(remote.url + path)


@pytest.mark.usefixtures("remote_allowed")
def test_nothing_of_the_environment_goes_along(
    remote: Remote, canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    (tmp_path / ".netrc").write_text("machine 127.0.0.2 login alice password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    assert _fetch(remote.url + "/image") == BODY
    assert (canary.hits(), set(remote.headers) & {"authorization", "cookie", "proxy-authorization"}) == (0, set())


@pytest.mark.usefixtures("remote_allowed")
def test_the_file_is_asked_for_as_it_is(remote: Remote) -> None:
    _fetch(remote.url + "/image")

    assert remote.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("number", "url", "code"), ADDRESSES)
def test_a_forbidden_address_is_refused_without_a_connection(
    number: int, url: str, code: str, dialled: list[Any], settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]

    for refuse in (_fetch, lambda url: fetch.check_address(url, param="image_url")):
        with pytest.raises(fetch.UrlNotAllowed) as caught:
            refuse(url)
        assert (caught.value.code, caught.value.param) == (code, "image_url")
    assert dialled == []


def test_nobody_knocks_at_loopback(canary: Canary) -> None:
    port = canary.port
    spellings = [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
    ]
    for url in [f"http://{host}:{port}/" for host in spellings] + [f"http://{host}/" for host in spellings]:
        with pytest.raises(fetch.UrlNotAllowed):
            _fetch(url)

    assert canary.hits() == 0


@pytest.mark.parametrize("url", ["http://shop.example/x", "https://SHOP.example./", "http://files.shop.example/x"])
def test_the_site_does_not_call_itself(url: str, settings: Any, dialled: list[Any]) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://shop.example", ["shop.example", ".shop.example"]

    with pytest.raises(fetch.UrlNotAllowed) as caught:
        _fetch(url)

    assert (caught.value.code, "own address" in caught.value.message, dialled) == ("url_not_allowed", True, [])


@pytest.mark.usefixtures("remote_allowed")
def test_the_site_does_not_call_itself_even_in_an_allowed_network(settings: Any, dialled: list[Any]) -> None:
    settings.SITE_URL = f"http://{ADDRESS}:8000"

    with pytest.raises(fetch.UrlNotAllowed):
        _fetch(f"http://{ADDRESS}:8000/v1/models")
    with pytest.raises(fetch.RemoteError):
        _fetch(f"http://{ADDRESS}:9000/")  # another program of the same machine

    assert dialled == [(ADDRESS, 9000)]


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1"])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_private_answer_among_public_ones_refuses_the_name(
    bad: str, is_first: bool, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    answers = (bad, PUBLIC) if is_first else (PUBLIC, bad)
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(answers))

    with pytest.raises(fetch.UrlNotAllowed) as caught:
        _fetch("http://two-faced.example/")

    assert (caught.value.code, dialled) == ("url_not_allowed", [])


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch, dialled: list[Any]) -> None:
    # Public when it is checked, the cloud's metadata when it is connected to, and so on.
    monkeypatch.setattr(socket, "getaddrinfo", _resolver((PUBLIC,), ("169.254.169.254",)))
    for _ in range(1_000):
        with pytest.raises(fetch.UrlNotAllowed):
            _fetch("http://rebinding.example/")

    assert set(dialled) == {(PUBLIC, 80)}


def test_a_name_that_cannot_be_resolved_is_a_remote_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(fetch.RemoteError):
        _fetch("http://nowhere.example/")


@pytest.mark.parametrize("url", [f"http://{PUBLIC}/", f"http://{PUBLIC}:443/x?y#z", "https://xn--fa-hia.example/"])
def test_a_public_address_is_dialled(url: str, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolver((PUBLIC,)))

    with pytest.raises(fetch.RemoteError):
        _fetch(url)

    assert [address[0] for address in dialled] == [PUBLIC]


def test_a_socket_of_this_machine_is_no_address() -> None:
    with pytest.raises(fetch.UrlNotAllowed):
        fetch._CheckedBackend(deadline=0).connect_unix_socket("/run/docker.sock")
    assert issubclass(fetch._CheckedBackend, httpcore.NetworkBackend)
