"""A running site, an account on it, and a site on which nobody works."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.customers import open_accounts
from tests.servers.site import SiteServer, running_site
from tests.servers.stack import LiveSite

_numbers = itertools.count(1)
# Long enough to be waited on, short enough for a test.
WAIT_S = 2


@dataclass(frozen=True)
class Account:
    """Somebody who has moved here from another vendor."""

    site: SiteServer
    key: str

    def client(self, **headers: str) -> httpx.Client:
        """A client that sends these headers, named with underscores; `KEY` in them is the key."""
        sent = {name.replace("_", "-"): value.replace("KEY", self.key) for name, value in headers.items()}
        return httpx.Client(base_url=self.site.url, headers=sent, timeout=120)

    def credits(self) -> int:
        with self.client(authorization="Bearer KEY") as native:
            return int(native.get("/v1/account/balance").json()["credits_remaining"])

    def jobs(self) -> list[dict[str, Any]]:
        """The newest first."""
        with self.client(authorization="Bearer KEY") as native:
            found: list[dict[str, Any]] = native.get("/v1/account/usage?limit=100").json()["results"]
            return found

    def shell(self, program: str) -> str:
        """Run Python on the site; `KEY` in it is the key."""
        return self.site.manage("shell", "--verbosity", "0", "-c", program.replace("KEY", self.key))

    def set_credits(self, amount: int) -> None:
        self.shell(
            "from accounts import api_keys; from accounts.models import User; from billing import ledger\n"
            "user = api_keys.verify_key('KEY').user; wallet = ledger.wallet_of(user)\n"
            "operator = User.objects.filter(is_superuser=True).first() or "
            "User.objects.create_superuser('contracts@example.com', 'a long pass phrase')\n"
            f"ledger.adjust(wallet=wallet, amount={amount} - ledger.available_credits(wallet), actor=operator, "
            "reason='for the test')"
        )

    def revoke(self) -> None:
        self.shell(
            "from accounts import api_keys\n"
            "key = api_keys.verify_key('KEY'); api_keys.revoke_key(user=key.user, key_id=key.pk)"
        )


def curl(*arguments: str) -> tuple[int, bytes]:
    """Status and body of a call of the program `curl`."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "90", "--write-out", "\n%{http_code}", *arguments],
        capture_output=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def curl_json(*arguments: str) -> tuple[int, Any]:
    status, body = curl(*arguments)
    return status, json.loads(body)


@pytest.fixture
def files(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Write a file for a program to send. Returns its path."""

    def write(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


@pytest.fixture(scope="module")
def account(live_site: LiveSite) -> Account:
    """An account with the credits everybody starts with, on a site with a worker."""
    key = live_site.manage("createapikey", f"contract-{next(_numbers)}@example.com").strip()
    return Account(live_site, key)


@pytest.fixture
def newcomer(live_site: LiveSite) -> Account:
    """As `account`, for a test that spoils it."""
    key = live_site.manage("createapikey", f"newcomer-{next(_numbers)}@example.com").strip()
    return Account(live_site, key)


@pytest.fixture(scope="session")
def _idle_site(pytestconfig: pytest.Config) -> Iterator[SiteServer]:
    wait = str(WAIT_S)
    with running_site(
        root=pytestconfig.rootpath,
        PIXELSITE_CLIPDROP_WAIT_S=wait,
        PIXELSITE_PICWISH_WAIT_S=wait,
        PIXELSITE_MASKR_WAIT_S=wait,
        PIXELSITE_MASKR_BATCH_WAIT_S=wait,
    ) as site:
        yield site


@pytest.fixture
def idle(_idle_site: SiteServer) -> Account:
    """An account on a site without a worker, where calls wait for two seconds."""
    (key,) = open_accounts(_idle_site, [f"idle-{next(_numbers)}"])
    return Account(_idle_site, key)
