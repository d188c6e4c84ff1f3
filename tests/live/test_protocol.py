"""What only a real server can be sent: headers twice, lengths that lie, odd methods, forged addresses."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.customers import small_picture
from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

SUBMIT = "/v1/image/remove-object"
BALANCE = "/v1/account/balance"
BODY = (
    b'--x\r\nContent-Disposition: form-data; name="bbox"\r\n\r\n12,12,5,5\r\n'
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    + small_picture()
    + b"\r\n--x--\r\n"
)
_SILENCE_S = 2
# More than two windows of a minute let through.
MORE_THAN_ANY_MINUTE = 125


@pytest.fixture(scope="module")
def key(live_site: LiveSite) -> str:
    """Of an account of this file's own."""
    return live_site.manage("createapikey", f"protocol-{time.monotonic_ns()}@example.com").strip()


@pytest.fixture
def api(live_site: LiveSite, key: str) -> Iterator[httpx.Client]:
    with live_site.api(key) as client:
        yield client


def _jobs(api: httpx.Client) -> list[str]:
    """Ids of the account's jobs."""
    return [job["id"] for job in api.get("/v1/account/usage?limit=100").json()["results"]]


def _request(key: str, *headers: str, method: str = "POST", path: str = SUBMIT) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}"]
    return "\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=x", *headers, "", ""]).encode()


def _exchange(site: LiveSite, sent: bytes) -> bytes:
    """Send, and return everything that was answered until the connection ended or nothing more came."""
    received = b""
    with socket.create_connection(("127.0.0.1", site.port), timeout=_SILENCE_S) as connection:
        connection.sendall(sent)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65_536):
                received += chunk
    return received


def _statuses(received: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3})", received)]


def test_the_request_that_the_others_spoil_is_a_good_one(live_site: LiveSite, api: httpx.Client, key: str) -> None:
    before = _jobs(api)

    received = _exchange(live_site, _request(key, f"Content-Length: {len(BODY)}", "Connection: close") + BODY)

    assert (_statuses(received), len(_jobs(api))) == ([202], len(before) + 1)


LYING: dict[str, tuple[list[str], bytes]] = {
    "smaller": ([f"Content-Length: {len(BODY) // 2}"], BODY),
    "larger": ([f"Content-Length: {len(BODY) + 50}"], BODY),
    "negative": (["Content-Length: -1"], BODY),
    "no number": (["Content-Length: 1_0"], BODY),
    "twice, different": ([f"Content-Length: {len(BODY)}", "Content-Length: 5"], BODY),
    "beside chunks": (
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    ),
    "chunked by another name": (["Content-Length: 5", "Transfer-Encoding : chunked"], b"0\r\n\r\n" + BODY),
    "chunks of no size": (["Transfer-Encoding: chunked"], b"x\r\n" + BODY),
    "chunks that end early": (["Transfer-Encoding: chunked"], b"%x\r\n%s" % (len(BODY), BODY[:50])),
}


@pytest.mark.parametrize(("headers", "body"), LYING.values(), ids=LYING.keys())
def test_a_length_that_lies_starts_no_second_request(
    live_site: LiveSite, api: httpx.Client, key: str, headers: list[str], body: bytes
) -> None:
    before = _jobs(api)

    received = _exchange(live_site, _request(key, *headers) + body)

    assert set(_statuses(received)) <= {400}
    assert _jobs(api) == before


def test_a_request_hidden_behind_two_lengths_is_not_answered(live_site: LiveSite, key: str) -> None:
    hidden = _request(key, method="GET", path=BALANCE)
    received = _exchange(
        live_site,
        _request(key, f"Content-Length: {len(hidden) + 5}", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + hidden,
    )

    assert b"credits_remaining" not in received


def test_two_authorization_headers_are_refused(live_site: LiveSite, api: httpx.Client, key: str) -> None:
    again = f"Authorization: Bearer {key}"
    received = _exchange(live_site, _request(key, again, "Connection: close", method="GET", path=BALANCE))

    assert _statuses(received) == [400]
    assert b'"code":"duplicate_header"' in received
    assert b"x-ratelimit-limit" in received.lower()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "HEAD"])
def test_another_method_is_refused(api: httpx.Client, method: str) -> None:
    answer = api.request(method, SUBMIT)

    assert (answer.status_code, "POST" in answer.headers["allow"]) == (405, True)
    assert "x-ratelimit-limit" in answer.headers
    assert api.headers["authorization"].split()[1] not in answer.text


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_no_other_site_is_let_in(api: httpx.Client, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    answers = [api.request(method, path, headers=headers) for path in (SUBMIT, BALANCE, "/editor/jobs/", "/dashboard/")]

    assert [name for answer in answers for name in answer.headers if name.startswith("access-control-")] == []


def test_another_host_is_refused(api: httpx.Client) -> None:
    assert api.get(BALANCE, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("from_address", "forwarded"),
    [
        pytest.param("127.0.0.2", "1.2.3.{0}", id="straight to the site"),
        pytest.param("127.0.0.1", "1.2.3.{0}, 9.9.9.9", id="through a proxy on this machine"),
    ],
)
def test_forwarded_addresses_do_not_multiply_the_limit(live_site: LiveSite, from_address: str, forwarded: str) -> None:
    with httpx.Client(base_url=live_site.url, transport=httpx.HTTPTransport(local_address=from_address)) as client:
        statuses = [
            client.get(BALANCE, headers={"X-Forwarded-For": forwarded.format(number)}).status_code
            for number in range(MORE_THAN_ANY_MINUTE)
        ]

    assert set(statuses) == {401, 429}


def test_a_key_in_the_address_is_not_logged(live_site: LiveSite, key: str) -> None:
    answer = httpx.get(f"{live_site.url}{BALANCE}", params={"api_key": key})

    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_in_url")
    assert key not in answer.text + live_site.log.read_text()


def test_a_form_that_breaks_off_is_refused_whole(api: httpx.Client) -> None:
    before = _jobs(api)

    answer = api.post(SUBMIT, content=BODY[:-12], headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert (answer.status_code, answer.json()["code"], _jobs(api)) == (400, "multipart_invalid", before)
