"""Everything that can go wrong, at random, while customers submit; afterwards nothing is lost, doubled or left behind.

The short form is part of `make test`; `make faults` runs the long one (FAULTS_JOBS, FAULTS_SEED).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import QUICK, Cluster, Faults, cluster_on
from tests.faults.customers import Customers, open_accounts
from tests.faults.sink import Sink, running_sink
from tests.servers.postgres import running_postgres
from tests.servers.processes import free_port, short_folder
from tests.servers.redis import running_redis
from tests.servers.site import SiteServer

pytestmark = pytest.mark.faults

JOBS = int(os.environ.get("FAULTS_JOBS", "500"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.SystemRandom().randrange(10**6))))
_SETTLED_S_MAX = 300


def _site(root: Path, data: Path, **environment: str) -> SiteServer:
    return SiteServer(root=root, data=data, port=free_port(), extra=QUICK | environment)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def _befall(faults: Faults, menu: list[Callable[[], None]], until: threading.Event, pause_s: float) -> None:
    """Each fault once in an order of its own, then again, until told to stop."""
    while True:
        for fault in faults.random.sample(menu, len(menu)):
            if until.wait(pause_s):
                return
            faults.happen(fault)


def _settled(cluster: Cluster, timeout_s: float = _SETTLED_S_MAX) -> dict[str, Any]:
    """Audit until nothing is wrong, or the time is up."""
    deadline = time.monotonic() + timeout_s
    while True:
        facts: dict[str, Any] = cluster.audit()
        if not facts["wrong"] or time.monotonic() > deadline:
            return facts
        time.sleep(2)


def _report(title: str, facts: dict[str, Any], faults: Faults, customers: Customers, started: float) -> None:
    cluster = faults.cluster
    happened = {name: faults.done.count(name) for name in sorted(set(faults.done))}
    print(
        f"\n{title}, seed {SEED}: {len(facts['jobs'])} jobs final after {time.monotonic() - started:.0f} s; "
        f"{happened}; workers started {cluster.starts('worker')} times, webs {cluster.starts('web')}; "
        f"attempts {facts['attempts']}, errors {facts['errors']}; {customers.repeats} submissions repeated"
    )


def _assert_nothing_lost(facts: dict[str, Any], customers: Customers, sink: Sink) -> None:
    assert facts["wrong"] == []
    assert set(customers.accepted.values()) == set(facts["jobs"])  # no job without a customer, none without a row
    assert len(customers.accepted) == len(facts["jobs"])  # no key made two jobs
    assert set(sink.accepted) >= set(facts["events"])  # every event arrived, under its own id
    assert all(body["data"]["id"] == facts["events"][event] for event, all_ in sink.accepted.items() for body in all_)
    assert customers.odd_answers == []


def test_nothing_is_lost_on_postgresql_and_redis(pytestconfig: pytest.Config, sink: Sink) -> None:
    with running_postgres() as postgres, running_redis() as redis, short_folder("faults-") as data:
        site = _site(pytestconfig.rootpath, data, DATABASE_URL=postgres.url, REDIS_URL=redis.url)
        # One worker's clock is two minutes ahead.
        with cluster_on(site, webs=2, worker_options=[[], ["--skew", "120"]]) as cluster:
            started = time.monotonic()
            keys = open_accounts(site, ["ann", "ben", "cleo"])
            customers = Customers(cluster.urls, keys, sink.url, SEED, poison_every=max(250, JOBS // 10))
            faults = Faults(cluster, random.Random(SEED), postgres, redis)
            menu = [
                faults.kill_worker, faults.kill_worker, faults.kill_web, faults.kill_attendant, faults.freeze_worker,
                faults.fill_disk, faults.ring_needlessly, faults.restart_broker, faults.restart_database,
            ]  # fmt: skip
            over = threading.Event()
            fate = threading.Thread(target=_befall, args=(faults, menu, over, 1.0))
            fate.start()
            try:
                customers.submit(JOBS)
                while len(faults.done) < len(menu):  # each fault has happened
                    time.sleep(0.2)
            finally:
                over.set()
                fate.join()
            facts = _settled(cluster)
            _report("PostgreSQL and Redis", facts, faults, customers, started)

    _assert_nothing_lost(facts, customers, sink)
    assert all(end == ["failed", "worker_lost", 3] for end in facts["poisoned"].values())


def test_nothing_is_lost_on_sqlite_with_a_worker_that_dies_over_and_over(
    pytestconfig: pytest.Config, sink: Sink
) -> None:
    with short_folder("faults-") as data:
        site = _site(pytestconfig.rootpath, data)
        with cluster_on(site, webs=1, worker_options=[[]]) as cluster:
            started = time.monotonic()
            customers = Customers(cluster.urls, open_accounts(site, ["ann", "ben"]), sink.url, SEED)
            faults = Faults(cluster, random.Random(SEED))
            over = threading.Event()
            fate = threading.Thread(target=_befall, args=(faults, [faults.kill_worker], over, 2.5))
            fate.start()
            try:
                customers.submit(JOBS // 5)
                while len(faults.done) < 4:
                    time.sleep(0.2)
            finally:
                over.set()
                fate.join()
            facts = _settled(cluster)
            _report("SQLite and files", facts, faults, customers, started)

    _assert_nothing_lost(facts, customers, sink)


def test_without_the_sweeper_and_with_early_acknowledgement_the_same_audit_finds_lost_jobs(
    pytestconfig: pytest.Config, sink: Sink
) -> None:
    """The negative control: a fault test that cannot fail proves nothing."""
    with running_postgres() as postgres, running_redis() as redis, short_folder("faults-") as data:
        site = _site(pytestconfig.rootpath, data, DATABASE_URL=postgres.url, REDIS_URL=redis.url)
        with cluster_on(site, webs=1, worker_options=[["--naive"]], has_attendant=False) as cluster:
            customers = Customers(cluster.urls, open_accounts(site, ["ann"]), sink.url, SEED, poison_every=20)
            customers.submit(40)  # two of them kill their worker in the middle of the work
            facts = _settled(cluster, timeout_s=10)

    assert any("is processing" in offence for offence in facts["wrong"])
