"""E and F. Money, signed links, lists, waiting, limits of unfinished work."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from jobs import lifecycle
from jobs.catalogue import REMOVE_OBJECT
from jobs.models import Job
from jobs.representation import file_url
from jobs.submission import OutputOptions, submit_job
from jobs.uploads import Source, check_input
from pixelsite.lib.signing import sign_path
from tests.hostile.cases import SUBMIT, Case, Stage, accepted, refused, with_options
from tests.jobs.conftest import mask, photo, result_of, upload

_2099 = 4_070_908_800


def _complete_a_job(stage: Stage) -> None:
    checked = check_input(image=Source(file=io.BytesIO(photo())), mask=Source(file=io.BytesIO(mask())), boxes=())
    job = submit_job(user=stage.cast.alice, operation=REMOVE_OBJECT, checked=checked, output=OutputOptions()).job
    claimed = lifecycle.claim_job(job.pk)
    assert claimed is not None
    assert lifecycle.complete_job(job_id=job.pk, attempt=claimed.attempt, result=result_of(claimed))


def _changed_link(change: Callable[[str, str, str], str], method: str = "GET") -> Callable[[Stage], Any]:
    """Ask for what `change` makes of a link's path, expiry and signature."""

    def send(stage: Stage) -> Any:
        link = urlsplit(file_url(Job.objects.get(), "output", base_url="") or "")
        query = parse_qs(link.query)
        # A browser that enforces the token, as real ones meet it.
        return Client(enforce_csrf_checks=True).generic(method, change(link.path, query["expires"][0], query["sig"][0]))

    return send


def _link(title: str, change: Callable[[str, str, str], str], method: str = "GET") -> Case:
    send = _changed_link(change, method)
    # Links are no calls of the API: they have no key, and no limit counts them.
    return refused(f"E149 {title}", send, 403, "signature_invalid", prepare=_complete_a_job, counted=False)


def _whole(path: str, expires: str, signature: str) -> str:
    return f"{path}?expires={expires}&sig={signature}"


_LINKS = [
    _link("no signature", lambda path, expires, sig: f"{path}?expires={expires}"),
    _link("cut signature", lambda path, expires, sig: _whole(path, expires, sig[:-1])),
    _link("empty signature", lambda path, expires, sig: _whole(path, expires, "")),
    _link("signature that is not ASCII", lambda path, expires, sig: _whole(path, expires, "ümlaut")),
    _link("another job's signature", lambda path, expires, sig: _whole(_of_another_job(path), expires, sig)),
    _link(
        "another image's signature", lambda path, expires, sig: _whole(path.replace("output", "input"), expires, sig)
    ),
    _link("a second longer", lambda path, expires, sig: _whole(path, str(int(expires) + 1), sig)),
    _link("until 2099", lambda path, expires, sig: _whole(path, str(_2099), sig)),
    _link("until no number", lambda path, expires, sig: _whole(path, "never", sig)),
    _link("POST", _whole, "POST"),
    _link("DELETE", _whole, "DELETE"),
    _link("another parameter", lambda path, expires, sig: _whole(path, expires, sig) + "&x=1"),
    _link("expiry twice", lambda path, expires, sig: _whole(path, expires, sig) + f"&expires={_2099}"),
    _link("encoded dots", lambda path, expires, sig: _whole(path + "/%2e%2e/input", expires, sig)),
    _link("encoded dots for the kind", lambda path, expires, sig: _whole(path[:-6] + "%2e%2e", expires, sig)),
    _link("two slashes", lambda path, expires, sig: _whole(path.replace("files/", "files//"), expires, sig)),
    _link("NUL", lambda path, expires, sig: _whole(path + "%00", expires, sig)),
    _link("upper case", lambda path, expires, sig: _whole(path[:10] + path[10:].upper(), expires, sig)),
    refused(
        "E149 right signature, past its time",
        _changed_link(lambda path, expires, sig: sign_path(path, expires_at=1_000_000_000)),
        410,
        "expired",
        prepare=_complete_a_job,
        counted=False,
    ),
]


def _of_another_job(path: str) -> str:
    return path.replace(path.split("/")[3], "00000000-0000-4000-8000-000000000000")


def _usage(query: str) -> Callable[[Stage], Any]:
    return lambda stage: stage.api.get(f"/v1/account/usage?{query}")


def _preferring(preference: str) -> Callable[[Stage], Any]:
    return lambda stage: stage.api.post(
        SUBMIT, {"image": upload(photo()), "mask": upload(mask())}, headers={"Prefer": preference}
    )


def _allow_no_unfinished_job(stage: Stage) -> None:
    plan = stage.cast.wallet.plan
    plan.active_jobs_max = 1
    plan.save()
    stage.api.post(SUBMIT, {"image": upload(photo()), "bbox": "2,2,9,9"})


def _fill_the_queue(stage: Stage) -> None:
    stage.settings.QUEUE_JOBS_MAX = 0


# No base64; `p='`, a position that is no time; a day that does not exist; nothing; a position without a zone.
_FORGED_CURSORS = ("forged!", "cD0n", "cD0yMDI2LTk5LTk5", "%00", "x" * 5_000, "cD0yMDI2LTAxLTAxIDAwOjAwOjAw")

CASES = [
    # The catalogue lets them be ignored; we say aloud that a price cannot be sent.
    *(
        refused(f"E148 {name} sent by the caller", with_options(**{name: "0"}), 422, "unknown_parameter", name)
        for name in ("price", "credits", "price_credits", "credits_used")
    ),
    *_LINKS,
    *(
        refused(f"F151 limit={limit[:12]}", _usage(f"limit={limit}"), 422, "invalid_parameter", "limit")
        for limit in ("0", "-1", "1000000000", "x", "", "1" * 5_000, "0" * 8 + "1" * 5_000, "٣")
    ),
    *(
        refused(f"F151 cursor={cursor[:12]}", _usage(f"cursor={cursor}"), 422, "invalid_parameter", "cursor")
        for cursor in _FORGED_CURSORS
    ),
    *(accepted(f"F152 Prefer: {text}", _preferring(text)) for text in ("wait=-1", "wait=1e9", "wait=", "\u00fc;;=,")),
    refused(
        "F155 too many unfinished jobs", with_options(), 429, "too_many_active_jobs", prepare=_allow_no_unfinished_job
    ),
    refused("F155 the queue is full", with_options(), 503, "queue_full", prepare=_fill_the_queue),
]
