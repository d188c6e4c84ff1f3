"""Only what the site has signed, and lately, is believed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st
from pixelsite_client import ConfigurationError, webhooks

from jobs import webhooks as site
from tests.sdks.python.faulty import ACCEPTED

NOW = 1_764_034_800
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = json.dumps(
    {"type": "job.completed", "timestamp": "2026-11-25T01:40:00Z", "data": ACCEPTED | {"status": "completed"}}
).encode()

secrets = st.binary(min_size=1, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())


def _headers(*signatures: str, at: int = NOW) -> dict[str, str]:
    return {"webhook-id": "evt_1", "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def _signed_by_site(secret: str = SECRET, body: bytes = BODY, at: int = NOW) -> str:
    return site.signature(secret, "evt_1", at, body)


def test_an_event_of_the_site_is_read() -> None:
    event = webhooks.verify(BODY, _headers(_signed_by_site()), SECRET, now=NOW)

    assert (event.id, event.type, event.timestamp) == ("evt_1", "job.completed", "2026-11-25T01:40:00Z")
    assert event.job is not None
    assert (event.job.id, event.job.status) == (ACCEPTED["id"], "completed")


def test_an_event_that_is_about_no_job_has_none() -> None:
    body = b'{"type": "budget.reached", "timestamp": "t", "data": {"percent": 80}}'

    event = webhooks.verify(body, _headers(_signed_by_site(body=body)), SECRET, now=NOW)

    assert (event.job, event.data["percent"]) == (None, 80)


def test_names_of_headers_may_be_written_in_any_case() -> None:
    headers = {name.title(): value for name, value in _headers(_signed_by_site()).items()}

    assert webhooks.verify(BODY.decode(), headers, SECRET, now=NOW).id == "evt_1"


@pytest.mark.parametrize("secret", [SECRET, OTHER, [OTHER, SECRET]])
def test_during_a_rotation_either_secret_will_do(secret: Any) -> None:
    headers = _headers(_signed_by_site(OTHER), "v1a,unknown", _signed_by_site(SECRET))

    assert webhooks.verify(BODY, headers, secret, now=NOW).id == "evt_1"


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_what_is_old_or_from_the_future_is_refused(at: int) -> None:
    with pytest.raises(webhooks.VerificationFailed, match="too old"):
        webhooks.verify(BODY, _headers(_signed_by_site(at=at), at=at), SECRET, now=NOW)


def test_the_tolerance_is_the_receivers_to_choose() -> None:
    headers = _headers(_signed_by_site(at=NOW - 3000), at=NOW - 3000)

    assert webhooks.verify(BODY, headers, SECRET, now=NOW, tolerance_s=3600).id == "evt_1"


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed(missing: str) -> None:
    headers = _headers(_signed_by_site())
    del headers[missing]

    with pytest.raises(webhooks.VerificationFailed, match=missing):
        webhooks.verify(BODY, headers, SECRET, now=NOW)


@given(st.binary(max_size=200), secrets, st.integers(0, 2**33))
def test_what_is_signed_here_and_there_is_the_same(body: bytes, secret: str, at: int) -> None:
    ours = webhooks.sign(body, secret=secret, event_id="evt_1", timestamp=at)["Webhook-Signature"]

    library = standardwebhooks.Webhook(secret).sign("evt_1", datetime.fromtimestamp(at, UTC), body.decode("latin-1"))
    assert ours == site.signature(secret, "evt_1", at, body)
    assert not body.isascii() or ours == library


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_body_that_was_changed_anywhere_is_refused(where: int, how: int) -> None:
    changed = bytearray(BODY)
    changed[where] ^= how

    with pytest.raises(webhooks.VerificationFailed, match="signature"):
        webhooks.verify(bytes(changed), _headers(_signed_by_site()), SECRET, now=NOW)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_headers_of_any_kind_are_refused_and_break_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(webhooks.VerificationFailed):
        webhooks.verify(BODY, headers, SECRET, now=NOW)


@given(secrets.filter(lambda secret: secret != SECRET))
def test_another_secret_verifies_nothing(secret: str) -> None:
    with pytest.raises(webhooks.VerificationFailed):
        webhooks.verify(BODY, _headers(_signed_by_site()), secret, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", []])
def test_a_secret_that_is_none_is_the_receivers_mistake(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="whsec_"):
        webhooks.verify(BODY, _headers(_signed_by_site()), secret, now=NOW)


def test_a_signed_body_that_is_no_event_is_refused() -> None:
    with pytest.raises(webhooks.VerificationFailed, match="no event"):
        webhooks.verify(b"[]", _headers(_signed_by_site(body=b"[]")), SECRET, now=NOW)
