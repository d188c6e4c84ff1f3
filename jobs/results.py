"""The results of a batch as the members of a ZIP, and a manifest that tells of every picture."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED

from jobs import archives, batches
from jobs.archives import Member
from jobs.batch_representation import batch_json
from jobs.models import Batch, Job, Status
from jobs.representation import file_name
from pixelsite.lib.errors import PixelsiteError

MANIFEST = "manifest.json"
_STEM_LENGTH_MAX = 80
_KEPT = "-_. ()+"


class NoResultsYet(PixelsiteError):
    """Nothing of this batch is completed. Ask for it with `wait=60`, and fetch the results then."""

    code = "no_results_yet"
    status = 409


class ResultsGone(PixelsiteError):
    """The results of this batch have been deleted. They are kept for a limited time: submit the photos again."""

    code = "gone"
    status = 410


def members_of(batch: Batch) -> Iterator[Member]:
    """The results that are there, and last the manifest. Raises `NoResultsYet` or `ResultsGone`."""
    jobs = batches.standing_of(batch)
    completed = [job for job in jobs.values() if job.status == Status.COMPLETED]
    if not completed:
        raise NoResultsYet
    if not any(file_name(job, "output") for job in completed):
        raise ResultsGone
    # Everything is read from the database by now: whoever reads slowly keeps no connection.
    return _members(batch_json(batch, jobs, base_url=""), jobs)


def member_name(index: int, filename: str, extension: str) -> str:
    """A name for a result that is no path, shows what it is, and is no other picture's.

    The index makes it unique; it also keeps names off those that mean something to a system, such as `con` or `.bashrc`.
    """
    name = unicodedata.normalize("NFC", filename).replace("\\", "/").rpartition("/")[2]
    stem = name.rpartition(".")[0] or name
    safe = "".join(letter if _may_be_in_a_name(letter) else "_" for letter in stem).strip(". ")
    return f"{index:02d}-{safe[:_STEM_LENGTH_MAX] or 'picture'}.{extension}"


def _may_be_in_a_name(letter: str) -> bool:
    """Letters, marks on them and numbers of every script: nothing that is invisible or means something to a shell."""
    return unicodedata.category(letter)[0] in "LMN" or letter in _KEPT


def _members(told: dict[str, Any], jobs: dict[int, Job]) -> Iterator[Member]:
    outputs: dict[int, str] = {}
    for index, job in jobs.items():
        stored = file_name(job, "output")
        if stored:
            path = member_name(index, told["jobs"][index]["filename"], stored.rpartition(".")[2])
            for member in archives.stored(path, stored, ZIP_STORED):
                outputs[index] = path
                yield member
    yield MANIFEST, [_manifest(told, jobs, outputs)], ZIP_DEFLATED


def _manifest(told: dict[str, Any], jobs: dict[int, Job], outputs: dict[int, str]) -> bytes:
    lines = [
        {
            **{name: line[name] for name in ("index", "filename", "id", "status", "credits_used", "error")},
            "output": outputs.get(line["index"]),
            "sha256": _sha256(jobs.get(line["index"])),
        }
        for line in told["jobs"]
    ]
    facts = {name: told[name] for name in ("batch_id", "status", "total", "created_at", "ended_at")}
    manifest = facts | {
        "is_complete": len(outputs) == told["total"],
        "completed": told["counts"][Status.COMPLETED],
        "jobs": lines,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def _sha256(job: Job | None) -> str | None:
    """Of the result, as its receipt says."""
    found = (job.receipt or {}).get("output_sha256") if job is not None else None
    return found if isinstance(found, str) else None
