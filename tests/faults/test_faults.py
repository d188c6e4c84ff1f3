"""Everything that can go wrong, at random, while customers submit; afterwards nothing is lost, doubled or left behind.

The short form is part of `make test`; `make faults` runs the long one (FAULTS_JOBS, FAULTS_SEED).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import LEASE_S, QUICK, Faults, audit, cluster_on
from tests.faults.customers import Customers, open_accounts
from tests.faults.sink import Sink, running_sink
from tests.servers.postgres import running_postgres
from tests.servers.processes import free_port, short_folder, wait_until
from tests.servers.redis import running_redis
from tests.servers.site import SiteServer

pytestmark = pytest.mark.faults

JOBS = int(os.environ.get("FAULTS_JOBS", "500"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.SystemRandom().randrange(10**6))))
_ACCEPTED_S_MAX = max(240, JOBS // 5)
_SETTLED_S_MAX = 300
_KILLS_ON_SQLITE = 4
# To start a worker takes seconds of a core: at one fault a second a long run would measure little else.
_PAUSE_S = 1.0 if JOBS <= 1000 else 5.0


@pytest.fixture(autouse=True)
def _seed_is_told() -> None:
    print(f"\nFAULTS_SEED={SEED} FAULTS_JOBS={JOBS} repeats this run's choices")  # shown with every failure


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


def _site(root: Path, data: Path, **environment: str) -> SiteServer:
    # A look for orphans visits the folders of all jobs.
    quick = QUICK | {"PIXELSITE_ORPHAN_S": str(max(8, JOBS // 250))}
    return SiteServer(root=root, data=data, port=free_port(), extra=quick | environment)


class _Fate(threading.Thread):
    """Each fault once in an order of its own, then again, until told to stop."""

    def __init__(self, faults: Faults, menu: list[Callable[[], None]], pause_s: float) -> None:
        super().__init__(name="fate")
        self._faults, self._menu, self._pause_s = faults, menu, pause_s
        self._over = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        try:
            while True:
                for fault in self._faults.random.sample(self._menu, len(self._menu)):
                    if self._over.wait(self._pause_s):
                        return
                    self._faults.happen(fault)
        except BaseException as error:  # noqa: BLE001  # raised again by `stop`, in the test's thread
            self._failure = error

    def end_after(self, count: int) -> None:
        """Return once so many faults have happened, or none will any more."""
        while self.is_alive() and len(self._faults.done) < count:
            time.sleep(0.2)

    def stop(self) -> None:
        self._over.set()
        self.join()
        if self._failure is not None:
            raise self._failure


@contextmanager
def _befallen_by(faults: Faults, menu: list[Callable[[], None]], pause_s: float) -> Iterator[_Fate]:
    fate = _Fate(faults, menu, pause_s)
    fate.start()
    try:
        yield fate
    finally:
        fate.stop()


def _report(title: str, facts: dict[str, Any], faults: Faults, customers: Customers, seconds: list[float]) -> None:
    cluster = faults.cluster
    happened = {name: faults.done.count(name) for name in sorted(set(faults.done))}
    accepted_s, asked_s = seconds
    print(
        f"\n{title}, seed {SEED}: {len(facts['jobs'])} jobs accepted in {accepted_s:.0f} s, "
        f"final after {asked_s + facts['final_after_s']:.0f} s, tidy after {asked_s + facts['tidy_after_s']:.0f} s; "
        f"{sum(happened.values())} faults {happened}; workers started {cluster.starts('worker')} times, webs "
        f"{cluster.starts('web')}, attendant {cluster.starts('attendant')}; attempts {facts['attempts']}, "
        f"errors {facts['errors']}, of them {facts['innocent_lost']} beside a poisoned job or a fault; "
        f"{customers.repeats} submissions repeated"
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
            keys = open_accounts(site, ["ann", "ben", "cleo"])
            customers = Customers(
                cluster.urls, keys, sink.url, SEED, poison_every=max(250, JOBS // 10), die_every=max(250, JOBS // 20)
            )
            faults = Faults(cluster, random.Random(SEED), postgres, redis)
            menu = [
                faults.kill_worker, faults.kill_worker, faults.kill_web, faults.kill_attendant, faults.freeze_worker,
                faults.kill_decoder, faults.fill_disk, faults.ring_needlessly, faults.restart_broker,
                faults.restart_database,
            ]  # fmt: skip
            started = time.monotonic()
            with _befallen_by(faults, menu, _PAUSE_S) as fate:
                customers.submit(JOBS, give_up_after_s=_ACCEPTED_S_MAX)
                accepted_s = time.monotonic() - started
                fate.end_after(len(menu))
            asked_s = time.monotonic() - started
            facts = audit(site, within_s=_SETTLED_S_MAX)
            _report("PostgreSQL and Redis", facts, faults, customers, [accepted_s, asked_s])

    _assert_nothing_lost(facts, customers, sink)
    assert facts["poisoned"]
    assert all(end == ["failed", "worker_lost", 3] for end in facts["poisoned"].values())


def test_nothing_is_lost_on_sqlite_with_a_worker_that_dies_over_and_over(
    pytestconfig: pytest.Config, sink: Sink
) -> None:
    with short_folder("faults-") as data:
        site = _site(pytestconfig.rootpath, data)
        with cluster_on(site, webs=1, worker_options=[[]]) as cluster:
            customers = Customers(cluster.urls, open_accounts(site, ["ann", "ben"]), sink.url, SEED, sleep_s=0.1)
            faults = Faults(cluster, random.Random(SEED))
            started = time.monotonic()
            with _befallen_by(faults, [faults.kill_worker_at_work], pause_s=0.1) as fate:
                customers.submit(JOBS // 5, give_up_after_s=_ACCEPTED_S_MAX)
                accepted_s = time.monotonic() - started
                fate.end_after(_KILLS_ON_SQLITE)
            asked_s = time.monotonic() - started
            facts = audit(site, within_s=_SETTLED_S_MAX)
            _report("SQLite and files", facts, faults, customers, [accepted_s, asked_s])

    _assert_nothing_lost(facts, customers, sink)
    assert set(facts["attempts"]) > {"1"}  # the kills hit jobs, and those were taken up again


def test_without_the_sweeper_and_with_early_acknowledgement_the_same_audit_finds_lost_jobs(
    pytestconfig: pytest.Config, sink: Sink
) -> None:
    """The negative control: a fault test that cannot fail proves nothing."""
    with running_postgres() as postgres, running_redis() as redis, short_folder("faults-") as data:
        site = _site(pytestconfig.rootpath, data, DATABASE_URL=postgres.url, REDIS_URL=redis.url)
        with cluster_on(site, webs=1, worker_options=[["--naive"]], has_attendant=False) as cluster:
            customers = Customers(cluster.urls, open_accounts(site, ["ann"]), sink.url, SEED, poison_every=20)
            customers.submit(40)  # two of them kill their worker in the middle of the work
            wait_until(lambda: cluster.starts("worker") > 1, what="A worker killed by its job", timeout_s=90)
            facts = audit(site, within_s=LEASE_S + 7)

    assert any("is processing" in offence for offence in facts["wrong"])
