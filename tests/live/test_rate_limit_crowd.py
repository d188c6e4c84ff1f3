"""The limit of a plan is exact when many callers come to several web processes at one instant."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from pixelsite.lib.ratelimit import WINDOW_S
from tests.faults.customers import small_picture
from tests.live.crowd import post_of, send_together, several_webs

pytestmark = pytest.mark.live

CALLERS, LIMIT = 48, 15

_ACCOUNT = f"""
from accounts import api_keys, services
from billing.models import Plan
Plan.objects.update(requests_per_minute={LIMIT}, active_jobs_max=1000)
print(api_keys.mint_key(user=services.register_user(email="crowd@example.com"), name="crowd")[1])
"""


def _wait_for_a_window() -> None:
    """A new minute counts anew: the crowd must not come across one."""
    if (left := WINDOW_S - time.time() % WINDOW_S) < 30:
        time.sleep(left + 0.5)


def test_exactly_as_many_pass_as_the_plan_says(pytestconfig: pytest.Config) -> None:
    with several_webs(pytestconfig.rootpath) as cluster:
        key = cluster.site.manage("shell", "--verbosity", "0", "-c", _ACCOUNT).strip()
        calls = [
            post_of(cluster.urls[number % 2], key=key, picture=small_picture(), fields={"bbox": "12,12,5,5"})
            for number in range(CALLERS)
        ]
        _wait_for_a_window()

        replies = send_together(calls)

    assert Counter(reply.status for reply in replies) == {202: LIMIT, 429: CALLERS - LIMIT}
    assert {"retry-after", "ratelimit", "x-ratelimit-reset"} <= set(next(r for r in replies if r.status == 429).headers)
