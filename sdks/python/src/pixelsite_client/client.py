"""The client for programs that wait for each call."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import httpx

from pixelsite_client import batches, bulk, flows, messages, transport
from pixelsite_client.batch_models import BatchQuote, BatchStatus
from pixelsite_client.batches import Batch, BatchItem, Pair
from pixelsite_client.errors import PixelsiteError
from pixelsite_client.filters import usage_filters
from pixelsite_client.flows import Flow, Now, Pause, Step
from pixelsite_client.models import Balance, Estimate, Job, Model, UsageLine
from pixelsite_client.options import ESTIMATE, FIND
from pixelsite_client.pictures import Picture
from pixelsite_client.results import Result

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pixelsite_client.options import FindCall, Removal, RemoveCall

_Value = TypeVar("_Value")
WAIT_TIMEOUT_S = 600.0


class Pixelsite:
    """A site, and the key to it.

    `timeout` is what one request may take in seconds, `retries` how often it is sent again after a connection failed or
    the site was busy. Thread-safe; close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 60,
        retries: int = 4,
        http_client: httpx.Client | None = None,
    ) -> None:
        """`api_key` and `base_url` default to PIXELSITE_API_KEY and PIXELSITE_BASE_URL. Raises `ConfigurationError`.

        `http_client` is yours to close; give one for proxies, certificates and connection limits.
        """
        self._settings = transport.Settings.read(api_key=api_key, base_url=base_url, timeout=timeout, retries=retries)
        self._http = http_client or httpx.Client()
        self._owns_http = http_client is None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    @overload
    def remove_object(
        self,
        image: Picture,
        *,
        wait: Literal[True] = ...,
        wait_timeout: float = ...,
        **options: Unpack[RemoveCall],
    ) -> Result: ...

    @overload
    def remove_object(self, image: Picture, *, wait: Literal[False], **options: Unpack[RemoveCall]) -> Job: ...

    def remove_object(
        self,
        image: Picture,
        *,
        wait: bool = True,
        wait_timeout: float = WAIT_TIMEOUT_S,
        **options: Unpack[RemoveCall],
    ) -> Result | Job:
        """Remove what is pointed at, and return the result; with `wait=False` the job, as `submit` does.

        Point with `mask`, `bbox`, `boxes`, `points` (and `labels`), `box`, `segmentation`, `prompt`, alone or together.
        Further: `grow`, `feather`, `output_format`, `quality`, `metadata_policy`, `mode`, `metadata`, `webhook_url`,
        `cancel_after`, `idempotency_key`. Raises `ApiError`, `JobNotDone`, `WaitTimeout`, `ConnectionFailed`.
        """
        if not wait:
            return self.submit(image, **options)
        request = messages.removal(image, options)
        return self._result(flows.finished(request, self._settings.retries, wait_timeout=wait_timeout))

    def submit(self, image: Picture, **options: Unpack[RemoveCall]) -> Job:
        """Submit a removal and return at once. Takes what `remove_object` takes."""
        return self._run(flows.submitted(messages.removal(image, options), self._settings.retries))

    def segment(self, image: Picture, *, wait_timeout: float = WAIT_TIMEOUT_S, **options: Unpack[FindCall]) -> Result:
        """Find what is pointed at, free of charge: the result is the mask, white on black."""
        request = messages.finding(image, options)
        return self._result(flows.finished(request, self._settings.retries, wait_timeout=wait_timeout))

    def estimate(self, image: Picture, **options: Unpack[Removal]) -> Estimate:
        """What a removal would cost, and whether it would be accepted now. Nothing is stored or charged."""
        request = messages.estimate(image, options)
        return messages.read_estimate(self._answered(request))

    def job(self, job_id: str) -> Job:
        """How a job stands."""
        return messages.read_job(self._answered(messages.one_job(job_id)))

    def wait(self, job: Job | str, *, wait_timeout: float = WAIT_TIMEOUT_S) -> Result:
        """Wait for a job, or the id of one, and return its result. Raises `JobNotDone`, `WaitTimeout`."""
        return self._result(flows.waited(job, self._settings.retries, wait_timeout=wait_timeout))

    def cancel(self, job: Job | str) -> Job:
        """Cancel a queued job; one that has ended is returned as it is. Raises `Conflict` for one that is worked on."""
        return self._run(flows.canceled(_id(job), self._settings.retries))

    def delete(self, job: Job | str) -> Job:
        """Delete the images of a job that has ended, before their time. Raises `Conflict` for one that has not."""
        return self._run(flows.deleted(_id(job), self._settings.retries))

    def download(self, job: Job) -> bytes:
        """Fetch the picture of a completed job. `Result.bytes` and `Result.save` do so."""
        return self._run(flows.downloaded(job, self._settings.retries))

    def balance(self) -> Balance:
        """Credits left, plan and address of the account."""
        return messages.read_balance(self._answered(messages.balance()))

    def models(self) -> tuple[Model, ...]:
        """Every operation with its price and the engine that serves it now."""
        return messages.read_models(self._answered(messages.models()))

    def usage(
        self,
        *,
        status: str | None = None,
        operation: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[UsageLine]:
        """The account's jobs, the newest first, fetched page by page as they are asked for."""
        filters = usage_filters(status=status, operation=operation, since=since, until=until, page_size=page_size)
        return self._usage(filters)

    def batch(
        self,
        pairs: Iterable[Pair],
        *,
        concurrency: int = 4,
        progress: bool = True,
        on_done: Callable[[BatchItem[Result]], object] | None = None,
        **options: Unpack[RemoveCall],
    ) -> Batch[Result]:
        """Remove from many pictures at once. What fails is told by its item, and does not stop the others.

        Each of `pairs` is a picture, a `(picture, mask)`, or a dictionary of `remove_object`'s arguments; `options`
        hold for all, and one `mask` among them serves for all pictures of its size. Up to 50 pictures go in one
        request, under one key. `on_done` is called for each as it ends, such as to save it; where it raises, the item
        failed. Once the credits or the key give out, the rest is not sent.
        """
        source = batches.Source(pairs, options, goes_together=True)
        together, lock = bulk.Bulk(source), threading.Lock()

        def call(index: int, pair: Pair) -> Result:
            with lock:
                while not together.knows(index):
                    self._send_next(together)
            outcome = together.take(index)
            if outcome is None:
                return self._remove_item(*source.call(pair))
            if isinstance(outcome, Exception):
                raise outcome
            return self.wait(outcome)

        done = batches.run(source, call, concurrency=concurrency, progress=progress, on_done=on_done)
        return replace(done, batch_ids=tuple(together.batch_ids))

    def quote_batch(self, pairs: Iterable[Pair], **options: Unpack[Removal]) -> BatchQuote:
        """What `batch` would cost, and which pictures would be refused. Nothing is stored or charged."""
        source = batches.Source(pairs, options, allowed=ESTIMATE, goes_together=True)
        together = bulk.Bulk(source)
        quotes: list[tuple[list[int], BatchQuote]] = []
        while (taken := source.take()) is not None:
            index, pair = taken
            while not together.knows(index):
                if (chunk := together.gather()) is not None:
                    request = messages.batch_quote(chunk.images, chunk.masks, together.options)
                    quotes.append((chunk.indexes, messages.read_quote(self._answered(request))))
                    together.note(dict.fromkeys(chunk.indexes, bulk.QUOTED))
            outcome = together.take(index)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is None:
                image, own = source.call(pair)
                quotes.append(([index], bulk.quote_of(self.estimate(image, **own))))
        return bulk.merged(quotes)

    def batch_status(self, batch_id: str) -> BatchStatus:
        """How a batch stands at the site."""
        return messages.read_batch(self._answered(messages.one_batch(batch_id)))

    def wait_batch(self, batch_id: str, *, wait_timeout: float = WAIT_TIMEOUT_S) -> BatchStatus:
        """Wait until all of a batch has ended. When the time is up, it is told as it stands; it goes on."""
        return self._run(flows.batch_ended(batch_id, self._settings.retries, wait_timeout=wait_timeout))

    def retry_batch(self, batch_id: str) -> BatchStatus:
        """Submit again what failed, from the pictures that the site still has. Raises `Conflict` if nothing can be."""
        return self._run(flows.batch_submitted(messages.batch_retry(batch_id), self._settings.retries))

    def save_results(self, batch_id: str, path: str | os.PathLike[str]) -> Path:
        """Fetch the results that are there as one ZIP, with a manifest. Raises `Conflict` while there are none."""
        return self._run(flows.saved(batch_id, Path(path), self._settings.retries))

    def find_batch(
        self,
        pairs: Iterable[Pair],
        *,
        concurrency: int = 4,
        progress: bool = True,
        on_done: Callable[[BatchItem[Result]], object] | None = None,
        **options: Unpack[FindCall],
    ) -> Batch[Result]:
        """Find what is pointed at in many pictures, as `batch` removes it."""
        source = batches.Source(pairs, options, allowed=FIND)

        def call(index: int, pair: Pair) -> Result:
            return self._find_item(*source.call(pair))

        return batches.run(source, call, concurrency=concurrency, progress=progress, on_done=on_done)

    def _send_next(self, together: bulk.Bulk) -> None:
        """Send the next pictures that can go together, if there are any."""
        chunk = together.gather()
        if chunk is None:
            return
        request = bulk.submission(chunk, together.options)
        try:
            batch = self._run(flows.batch_submitted(request, self._settings.retries))
        except PixelsiteError as error:
            together.note(chunk.refused(error))
        else:
            together.note(chunk.accepted(batch), batch)

    def _remove_item(self, image: Picture, options: Mapping[str, Any]) -> Result:
        request = messages.removal(image, options)
        return self._result(flows.finished(request, self._settings.retries, wait_timeout=WAIT_TIMEOUT_S))

    def _find_item(self, image: Picture, options: Mapping[str, Any]) -> Result:
        request = messages.finding(image, options)
        return self._result(flows.finished(request, self._settings.retries, wait_timeout=WAIT_TIMEOUT_S))

    def _usage(self, filters: Mapping[str, str]) -> Iterator[UsageLine]:
        cursor: str | None = None
        while True:
            page = messages.read_usage(self._answered(messages.usage_page(filters, cursor=cursor)))
            yield from page.lines
            if (cursor := page.next_cursor) is None:
                return

    def _result(self, flow: Flow[Job]) -> Result:
        return Result(self._run(flow), self)

    def _answered(self, request: messages.Request) -> messages.Answer:
        return self._run(flows.answered(request, self._settings.retries))

    def _run(self, flow: Flow[_Value]) -> _Value:
        came: object = None
        while True:
            try:
                step = flow.send(came)
            except StopIteration as end:
                value: _Value = end.value
                return value
            came = self._do(step)

    def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        if isinstance(step, Now):
            return time.monotonic()
        try:
            request = transport.prepared(self._http, step, self._settings)
            if isinstance(step, messages.Save):
                return transport.save(self._http, request, step.target)
            is_download = isinstance(step, messages.Download)
            return transport.answer_of(self._http.send(request, auth=None, follow_redirects=is_download))
        except transport.FAILURES as error:
            return transport.no_answer_of(error)


def _id(job: Job | str) -> str:
    return job if isinstance(job, str) else job.id
