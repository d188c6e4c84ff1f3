"""Batches on real processes: bounded in memory, and no more spent than there is, however many come at once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.faults.customers import open_accounts, small_picture
from tests.live.crowd import batch_of, send_together, several_webs
from tests.live.test_last_credits import _POOR_ACCOUNTS, _WALLETS
from tests.servers.site import SiteServer, running_site
from tests.servers.stack import LiveSite

pytestmark = pytest.mark.live

SUBMIT = "/v1/image/remove-object/batch"
CALLERS, PICTURES, CREDITS, PRICE = 16, 4, 100, 5
GROWTH_MB_MAX = 120


@pytest.fixture(scope="module")
def place(pytestconfig: pytest.Config) -> Iterator[tuple[SiteServer, str]]:
    with running_site(root=pytestconfig.rootpath) as site:
        (key,) = open_accounts(site, ["batches"])
        yield site, key


def _peak_mb(site: SiteServer) -> float:
    """The most memory that the web process has had so far."""
    assert site.process is not None
    status = Path(f"/proc/{site.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def _large_picture() -> bytes:
    """Six megabytes that no compression makes smaller."""
    noise = np.random.default_rng(5).integers(0, 255, (1400, 1400, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


@pytest.mark.parametrize("is_good", [True, False])
def test_fifty_large_pictures_are_taken_one_at_a_time(place: tuple[SiteServer, str], is_good: bool) -> None:
    """Three hundred megabytes; also where each is refused, which must not keep it either."""
    site, key = place
    picture = _large_picture()
    mask = small_picture() if not is_good else None
    files: list[Any] = [("images", (f"{number}.png", picture, "image/png")) for number in range(50)]
    files += [("masks", ("mask.png", mask, "image/png"))] if mask else []
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {key}"}, timeout=300) as api:
        api.post(SUBMIT, files=files[:1], data={"bbox": "4,4,40,40"})
        before = _peak_mb(site)

        answer = api.post(SUBMIT, files=files, data={} if mask else {"bbox": "4,4,40,40"})

    told = answer.json()
    assert (answer.status_code, len(told["jobs"])) == ((202, 50) if is_good else (422, 50))
    assert sum(line["id"] is not None for line in told["jobs"]) == (50 if is_good else 0)
    assert len(picture) * 50 > 250_000_000
    assert _peak_mb(site) - before < GROWTH_MB_MAX


def test_batches_at_one_instant_spend_no_more_than_there_is(pytestconfig: pytest.Config) -> None:
    with several_webs(pytestconfig.rootpath) as cluster:
        site = cluster.site
        setup = _POOR_ACCOUNTS.format(accounts=1, credits=CREDITS)
        (key,) = site.manage("shell", "--verbosity", "0", "-c", setup).split()
        calls = [
            batch_of(cluster.urls[number % 2], key=key, picture=small_picture(), count=PICTURES)
            for number in range(CALLERS)
        ]
        replies = [(reply.status, json.loads(reply.body)) for reply in send_together(calls)]
        (wallet,) = site.manage("shell", "--verbosity", "0", "-c", _WALLETS).splitlines()
        ledger_says = site.manage("check_ledger").strip()
        files = [path for path in (site.data / "images").rglob("*") if path.is_file()]

    bought = CREDITS // PRICE
    assert {status for status, _ in replies} <= {202, 402}
    assert sum(line["id"] is not None for _, told in replies for line in told["jobs"]) == bought
    assert wallet == f"0 {CREDITS} 0 {bought}"
    assert ledger_says == "The ledger is in order."
    assert len(files) == bought


def test_a_batch_is_waited_for_and_fetched_as_one_file(live_site: LiveSite) -> None:
    files: list[Any] = [("images", (f"{number}.png", small_picture(), "image/png")) for number in range(3)]
    files.append(("images", ("bad.png", b"no picture", "image/png")))

    with live_site.api() as api:
        batch = api.post(SUBMIT, files=files, data={"bbox": "12,12,5,5"}).json()
        ended = api.get(f"/v1/batches/{batch['id']}", params={"wait": 60}).json()
        answer = api.get(ended["results_url"])

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    told = json.loads(archive.read("manifest.json"))
    assert (ended["status"], ended["counts"]["completed"], ended["counts"]["failed"]) == ("completed", 3, 1)
    assert archive.namelist() == ["00-0.png", "01-1.png", "02-2.png", "manifest.json"]
    assert [line["output"] for line in told["jobs"]] == ["00-0.png", "01-1.png", "02-2.png", None]
