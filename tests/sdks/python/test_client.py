"""Setting up a client, and that the key is nowhere but in the request."""

from __future__ import annotations

import inspect
import logging
import traceback

import httpx
import pytest
from pixelsite_client import AsyncPixelsite, ConfigurationError, ConnectionFailed, Pixelsite, PixelsiteError

from tests.sdks.python.callers import CALLERS, Caller
from tests.sdks.python.conftest import KEY
from tests.sdks.python.faulty import RESET, Faulty, Said, accepted, completed, refused

BALANCE = Said(200, {"credits_remaining": 5, "credits_held": 0, "plan": "free", "email": "a@example.com"})


def test_key_and_address_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, faulty: Faulty) -> None:
    monkeypatch.setenv("PIXELSITE_API_KEY", KEY)
    monkeypatch.setenv("PIXELSITE_BASE_URL", faulty.url + "/v1/")
    faulty.script = [BALANCE]

    with Pixelsite() as client:
        client.balance()

    assert faulty.heard[0].path == "/v1/account/balance"
    assert faulty.heard[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("kind", [Pixelsite, AsyncPixelsite])
def test_without_a_key_or_an_address_the_error_says_what_to_set(kind: type[Pixelsite | AsyncPixelsite]) -> None:
    with pytest.raises(ConfigurationError, match="PIXELSITE_API_KEY"):
        kind(base_url="https://pixelsite.example")
    with pytest.raises(ConfigurationError, match="PIXELSITE_BASE_URL"):
        kind(KEY)


@pytest.mark.parametrize(
    "url", ["pixelsite.example", "ftp://pixelsite.example", "https://me:pw@pixelsite.example", "https://", "http://"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        Pixelsite(KEY, base_url=url)


@pytest.mark.parametrize("key", ["pk live", "pk_live_ü", "pk\nX-Evil: 1"])
def test_a_key_that_cannot_be_one_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Pixelsite(key, base_url="https://pixelsite.example")

    assert key not in str(refusal.value)


def test_both_clients_can_do_the_same() -> None:
    sync, awaited = (
        {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}
        for kind in (Pixelsite, AsyncPixelsite)
    )

    assert sync - {"close"} == awaited - {"aclose"}
    for name in sync - {"close"}:
        ours, theirs = (list(inspect.signature(getattr(kind, name)).parameters) for kind in (Pixelsite, AsyncPixelsite))
        assert ours == theirs, name


def test_a_client_of_the_callers_own_is_used_and_left_open(faulty: Faulty) -> None:
    faulty.script = [BALANCE]
    with httpx.Client(headers={"X-Mine": "1"}) as http_client:
        with Pixelsite(KEY, base_url=faulty.url, http_client=http_client) as client:
            client.balance()

        assert not http_client.is_closed
    assert faulty.heard[0].headers["x-mine"] == "1"


def test_a_download_is_asked_for_without_the_key(call_faulty: Caller, faulty: Faulty) -> None:
    faulty.script = [
        completed(faulty.url + "/picture"),
        Said(302, b"", {"Location": faulty.url + "/elsewhere"}),
        Said(200, b"PNG"),
    ]

    picture = call_faulty("download", call_faulty("wait", "some-id").job)

    assert picture == b"PNG"
    assert ["authorization" in heard.headers for heard in faulty.heard] == [True, False, False]


@pytest.mark.parametrize("kind", sorted(CALLERS))
def test_the_key_is_in_no_error_no_log_and_no_repr(kind: str, faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call = CALLERS[kind](api_key=KEY, base_url=faulty.url, retries=1)
    faulty.script = [RESET] * 2 + [refused(401, "api_key_invalid"), accepted()]
    told = []

    for _ in range(2):
        try:
            call("submit", b"picture", prompt="x")
        except PixelsiteError as error:
            told += [repr(error), str(error), *traceback.format_exception(error)]
    job = call("submit", b"picture", prompt="x")
    with Pixelsite(KEY, base_url=faulty.url) as client:
        told += [repr(client), repr(vars(client)), repr(client._http.headers), repr(job), caplog.text]

    assert len(faulty.heard) == 4
    assert "ReadError" in "".join(told) or "RemoteProtocolError" in "".join(told)
    assert KEY not in "".join(told)


def test_a_header_that_cannot_be_sent_is_not_repeated(faulty: Faulty) -> None:
    # httpx would quote it, and with it whatever else was wrong about the headers.
    with Pixelsite(KEY, base_url=faulty.url) as client, pytest.raises(ConnectionFailed) as failure:
        client.submit(b"picture", prompt="x", cancel_after="5m\nX-Evil: 1")

    assert "Evil" not in str(failure.value)
    assert "tried once" in str(failure.value)
