"""What each command does with a plan."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Mapping
from typing import Any, cast

from pixelsite_client.batches import BatchItem, Pair
from pixelsite_client.cli.exit_codes import DONE, FAILED, code_of_all
from pixelsite_client.cli.plans import Plan, Task
from pixelsite_client.client import Pixelsite
from pixelsite_client.errors import PixelsiteError
from pixelsite_client.options import RemoveItem
from pixelsite_client.results import Result


def balance(client: Pixelsite, arguments: argparse.Namespace) -> int:
    """Tell the credits that are left."""
    found = client.balance()
    if arguments.json:
        _write_json(found.raw)
    else:
        print(f"{found.credits_remaining:g} credits left, {found.credits_held:g} held (plan {found.plan})")
    return DONE


def over_pictures(client: Pixelsite, plan: Plan, arguments: argparse.Namespace) -> int:
    """Do what is planned, or tell what it would cost."""
    return _estimated(client, plan, arguments) if plan.is_dry else _done(client, plan, arguments)


def _done(client: Pixelsite, plan: Plan, arguments: argparse.Namespace) -> int:
    report = _Report(as_json=arguments.json)
    errors: list[Exception] = []
    ready: list[Task] = []
    for task in plan.tasks:
        if task.obstacle:
            errors.append(report.refused(task, FileExistsError(task.obstacle)))
        else:
            task.target.parent.mkdir(parents=True, exist_ok=True)
            ready.append(task)

    def keep(item: BatchItem[Result]) -> None:
        assert item.result is not None  # noqa: S101  # called for those that are done
        task = ready[item.index]
        item.result.save(task.target, overwrite=arguments.force)
        report.saved(task, item.result)

    call = client.batch if plan.operation == "remove" else client.find_batch
    pairs: list[Pair] = [cast(RemoveItem, {"image": task.source, **task.options}) for task in ready]
    batch = call(
        pairs,
        concurrency=arguments.concurrency,
        progress=not arguments.quiet and len(ready) > 1,
        on_done=keep,
        **plan.options,
    )
    errors += [report.refused(ready[item.index], item.error, item.result) for item in batch if item.error is not None]
    return code_of_all(errors)


def _estimated(client: Pixelsite, plan: Plan, arguments: argparse.Namespace) -> int:
    report = _Report(as_json=arguments.json)
    total, errors, is_refused = 0.0, [], False
    for task in plan.tasks:
        if task.obstacle:
            errors.append(report.refused(task, FileNotFoundError(task.obstacle)))
            continue
        try:
            found = client.estimate(task.source, **{**plan.options, **task.options})
        except (PixelsiteError, OSError) as error:
            errors.append(report.refused(task, error))
            continue
        total += found.credits
        is_refused |= not found.would_be_accepted
        if arguments.json:
            _write_json({"source": task.source, **found.raw})
        else:
            print(f"{task.source}\t{found.credits:g} credits" + (f"\t{found.refusal.detail}" if found.refusal else ""))
    if not arguments.json and len(plan.tasks) > 1:
        print(f"together\t{total:g} credits")
    return code_of_all(errors) or (FAILED if is_refused else DONE)


class _Report:
    """Tells of each picture as it ends: files on stdout, trouble on stderr, or both as JSON on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lock = threading.Lock()

    def saved(self, task: Task, result: Result) -> None:
        with self._lock:
            if self._as_json:
                _write_json(_told(task, result) | {"output": str(task.target)})
            else:
                print(task.target, flush=True)

    def refused(self, task: Task, error: Exception, result: Result | None = None) -> Exception:
        """Returns the error."""
        with self._lock:
            if self._as_json:
                _write_json(_told(task, result) | {"error": _told_error(error)})
            sys.stderr.write(f"pixelsite: {task.source}: {error}\n")
        return error


def _told(task: Task, result: Result | None) -> dict[str, Any]:
    told: dict[str, Any] = {"source": task.source, "output": None, "error": None}
    if result is not None:
        names = ("id", "status", "credits_used", "output_url", "receipt", "selection")
        told |= {name: result.job.raw.get(name) for name in names}
    return told


def _told_error(error: Exception) -> dict[str, Any]:
    code = error.code if isinstance(error, PixelsiteError) else "local"
    message = error.message if isinstance(error, PixelsiteError) else str(error)
    return {"code": code, "message": message, "request_id": getattr(error, "request_id", None)}


def _write_json(told: Mapping[str, Any]) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)
