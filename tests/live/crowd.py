"""Many callers at one instant, each on a connection of its own that is open already, to several web processes."""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.faults.cluster import Cluster, cluster_on
from tests.servers.processes import free_port, short_folder
from tests.servers.redis import own_database
from tests.servers.site import SiteServer
from tests.servers.stack import _own_database

SUBMIT = "/v1/image/remove-object"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, made beforehand."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def several_webs(root: Path, *, webs: int = 2, **environment: str) -> Iterator[Cluster]:
    """Web processes without a worker, on the servers this test run was given, if any."""
    given: dict[str, str] = {}
    if "REDIS_URL" in os.environ:
        given["REDIS_URL"] = own_database(os.environ["REDIS_URL"], -1)  # sites of one process are numbered from 1
    with short_folder("webs-") as data, _own_database() as database:
        site = SiteServer(root=root, data=data, port=free_port(), extra=given | database | environment)
        with cluster_on(site, webs=webs, worker_options=[], has_attendant=False) as cluster:
            cluster.wait_until_ready()
            yield cluster


def post_of(url: str, *, key: str, picture: bytes, fields: Mapping[str, str], **headers: str) -> Call:
    """A submission of this picture, ready to be sent; `headers` are named with underscores."""
    request = httpx.Request(
        "POST",
        url + SUBMIT,
        files={"image": ("photo.png", picture, "image/png")},
        data=dict(fields),
        headers={"Authorization": f"Bearer {key}"} | {name.replace("_", "-"): text for name, text in headers.items()},
    )
    return Call(url=url + SUBMIT, body=request.read(), headers=dict(request.headers))


def batch_of(url: str, *, key: str, picture: bytes, count: int) -> Call:
    """A batch of so many of these pictures, ready to be sent."""
    request = httpx.Request(
        "POST",
        f"{url}{SUBMIT}/batch",
        files=[("images", (f"{number}.png", picture, "image/png")) for number in range(count)],
        data={"bbox": "12,12,5,5"},
        headers={"Authorization": f"Bearer {key}"},
    )
    return Call(url=str(request.url), body=request.read(), headers=dict(request.headers))


def send_together(calls: Sequence[Call]) -> list[Reply]:
    """Send all of them at one instant, each from a thread of its own."""
    together = threading.Barrier(len(calls))

    def send(call: Call) -> Reply:
        where = urlsplit(call.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
        try:
            connection.connect()
            together.wait(60)
            connection.request("POST", where.path, body=call.body, headers=dict(call.headers))
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, calls))
