"""The code that docs/webhooks.md tells receivers to use."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from jobs import lifecycle, webhooks
from jobs.models import Job, WebhookDelivery
from tests.cast import Cast
from tests.jobs.conftest import result_of

Verified = Callable[[str, dict[str, str], bytes], dict[str, Any]]


@pytest.fixture
def verified() -> Verified:
    """The function in the guide."""
    guide = (Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # the guide's own words
    function: Verified = names["verified"]
    return function


@pytest.fixture
def event(cast: Cast, claimed: Job) -> WebhookDelivery:
    webhooks.add_endpoint(user=cast.alice, url="https://example.com/hook")
    lifecycle.complete_job(job_id=claimed.pk, attempt=claimed.attempt, result=result_of(claimed))
    return WebhookDelivery.objects.get()


def _sent(event: WebhookDelivery, *, age_s: int = 0) -> tuple[str, dict[str, str], bytes]:
    """Secret, headers and body as a receiver has them."""
    body, headers = webhooks.message_of(event, now=timezone.now() - timedelta(seconds=age_s))
    secret = webhooks.current_secret(user=event.user, endpoint=event.endpoint)
    return secret, {name.lower(): value for name, value in headers.items()}, body


def test_an_event_of_ours_is_believed(event: WebhookDelivery, verified: Verified) -> None:
    told = verified(*_sent(event))

    assert (told["type"], told["data"]["id"]) == ("job.completed", str(event.job_id))


def test_a_changed_body_is_not(event: WebhookDelivery, verified: Verified) -> None:
    secret, headers, body = _sent(event)

    with pytest.raises(ValueError, match="not signed"):
        verified(secret, headers, body.replace(b"completed", b"canceled"))


def test_an_event_that_is_replayed_later_is_not(event: WebhookDelivery, verified: Verified) -> None:
    with pytest.raises(ValueError, match="too old"):
        verified(*_sent(event, age_s=301))


def test_after_a_rotation_the_old_secret_still_verifies(event: WebhookDelivery, verified: Verified) -> None:
    old, *_ = _sent(event)
    webhooks.rotate_secret(user=event.user, endpoint=event.endpoint)
    new, headers, body = _sent(event)

    assert verified(old, headers, body) == verified(new, headers, body)


def test_the_guide_tells_the_pauses_as_they_are() -> None:
    guide = " ".join((Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text().split())

    assert webhooks.PAUSES_S == (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 21_600, 21_600)
    assert "after 5 s, 30 s, 2, 10 and 30 minutes, 1, 2, 4, 4, 6 and 6 hours" in guide
    assert len(webhooks.PAUSES_S) + 1 == 12
    assert "tried twelve times in 24 hours" in guide
