"""Uploads are bounded while they come in: too large ones are refused at once, slow ones hold nobody up."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.faults.customers import open_accounts, small_picture
from tests.servers.site import SiteServer, running_site

pytestmark = pytest.mark.live

SUBMIT = "/v1/image/remove-object"
UPLOAD_MB = 2
REQUEST_BYTES_MAX = 2 * UPLOAD_MB * 1_000_000 + 1_000_000
PATIENCE_S = 2
SLOW = 200


@pytest.fixture(scope="module")
def place(pytestconfig: pytest.Config) -> Iterator[tuple[SiteServer, str]]:
    """A site with small limits, and a key."""
    with running_site(
        root=pytestconfig.rootpath,
        PIXELSITE_UPLOAD_MB=str(UPLOAD_MB),
        PIXELSITE_UPLOAD_PATIENCE_S=str(PATIENCE_S),
    ) as site:
        (key,) = open_accounts(site, ["uploads"])
        yield site, key


@pytest.fixture
def site(place: tuple[SiteServer, str]) -> SiteServer:
    return place[0]


@pytest.fixture
def api(place: tuple[SiteServer, str]) -> Iterator[httpx.Client]:
    site, key = place
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        yield client


def _head(api: httpx.Client, *headers: str) -> bytes:
    lines = (f"POST {SUBMIT} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {api.headers['Authorization']}", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def _connected(site: SiteServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), timeout=20)


def _answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Everything up to the end of the connection, as status and JSON."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def _temporary_files(site: SiteServer) -> list[str]:
    assert site.process is not None
    open_files = [str(path.readlink()) for path in Path(f"/proc/{site.process.pid}/fd").iterdir() if path.is_symlink()]
    return [name for name in open_files if name.endswith("(deleted)") and "memfd" not in name]


def _jobs(api: httpx.Client) -> int:
    return len(api.get("/v1/account/usage").json()["results"])


def test_a_body_that_says_it_is_too_large_is_refused_before_a_byte_of_it(api: httpx.Client, site: SiteServer) -> None:
    with _connected(site) as connection:
        connection.sendall(_head(api, "Content-Type: multipart/form-data; boundary=x", "Content-Length: 10000000000"))
        connection.shutdown(socket.SHUT_WR)

        status, body = _answer(connection)

    assert (status, body["code"]) == (413, "file_too_large")


def test_a_streamed_body_is_cut_off_at_the_limit(api: httpx.Client, site: SiteServer) -> None:
    chunk, sent = b"0" * 100_000, 0
    with _connected(site) as connection:
        connection.sendall(_head(api, "Content-Type: application/json", "Transfer-Encoding: chunked"))
        while sent <= REQUEST_BYTES_MAX:
            connection.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            sent += len(chunk)

        status, body = _answer(connection)

    assert (status, body["code"]) == (413, "file_too_large")
    assert _temporary_files(site) == []


def test_a_client_that_reads_only_when_it_has_sent_everything_reads_the_refusal(api: httpx.Client) -> None:
    answer = api.post(SUBMIT, content=iter([b"0" * 1_000_000] * 12), headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


def test_a_single_file_over_its_limit_is_named(api: httpx.Client) -> None:
    answer = api.post(SUBMIT, files={"image": ("a.png", b"0" * (UPLOAD_MB * 1_000_000 + 1))}, data={"bbox": "1,1,5,5"})

    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (413, "file_too_large", "image")


def test_a_small_file_that_takes_for_ever_to_decode_is_refused(api: httpx.Client) -> None:
    """A progressive JPEG of a thousand scans, each a dozen bytes that stand for the whole picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (2000, 2000), "gray").save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last_scan = data[data.rindex(b"\xff\xda") : -2]

    answer = api.post(
        SUBMIT, files={"image": ("a.jpg", data[:-2] + last_scan * 1000 + data[-2:])}, data={"bbox": "1,1,5,5"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "image_too_complex")


def test_an_upload_that_stops_half_way_leaves_nothing(api: httpx.Client, site: SiteServer) -> None:
    before = _jobs(api)
    with _connected(site) as connection:
        connection.sendall(_head(api, "Content-Type: application/json", "Content-Length: 4000000") + b"0" * 3_000_000)

    time.sleep(0.5)  # the site has noticed
    assert (_temporary_files(site), _jobs(api)) == ([], before)


def test_an_upload_that_trickles_is_given_up(api: httpx.Client, site: SiteServer) -> None:
    with _connected(site) as connection:
        connection.sendall(_head(api, "Content-Type: application/json", "Content-Length: 1000") + b"{")

        status, body = _answer(connection)

    assert (status, body["code"]) == (408, "upload_too_slow")


def test_slow_uploads_hold_nobody_up(api: httpx.Client, site: SiteServer) -> None:
    """Two hundred connections that send a byte now and then, and submissions in between."""

    async def trickle() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(_head(api, "Content-Type: application/json", "Content-Length: 1000"))
        for _ in range(10):
            writer.write(b" ")
            await asyncio.sleep(0.1)
        writer.close()

    async def meanwhile() -> list[tuple[int, float]]:
        await asyncio.sleep(0.3)
        return [await asyncio.to_thread(_timed_submission, api) for _ in range(10)]

    async def both() -> list[tuple[int, float]]:
        slow = [asyncio.create_task(trickle()) for _ in range(SLOW)]
        answers = await meanwhile()
        await asyncio.gather(*slow, return_exceptions=True)
        return answers

    answers = asyncio.run(both())

    print(f"\nsubmissions beside {SLOW} slow uploads: {max(seconds for _, seconds in answers):.2f} s at most")
    assert [status for status, _ in answers] == [202] * 10


def _timed_submission(api: httpx.Client) -> tuple[int, float]:
    started = time.perf_counter()
    answer = api.post(SUBMIT, files={"image": ("photo.png", small_picture(), "image/png")}, data={"bbox": "12,12,5,5"})
    return answer.status_code, time.perf_counter() - started
