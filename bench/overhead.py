"""What the site adds to the work itself: from submission to completion with an engine that takes no time.

python -m bench.overhead [--jobs 200]

Real processes: one web, one worker with two threads, PostgreSQL, Redis. A picture of 32 by 32 pixels. One job at a time
and twenty at a time; the end is learned by `Prefer: wait` or from the stream of events. Pipeline is what the receipt
says of decoding to encoding; the rest is overhead: two requests, the database, the broker, and being told.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.machine import describe
from tests.faults import engine
from tests.faults.cluster import cluster_on
from tests.faults.customers import open_accounts, small_picture
from tests.servers.postgres import running_postgres
from tests.servers.processes import free_port, short_folder
from tests.servers.redis import running_redis
from tests.servers.site import SiteServer

_ROOT = Path(__file__).resolve().parent.parent
_SUBMIT = "/v1/image/remove-object"
_WARM = 20


@dataclass(frozen=True)
class Timed:
    total_s: float
    pipeline_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    run(parser.parse_args().jobs)


def run(jobs: int) -> None:
    """Print the table."""
    print(f"\n## From submission to completion, engine that takes no time, {jobs} jobs each\n\n{describe()}\n")
    with running_postgres() as postgres, running_redis() as redis, short_folder("overhead-") as data:
        settings = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "PIXELSITE_ENGINES": engine.NAME,
            "PIXELSITE_LOG_LEVEL": "WARNING",
        }
        site = SiteServer(root=_ROOT, data=data, port=free_port(), extra=settings)
        with cluster_on(site, webs=1, worker_options=[[]]) as cluster:
            (key,) = open_accounts(site, ["overhead"])
            cluster.wait_until_ready()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=cluster.urls[0], headers=headers, timeout=90) as client:
                _print_table(client, jobs)


def _print_table(client: httpx.Client, jobs: int) -> None:
    print(
        "| told by | at a time | p50, ms | p99, ms | of that pipeline, p50, ms | jobs/s |\n| --- | --- | --- | --- | --- | --- |"
    )
    picture = small_picture()
    for name, submit in (("Prefer: wait", _by_waiting), ("events", _by_events)):
        for at_once in (1, 20):
            _timed(client, picture, submit, at_once, _WARM)
            started = time.perf_counter()
            timed = _timed(client, picture, submit, at_once, jobs)
            rate = jobs / (time.perf_counter() - started)
            totals = sorted(one.total_s * 1000 for one in timed)
            pipeline = statistics.median(one.pipeline_s * 1000 for one in timed)
            print(
                f"| {name} | {at_once} | {statistics.median(totals):.0f} | {totals[int(len(totals) * 0.99)]:.0f} | "
                f"{pipeline:.0f} | {rate:.1f} |",
                flush=True,
            )


def _timed(
    client: httpx.Client,
    picture: bytes,
    submit: Callable[[httpx.Client, dict[str, Any]], dict[str, Any]],
    at_once: int,
    jobs: int,
) -> list[Timed]:
    sent = {"files": {"image": ("photo.png", picture, "image/png")}, "data": {"bbox": "12,12,5,5"}}

    def one(_: int) -> Timed:
        started = time.perf_counter()
        job = submit(client, sent)
        total_s = time.perf_counter() - started
        assert job["status"] == "completed", job
        return Timed(total_s, sum(job["receipt"]["seconds"].values()))

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, range(jobs)))


def _by_waiting(client: httpx.Client, sent: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(_SUBMIT, headers={"Prefer": "wait=60"}, **sent).json()
    return answer


def _by_events(client: httpx.Client, sent: dict[str, Any]) -> dict[str, Any]:
    job_id = client.post(_SUBMIT, **sent).json()["id"]
    job: dict[str, Any] = {}
    with client.stream("GET", f"/v1/image/{job_id}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                job = json.loads(line.removeprefix("data: "))
    return job


if __name__ == "__main__":
    main()
