"""One part of the site goes away at a time: what callers are told meanwhile, and that it comes back by itself."""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from tests.faults.cluster import QUICK, Cluster, cluster_on
from tests.faults.customers import open_accounts, small_picture
from tests.servers.postgres import PostgresServer, running_postgres
from tests.servers.processes import free_port, short_folder, wait_until
from tests.servers.redis import RedisServer, running_redis
from tests.servers.site import SiteServer

pytestmark = pytest.mark.faults

SUBMIT = "/v1/image/remove-object"


@dataclass
class Stage:
    """A whole site on PostgreSQL and Redis: two web processes, one worker, an attendant."""

    cluster: Cluster
    postgres: PostgresServer
    redis: RedisServer
    key: str

    def client(self, web: int = 0) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.cluster.urls[web], headers=headers, timeout=90)

    def submit(self, *, key: str | None = None, **metadata: Any) -> httpx.Response:
        with self.client() as client:
            return client.post(
                SUBMIT,
                files={"image": ("photo.png", small_picture(), "image/png")},
                data={"bbox": "12,12,5,5", "metadata": json.dumps(metadata)},
                headers={"Idempotency-Key": key or str(uuid.uuid4())},
            )

    def job(self, job_id: str) -> tuple[str, int]:
        """Status and attempt."""
        with psycopg.connect(self.postgres.url) as connection:
            row = connection.execute("SELECT status, attempt FROM jobs_job WHERE id = %s", [job_id]).fetchone()
        assert row is not None
        return row[0], row[1]

    def counts(self) -> tuple[int, int, int]:
        """Jobs, ledger entries, idempotency records."""
        with psycopg.connect(self.postgres.url) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM jobs_job), (SELECT count(*) FROM billing_ledgerentry), "
                "(SELECT count(*) FROM jobs_idempotencyrecord)"
            ).fetchone()
        assert row is not None
        return row

    def wait_for(self, job_id: str, *statuses: str) -> tuple[str, int]:
        wait_until(lambda: self.job(job_id)[0] in statuses, what=f"Job {job_id} {statuses}", timeout_s=90)
        return self.job(job_id)


@pytest.fixture(scope="module")
def stage(pytestconfig: pytest.Config) -> Iterator[Stage]:
    with running_postgres() as postgres, running_redis() as redis, short_folder("outage-") as data:
        servers = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        site = SiteServer(root=pytestconfig.rootpath, data=data, port=free_port(), extra=QUICK | servers)
        with cluster_on(site, webs=2, worker_options=[[]]) as cluster:
            (key,) = open_accounts(site, ["outage"])
            cluster.wait_until_ready()
            yield Stage(cluster, postgres, redis, key)
            assert site.manage("check_ledger").strip() == "The ledger is in order."


@contextlib.contextmanager
def _full_disk(process_ids: list[int]) -> Iterator[None]:
    """Nothing that these processes write reaches the disk."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in process_ids}
    for pid, limits in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def test_with_a_broker_that_is_down_jobs_are_accepted_and_done_when_it_is_back(stage: Stage) -> None:
    stage.redis.kill()
    took_s, ids = [], []
    for _ in range(5):
        started = time.monotonic()
        answer = stage.submit()
        took_s.append(time.monotonic() - started)
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
    print(f"\nbroker down: submissions answered in {min(took_s):.2f} to {max(took_s):.2f} s")
    stage.redis.start()
    back_at = time.monotonic()

    ends = [stage.wait_for(job_id, "completed", "failed")[0] for job_id in ids]

    print(f"broker back: all done {time.monotonic() - back_at:.1f} s later")
    assert ends == ["completed"] * 5


def test_a_web_process_that_dies_between_commit_and_bell_loses_nothing(stage: Stage) -> None:
    key = str(uuid.uuid4())
    with pytest.raises(httpx.TransportError):
        stage.submit(key=key, die_before_ring=True)
    stage.cluster.wait_until_ready()

    with contextlib.suppress(httpx.TransportError):
        again = stage.submit(key=key, die_before_ring=True)
    while again.status_code == 409:  # the dead process still holds the key
        time.sleep(1)
        again = stage.submit(key=key, die_before_ring=True)

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert stage.wait_for(again.json()["id"], "completed", "failed")[0] == "completed"


def test_a_full_disk_refuses_uploads_and_holds_nothing(stage: Stage) -> None:
    before = stage.counts()
    with _full_disk([process.pid for process in stage.cluster.running("web")]):
        answer = stage.submit()
        assert stage.counts() == before

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert stage.submit().status_code == 202


def test_a_database_that_is_down_is_told_and_the_site_recovers_by_itself(stage: Stage) -> None:
    stage.postgres.kill()
    with stage.client() as client:
        started = time.monotonic()
        health = client.get("/healthz")
        health_s = time.monotonic() - started
        page = client.get("/status")
        answer = stage.submit()
        answer_s = time.monotonic() - started - health_s
    stage.postgres.start()
    print(f"\ndatabase down: /healthz answered after {health_s:.1f} s, a submission after {answer_s:.1f} s")
    back_at = time.monotonic()

    wait_until(lambda: stage.submit().status_code == 202, what="The API", timeout_s=60)

    print(f"database back: a submission was accepted {time.monotonic() - back_at:.1f} s later")
    assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    assert (page.status_code, "Something is wrong" in page.text) == (200, True)
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_worker_that_is_told_to_stop_finishes_what_it_does(stage: Stage) -> None:
    stage.cluster.wait_until_ready()
    ids = [stage.submit(sleep_s=2).json()["id"] for _ in range(2)]
    for job_id in ids:
        stage.wait_for(job_id, "processing")
    (worker,) = stage.cluster.ready_workers()
    worker.send_signal(signal.SIGTERM)

    worker.wait(60)

    assert [stage.job(job_id) for job_id in ids] == [("completed", 1)] * 2
    assert worker.returncode == 0


def test_the_job_of_a_killed_worker_is_done_by_another(stage: Stage) -> None:
    stage.cluster.wait_until_ready()
    job_id = stage.submit(sleep_s=2).json()["id"]
    stage.wait_for(job_id, "processing")
    (worker,) = stage.cluster.ready_workers()
    worker.kill()

    assert stage.wait_for(job_id, "completed", "failed") == ("completed", 2)


def test_a_job_that_kills_its_worker_is_given_up_after_three_attempts(stage: Stage) -> None:
    job_id = stage.submit(poison=True).json()["id"]

    assert stage.wait_for(job_id, "completed", "failed") == ("failed", 3)
    with stage.client() as client:
        job = client.get(f"/v1/image/{job_id}").json()
    assert (job["error"]["code"], job["credits_used"]) == ("worker_lost", 0)
