"""Customers of the fault run: they submit, and repeat under the same key until they are answered."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.servers.site import SiteServer

_SETUP = """
from accounts import api_keys, services
from billing import ledger
from billing.models import LotKind, Plan
Plan.objects.update(requests_per_minute=1_000_000, active_jobs_max=1_000_000)
for name in {names!r}:
    user = services.register_user(email=name + "@example.com")
    ledger.grant(wallet=ledger.wallet_of(user), kind=LotKind.TOPUP, amount=10_000_000, source="faults:" + name)
    print(api_keys.mint_key(user=user, name="faults")[1])
"""


def open_accounts(site: SiteServer, names: list[str]) -> list[str]:
    """Accounts with plenty of credits. Returns their keys."""
    return site.manage("shell", "--verbosity", "0", "-c", _SETUP.format(names=names)).split()


def small_picture() -> bytes:
    noise = np.random.default_rng(3).integers(60, 190, (32, 32, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def small_mask() -> bytes:
    """Of the size of `small_picture`: a square in the middle goes."""
    buffer = io.BytesIO()
    mask = Image.new("L", (32, 32))
    mask.paste(255, (12, 12, 20, 20))
    mask.save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Customers:
    """Sends `count` jobs from a few threads to whichever web process answers."""

    urls: list[str]
    keys: list[str]
    webhook_url: str
    seed: int
    poison_every: int = 0
    die_every: int = 0
    """Every so many submissions end the web process between their commit and the bell."""
    sleep_s: float = 0
    """How long each job takes beyond its work."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Idempotency key to job id."""
    odd_answers: list[str] = field(default_factory=list)
    repeats: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, count: int, *, give_up_after_s: float = 240) -> None:
        """Return when every submission was accepted."""
        deadline = time.monotonic() + give_up_after_s
        picture = small_picture()
        with ThreadPoolExecutor(6) as pool, httpx.Client(timeout=20) as client:
            for done in [pool.submit(self._submit_one, client, number, picture, deadline) for number in range(count)]:
                done.result()

    def _submit_one(self, client: httpx.Client, number: int, picture: bytes, deadline: float) -> None:
        choose = random.Random(self.seed * 1_000_003 + number)
        key = str(uuid.UUID(int=choose.getrandbits(128)))
        headers = {"Authorization": f"Bearer {choose.choice(self.keys)}", "Idempotency-Key": key}
        metadata: dict[str, Any] = {"number": number} | ({"sleep_s": self.sleep_s} if self.sleep_s else {})
        if self.die_every and number % self.die_every == self.die_every // 3:
            metadata["die_before_ring"] = True
        if self.poison_every and number % self.poison_every == self.poison_every // 2:
            metadata["poison"] = True
        fields = {"bbox": "12,12,5,5", "metadata": json.dumps(metadata)}
        if number % 2:
            fields["webhook_url"] = self.webhook_url
        while time.monotonic() < deadline:
            try:
                answer = client.post(
                    choose.choice(self.urls) + "/v1/image/remove-object",
                    files={"image": ("photo.png", picture, "image/png")},
                    data=fields,
                    headers=headers,
                )
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 202:
                with self._lock:
                    self.accepted[key] = answer.json()["id"]
                return
            if answer is not None and answer.status_code not in (409, 429, 503):
                with self._lock:
                    self.odd_answers.append(f"{answer.status_code} {answer.text[:200]}")
            with self._lock:
                self.repeats += 1
            time.sleep(choose.uniform(0.1, 0.5))
        raise AssertionError(f"submission {number} was not accepted in time")
