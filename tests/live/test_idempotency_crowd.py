"""Copies of one submission arrive together at two web processes: one job, one hold, one answer."""

from __future__ import annotations

import os
from collections import defaultdict

import httpx
import pytest

from tests.faults.customers import open_accounts, small_picture
from tests.live.crowd import SUBMIT, Call, Reply, post_of, send_together, several_webs

pytestmark = pytest.mark.live

KEYS = int(os.environ.get("CROWD_KEYS", "40"))
COPIES, KEYS_AT_ONCE = 5, 10
FIELDS = {"bbox": "12,12,5,5"}

_COUNTS = """
from billing.models import LedgerEntry
from jobs.models import IdempotencyRecord, Job
print(Job.objects.count(), LedgerEntry.objects.filter(kind="hold").count(), IdempotencyRecord.objects.count())
"""


def _kind(reply: Reply) -> str:
    return f"{reply.status} replayed" if reply.headers.get("idempotent-replayed") == "true" else str(reply.status)


def test_copies_that_arrive_together_make_one_job_and_one_hold(pytestconfig: pytest.Config) -> None:
    with several_webs(pytestconfig.rootpath) as cluster:
        (key,) = open_accounts(cluster.site, ["crowd"])
        picture = small_picture()

        def calls(name: str) -> list[Call]:
            return [
                post_of(
                    cluster.urls[copy % 2], key=key, picture=picture, fields=FIELDS, Idempotency_Key=f"crowd-{name}"
                )
                for copy in range(COPIES)
            ]

        replies: dict[int, list[Reply]] = defaultdict(list)
        for start in range(0, KEYS, KEYS_AT_ONCE):
            names = range(start, min(start + KEYS_AT_ONCE, KEYS))
            sent = [(name, call) for name in names for call in calls(str(name))]
            for (name, _), reply in zip(sent, send_together([call for _, call in sent]), strict=True):
                replies[name].append(reply)
        afterwards = send_together([call for name in range(KEYS_AT_ONCE) for call in calls(str(name))[:1]])
        changed = [
            httpx.post(
                cluster.urls[name % 2] + SUBMIT,
                files={"image": ("photo.png", picture, "image/png")},
                data=FIELDS | {"quality": "80"},
                headers={"Authorization": f"Bearer {key}", "Idempotency-Key": f"crowd-{name}"},
                timeout=60,
            )
            for name in range(KEYS_AT_ONCE)
        ]
        counts = cluster.site.manage("shell", "--verbosity", "0", "-c", _COUNTS).split()

    kinds = [sorted(_kind(reply) for reply in replies[name]) for name in range(KEYS)]
    assert all(set(kind) <= {"202", "202 replayed", "409"} for kind in kinds), kinds
    assert [kind.count("202") for kind in kinds] == [1] * KEYS
    accepted = [{reply.body for reply in replies[name] if reply.status == 202} for name in range(KEYS)]
    assert [len(bodies) for bodies in accepted] == [1] * KEYS  # byte for byte
    assert [_kind(reply) for reply in afterwards] == ["202 replayed"] * KEYS_AT_ONCE
    assert {(answer.status_code, answer.json()["code"]) for answer in changed} == {(422, "idempotency_key_reused")}
    assert counts == [str(KEYS)] * 3
