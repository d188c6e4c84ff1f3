"""The client for programs that await. `Pixelsite`, word for word, with `await` before what takes time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import httpx

from pixelsite_client import batches, bulk, flows, messages, transport
from pixelsite_client.batch_models import BatchQuote, BatchStatus
from pixelsite_client.batches import Batch, BatchItem, Pair
from pixelsite_client.client import WAIT_TIMEOUT_S, _id
from pixelsite_client.errors import PixelsiteError
from pixelsite_client.filters import usage_filters
from pixelsite_client.flows import Flow, Now, Pause, Step
from pixelsite_client.models import Balance, Estimate, Job, Model, UsageLine
from pixelsite_client.options import ESTIMATE, FIND
from pixelsite_client.pictures import Picture
from pixelsite_client.results import AsyncResult

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pixelsite_client.options import FindCall, Removal, RemoveCall

_Value = TypeVar("_Value")


class AsyncPixelsite:
    """A site, and the key to it, for asyncio. Close it, or use it in an `async with` statement. See `Pixelsite`."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 60,
        retries: int = 4,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """As of `Pixelsite`. Raises `ConfigurationError`."""
        self._settings = transport.Settings.read(api_key=api_key, base_url=base_url, timeout=timeout, retries=retries)
        self._http = http_client or httpx.AsyncClient()
        self._owns_http = http_client is None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    @overload
    async def remove_object(
        self,
        image: Picture,
        *,
        wait: Literal[True] = ...,
        wait_timeout: float = ...,
        **options: Unpack[RemoveCall],
    ) -> AsyncResult: ...

    @overload
    async def remove_object(self, image: Picture, *, wait: Literal[False], **options: Unpack[RemoveCall]) -> Job: ...

    async def remove_object(
        self,
        image: Picture,
        *,
        wait: bool = True,
        wait_timeout: float = WAIT_TIMEOUT_S,
        **options: Unpack[RemoveCall],
    ) -> AsyncResult | Job:
        """Remove what is pointed at. See `Pixelsite.remove_object`."""
        if not wait:
            return await self.submit(image, **options)
        request = await asyncio.to_thread(messages.removal, image, options)
        return await self._result(flows.finished(request, self._settings.retries, wait_timeout=wait_timeout))

    async def submit(self, image: Picture, **options: Unpack[RemoveCall]) -> Job:
        """Submit a removal and return at once."""
        request = await asyncio.to_thread(messages.removal, image, options)
        return await self._run(flows.submitted(request, self._settings.retries))

    async def segment(
        self, image: Picture, *, wait_timeout: float = WAIT_TIMEOUT_S, **options: Unpack[FindCall]
    ) -> AsyncResult:
        """Find what is pointed at, free of charge: the result is the mask, white on black."""
        request = await asyncio.to_thread(messages.finding, image, options)
        return await self._result(flows.finished(request, self._settings.retries, wait_timeout=wait_timeout))

    async def estimate(self, image: Picture, **options: Unpack[Removal]) -> Estimate:
        """What a removal would cost, and whether it would be accepted now. Nothing is stored or charged."""
        request = await asyncio.to_thread(messages.estimate, image, options)
        return messages.read_estimate(await self._answered(request))

    async def job(self, job_id: str) -> Job:
        """How a job stands."""
        return messages.read_job(await self._answered(messages.one_job(job_id)))

    async def wait(self, job: Job | str, *, wait_timeout: float = WAIT_TIMEOUT_S) -> AsyncResult:
        """Wait for a job, or the id of one, and return its result. Raises `JobNotDone`, `WaitTimeout`."""
        return await self._result(flows.waited(job, self._settings.retries, wait_timeout=wait_timeout))

    async def cancel(self, job: Job | str) -> Job:
        """Cancel a queued job; one that has ended is returned as it is. Raises `Conflict` for one that is worked on."""
        return await self._run(flows.canceled(_id(job), self._settings.retries))

    async def delete(self, job: Job | str) -> Job:
        """Delete the images of a job that has ended, before their time. Raises `Conflict` for one that has not."""
        return await self._run(flows.deleted(_id(job), self._settings.retries))

    async def download(self, job: Job) -> bytes:
        """Fetch the picture of a completed job. `AsyncResult.bytes` and `AsyncResult.save` do so."""
        return await self._run(flows.downloaded(job, self._settings.retries))

    async def balance(self) -> Balance:
        """Credits left, plan and address of the account."""
        return messages.read_balance(await self._answered(messages.balance()))

    async def models(self) -> tuple[Model, ...]:
        """Every operation with its price and the engine that serves it now."""
        return messages.read_models(await self._answered(messages.models()))

    def usage(
        self,
        *,
        status: str | None = None,
        operation: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[UsageLine]:
        """The account's jobs, the newest first, fetched page by page as they are asked for."""
        filters = usage_filters(status=status, operation=operation, since=since, until=until, page_size=page_size)
        return self._usage(filters)

    async def batch(
        self,
        pairs: Iterable[Pair],
        *,
        concurrency: int = 4,
        progress: bool = True,
        on_done: Callable[[BatchItem[AsyncResult]], Awaitable[object]] | None = None,
        **options: Unpack[RemoveCall],
    ) -> Batch[AsyncResult]:
        """Remove from many pictures at once. See `Pixelsite.batch`; `on_done` is awaited."""
        source = batches.Source(pairs, options, goes_together=True)
        together, lock = await asyncio.to_thread(bulk.Bulk, source), asyncio.Lock()

        async def call(index: int, pair: Pair) -> AsyncResult:
            async with lock:
                while not together.knows(index):
                    await self._send_next(together)
            outcome = together.take(index)
            if outcome is None:
                return await self._remove_item(*source.call(pair))
            if isinstance(outcome, Exception):
                raise outcome
            return await self.wait(outcome)

        done = await batches.run_async(source, call, concurrency=concurrency, progress=progress, on_done=on_done)
        return replace(done, batch_ids=tuple(together.batch_ids))

    async def quote_batch(self, pairs: Iterable[Pair], **options: Unpack[Removal]) -> BatchQuote:
        """What `batch` would cost, and which pictures would be refused. Nothing is stored or charged."""
        source = batches.Source(pairs, options, allowed=ESTIMATE, goes_together=True)
        together = await asyncio.to_thread(bulk.Bulk, source)
        quotes: list[tuple[list[int], BatchQuote]] = []
        while (taken := source.take()) is not None:
            index, pair = taken
            while not together.knows(index):
                if (chunk := await asyncio.to_thread(together.gather)) is not None:
                    request = messages.batch_quote(chunk.images, chunk.masks, together.options)
                    quotes.append((chunk.indexes, messages.read_quote(await self._answered(request))))
                    together.note(dict.fromkeys(chunk.indexes, bulk.QUOTED))
            outcome = together.take(index)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is None:
                image, own = source.call(pair)
                quotes.append(([index], bulk.quote_of(await self.estimate(image, **own))))
        return bulk.merged(quotes)

    async def batch_status(self, batch_id: str) -> BatchStatus:
        """How a batch stands at the site."""
        return messages.read_batch(await self._answered(messages.one_batch(batch_id)))

    async def wait_batch(self, batch_id: str, *, wait_timeout: float = WAIT_TIMEOUT_S) -> BatchStatus:
        """Wait until all of a batch has ended. When the time is up, it is told as it stands; it goes on."""
        return await self._run(flows.batch_ended(batch_id, self._settings.retries, wait_timeout=wait_timeout))

    async def retry_batch(self, batch_id: str) -> BatchStatus:
        """Submit again what failed, from the pictures that the site still has. Raises `Conflict` if nothing can be."""
        return await self._run(flows.batch_submitted(messages.batch_retry(batch_id), self._settings.retries))

    async def save_results(self, batch_id: str, path: str | os.PathLike[str]) -> Path:
        """Fetch the results that are there as one ZIP, with a manifest. Raises `Conflict` while there are none."""
        return await self._run(flows.saved(batch_id, Path(path), self._settings.retries))

    async def find_batch(
        self,
        pairs: Iterable[Pair],
        *,
        concurrency: int = 4,
        progress: bool = True,
        on_done: Callable[[BatchItem[AsyncResult]], Awaitable[object]] | None = None,
        **options: Unpack[FindCall],
    ) -> Batch[AsyncResult]:
        """Find what is pointed at in many pictures, as `batch` removes it."""
        source = batches.Source(pairs, options, allowed=FIND)

        async def call(index: int, pair: Pair) -> AsyncResult:
            return await self._find_item(*source.call(pair))

        return await batches.run_async(source, call, concurrency=concurrency, progress=progress, on_done=on_done)

    async def _send_next(self, together: bulk.Bulk) -> None:
        """Send the next pictures that can go together, if there are any."""
        chunk = await asyncio.to_thread(together.gather)
        if chunk is None:
            return
        request = bulk.submission(chunk, together.options)
        try:
            batch = await self._run(flows.batch_submitted(request, self._settings.retries))
        except PixelsiteError as error:
            together.note(chunk.refused(error))
        else:
            together.note(chunk.accepted(batch), batch)

    async def _remove_item(self, image: Picture, options: Mapping[str, Any]) -> AsyncResult:
        request = await asyncio.to_thread(messages.removal, image, options)
        return await self._result(flows.finished(request, self._settings.retries, wait_timeout=WAIT_TIMEOUT_S))

    async def _find_item(self, image: Picture, options: Mapping[str, Any]) -> AsyncResult:
        request = await asyncio.to_thread(messages.finding, image, options)
        return await self._result(flows.finished(request, self._settings.retries, wait_timeout=WAIT_TIMEOUT_S))

    async def _usage(self, filters: Mapping[str, str]) -> AsyncIterator[UsageLine]:
        cursor: str | None = None
        while True:
            page = messages.read_usage(await self._answered(messages.usage_page(filters, cursor=cursor)))
            for line in page.lines:
                yield line
            if (cursor := page.next_cursor) is None:
                return

    async def _result(self, flow: Flow[Job]) -> AsyncResult:
        return AsyncResult(await self._run(flow), self)

    async def _answered(self, request: messages.Request) -> messages.Answer:
        return await self._run(flows.answered(request, self._settings.retries))

    async def _run(self, flow: Flow[_Value]) -> _Value:
        came: object = None
        while True:
            try:
                step = flow.send(came)
            except StopIteration as end:
                value: _Value = end.value
                return value
            came = await self._do(step)

    async def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        if isinstance(step, Now):
            return time.monotonic()
        try:
            request = transport.prepared(self._http, step, self._settings)
            if isinstance(step, messages.Save):
                return await transport.save_async(self._http, request, step.target)
            is_download = isinstance(step, messages.Download)
            return transport.answer_of(await self._http.send(request, auth=None, follow_redirects=is_download))
        except transport.FAILURES as error:
            return transport.no_answer_of(error)
