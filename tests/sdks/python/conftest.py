from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixelsite_client import Pixelsite

from tests.sdks.python.callers import CALLERS, Caller
from tests.sdks.python.faulty import Faulty, running_faulty
from tests.servers.stack import LiveSite

KEY = "pk_live_" + "k" * 38

_POOR = """
from accounts import api_keys, services
from billing import ledger
user = services.register_user(email={email!r})
wallet = ledger.wallet_of(user)
ledger.adjust(wallet=wallet, amount={credits} - wallet.available, actor=user, reason="for the test")
print(api_keys.mint_key(user=user, name="poor")[1])
"""


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIXELSITE_API_KEY", "PIXELSITE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    with running_faulty() as server:
        yield server


@pytest.fixture(params=sorted(CALLERS))
def call_faulty(request: pytest.FixtureRequest, faulty: Faulty) -> Caller:
    return CALLERS[request.param](api_key=KEY, base_url=faulty.url)


@pytest.fixture(scope="module")
def key(live_site: LiveSite) -> str:
    """The key of an account of this file's own."""
    return live_site.manage("createapikey", f"sdk-{time.monotonic_ns()}@example.com").strip()


@pytest.fixture
def poor_key(live_site: LiveSite) -> str:
    """The key of an account that has the credits of one removal and two more."""
    code = _POOR.format(email=f"sdk-poor-{time.monotonic_ns()}@example.com", credits=7)
    return live_site.manage("shell", "--verbosity", "0", "-c", code).strip()


@pytest.fixture
def client(live_site: LiveSite, key: str) -> Iterator[Pixelsite]:
    with Pixelsite(key, base_url=live_site.url) as client:
        yield client


@pytest.fixture(params=sorted(CALLERS))
def call(request: pytest.FixtureRequest, live_site: LiveSite, key: str) -> Caller:
    return CALLERS[request.param](api_key=key, base_url=live_site.url)


@pytest.fixture
def sample(live_site: LiveSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with `photo.jpg` and the `mask.png` of the ball on it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("photo.jpg", "mask.png"):
        (folder / name).write_bytes((live_site.data / "sample" / name).read_bytes())
    monkeypatch.chdir(folder)
    return folder
