"""A worker for the fault tests: the real one, with a clock that may be off and jobs that may kill it.

`python -m tests.faults.worker [--skew SECONDS] [--naive] [--threads N]`. A job whose metadata say `poison` ends the
process as the kernel's out-of-memory killer would; `sleep_s` makes it take that long. `--naive` is the negative control:
messages are acknowledged early, as by default, and nobody sweeps. The quick engine is there beside the real ones.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import time
from pathlib import Path
from typing import Any

import django
import time_machine
from celery.signals import worker_ready

from pixelsite.celery import app


def ready_mark(data: Path, pid: int) -> Path:
    """The file that says that the worker of this process takes jobs."""
    return data / f"ready-{pid}"


def _with_poison() -> None:
    from inference import tasks  # noqa: PLC0415  # Django is set up only now

    work_on = tasks.work_on

    def poisoned(job: Any) -> None:
        told = job.metadata or {}
        if told.get("poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(told.get("sleep_s", 0))
        work_on(job)

    tasks.work_on = poisoned


def _mark_ready(**_: Any) -> None:
    ready_mark(Path(os.environ["PIXELSITE_DATA"]), os.getpid()).touch()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--skew", type=int, default=0)
    options.add_argument("--naive", action="store_true")
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    django.setup()
    from jobs import sweeper  # noqa: PLC0415  # as above
    from tests.faults import engine  # noqa: PLC0415

    engine.register()
    _with_poison()
    worker_ready.connect(_mark_ready)
    if chosen.skew:
        time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=chosen.skew), tick=True).start()
    if chosen.naive:
        app.conf.task_acks_late = False
        sweeper.sweep = dict  # a worker sweeps when it starts
    app.worker_main(
        ["--quiet", "worker", "--queues", "celery", "--pool", "threads", "--concurrency", str(chosen.threads),
         "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--hostname", f"{os.getpid()}@faults"]
    )  # fmt: skip


if __name__ == "__main__":
    main()
