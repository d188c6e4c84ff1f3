"""A worker for the fault tests: the real one, with a clock that may be off and jobs that may kill it.

`python -m tests.faults.worker [--skew SECONDS] [--naive]`. A job whose metadata say `poison` ends the process as the
kernel's out-of-memory killer would. `--naive` is the negative control: messages are acknowledged early, as by default.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import time
from typing import Any

import django
import time_machine

from pixelsite.celery import app


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


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--skew", type=int, default=0)
    options.add_argument("--naive", action="store_true")
    chosen = options.parse_args()
    django.setup()
    _with_poison()
    if chosen.skew:
        time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=chosen.skew), tick=True).start()
    if chosen.naive:
        app.conf.task_acks_late = False
    app.worker_main(
        ["--quiet", "worker", "--queues", "celery", "--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING",
         "--without-gossip", "--without-mingle", "--hostname", f"{os.getpid()}@faults"]
    )  # fmt: skip


if __name__ == "__main__":
    main()
