"""Carry webhook events out: claim what is due, POST it, write down how it went. Any number of couriers may run."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from django.db import connection
from django.db.models import F, Q, Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from jobs import webhooks
from jobs.models import DeliveryState, WebhookDelivery
from jobs.webhooks import Outcome
from pixelsite.lib import fetch
from pixelsite.lib.errors import PixelsiteError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 15
_CLAIM = timedelta(seconds=25)  # longer than any try: a courier that dies leaves its claims to others after it
_REPLY_BYTES = 1024
_SENDERS = 64
# A receiver that hangs keeps its sender until the timeout. So one host, and one account, get a few senders at most, and
# those whose last try failed share half of all: the other half is for whoever answers.
_AT_ONCE_PER_HOST = 4
_AT_ONCE_PER_ACCOUNT = 12
_AT_ONCE_TROUBLED = _SENDERS // 2


class Courier:
    """Sends events from a pool of threads, so that receivers that hang keep nobody else waiting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="courier")
        self._under_way: set[Future[None]] = set()
        self._freed = threading.Event()

    def send_due(self) -> int:
        """Start sending what is due, as far as senders are free. Returns how many tries were started."""
        self._under_way = {future for future in self._under_way if not future.done()}
        claimed = claim_due(limit=_SENDERS - len(self._under_way))
        for delivery in claimed:
            sending = self._pool.submit(_send, delivery)
            sending.add_done_callback(lambda _: self._freed.set())
            self._under_way.add(sending)
        return len(claimed)

    def wait(self, timeout_s: float) -> None:
        """Wait until a sender is free again, or for so long."""
        self._freed.wait(timeout_s)
        self._freed.clear()

    def close(self) -> None:
        """Wait for what is under way; what was not claimed stays for the next courier."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def claim_due(*, limit: int) -> list[WebhookDelivery]:
    """Take up to `limit` events whose time has come, a few for each host and each account."""
    if limit <= 0:
        return []
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    due = WebhookDelivery.objects.filter(unclaimed, state=DeliveryState.PENDING, next_try_at__lte=Now())
    busy = _Busy.now()
    ranked = due.annotate(
        is_troubled=Q(tries__gt=0) | Q(endpoint__failing_since__isnull=False),
        rank=Window(RowNumber(), partition_by=[F("user_id"), F("host")], order_by=F("next_try_at").asc()),
    )
    candidates = ranked.filter(rank__lte=_AT_ONCE_PER_HOST).order_by("next_try_at")
    claimed: list[WebhookDelivery] = []
    # All of them are looked at: a limit on the query would stop at the events of those who have their senders already.
    for pk, *receiver in candidates.values_list("pk", "user_id", "host", "is_troubled"):
        if len(claimed) == limit:
            break
        if not busy.admits(*receiver):
            continue
        # Whoever writes the claim sends: two couriers do not send the same try.
        if due.filter(pk=pk).update(claimed_until=Now() + _CLAIM, tries=F("tries") + 1):
            busy.count(*receiver)
            claimed.append(WebhookDelivery.objects.select_related("user", "job", "endpoint").get(pk=pk))
    return claimed


class _Busy:
    """How many senders are under way, by host, by account, and to receivers whose last try failed."""

    def __init__(self) -> None:
        self._hosts: Counter[tuple[int, str]] = Counter()
        self._accounts: Counter[int] = Counter()
        self._troubled = 0

    @classmethod
    def now(cls) -> _Busy:
        busy = cls()
        claimed = WebhookDelivery.objects.filter(state=DeliveryState.PENDING, claimed_until__gt=Now())
        # A claim counts as a try.
        is_troubled = Q(tries__gt=1) | Q(endpoint__failing_since__isnull=False)
        for receiver in claimed.annotate(is_troubled=is_troubled).values_list("user_id", "host", "is_troubled"):
            busy.count(*receiver)
        return busy

    def admits(self, user_id: int, host: str, is_troubled: bool) -> bool:
        return (
            self._hosts[user_id, host] < _AT_ONCE_PER_HOST
            and self._accounts[user_id] < _AT_ONCE_PER_ACCOUNT
            and not (is_troubled and self._troubled >= _AT_ONCE_TROUBLED)
        )

    def count(self, user_id: int, host: str, is_troubled: bool) -> None:
        self._hosts[user_id, host] += 1
        self._accounts[user_id] += 1
        self._troubled += is_troubled


def _send(delivery: WebhookDelivery) -> None:
    try:
        webhooks.record(delivery, _try(delivery))
    except Exception:  # the claim runs out and somebody tries again; the other events must go on
        logger.exception("webhook event %s: could not be sent or recorded", delivery.pk)
    finally:
        connection.close()  # this thread's own


def _try(delivery: WebhookDelivery) -> Outcome:
    try:
        body, headers = webhooks.message_of(delivery, now=timezone.now())
        webhooks.check_webhook_url(delivery.url)
        # Receivers that hang must not keep the process's few connections from everybody else, the sweeper among them.
        if not connection.in_atomic_block:
            connection.close()
        reply = fetch.post_bytes(
            delivery.url, body=body, headers=headers, total_s=_TIMEOUT_S, reply_bytes_max=_REPLY_BYTES
        )
    except PixelsiteError as refusal:
        return Outcome(error=_ERRORS.get(refusal.code, refusal.message))
    is_busy = reply.status in (429, 503)
    return Outcome(
        status=reply.status,
        error="" if 200 <= reply.status < 300 else f"It answered {reply.status}.",
        reply=_readable(reply.start),
        retry_after_s=_seconds(reply.headers.get("retry-after", "")) if is_busy else None,
    )


# For the customer's log; nothing in it tells whether something answered at an address that is not allowed.
_ERRORS: dict[str, str] = {
    "remote_timeout": f"No answer within {_TIMEOUT_S} seconds.",
    "remote_error": "The address could not be reached.",
    "url_not_allowed": "The address could not be reached.",
}


def _readable(start: bytes) -> str:
    text = start.decode("utf-8", errors="replace").replace("\x00", "")
    return text[:_REPLY_BYTES]


def _seconds(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else None
