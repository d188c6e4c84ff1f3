"""Between plain messages and httpx: the one place that knows the API key."""

from __future__ import annotations

import asyncio
import os
import platform
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from pixelsite_client._version import __version__
from pixelsite_client.errors import ConfigurationError
from pixelsite_client.messages import Answer, Download, NoAnswer, Request, Save
from pixelsite_client.results import whole_file
from pixelsite_client.retries import Retries

USER_AGENT = f"pixelsite-client/{__version__} python/{platform.python_version()}"
_FINAL = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects, httpx.InvalidURL)
FAILURES = (httpx.RequestError, httpx.InvalidURL)


@dataclass(frozen=True)
class Settings:
    """Where the site is, who asks, and how patiently."""

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    retries: Retries

    @classmethod
    def read(cls, *, api_key: str | None, base_url: str | None, timeout: float, retries: int) -> Settings:
        """What was given, else PIXELSITE_API_KEY and PIXELSITE_BASE_URL. Raises `ConfigurationError`."""
        if timeout <= 0 or retries < 0:
            raise ConfigurationError("timeout is more than 0 seconds, retries is 0 or more.")
        key = _key(api_key if api_key is not None else os.environ.get("PIXELSITE_API_KEY", ""))
        url = _address(base_url if base_url is not None else os.environ.get("PIXELSITE_BASE_URL", ""))
        return cls(api_key=key, base_url=url, timeout=timeout, retries=Retries(count=retries))


def prepared(
    client: httpx.Client | httpx.AsyncClient, step: Request | Download | Save, settings: Settings
) -> httpx.Request:
    """The request as it is sent."""
    headers = {"User-Agent": USER_AGENT}
    if isinstance(step, Download):
        return client.build_request("GET", step.url, headers=headers, timeout=settings.timeout)
    headers |= {"Accept": "application/json", "Authorization": f"Bearer {settings.api_key}"}
    if isinstance(step, Save):
        return client.build_request("GET", settings.base_url + step.path, headers=headers, timeout=settings.timeout)
    headers |= step.headers
    url = settings.base_url + step.path
    timeout = httpx.Timeout(settings.timeout, read=settings.timeout + step.holds_s)
    if step.files or step.lists:
        uploads = [*step.files.items(), *((name, each) for name, several in step.lists.items() for each in several)]
        files = [(name, (upload.name, upload.content)) for name, upload in uploads]
        return client.build_request(
            step.method, url, headers=headers, data=dict(step.fields), files=files, timeout=timeout
        )
    # Without a file there is no form, and fields of a form that are text are the same text in JSON.
    body = dict(step.fields) or None
    return client.build_request(step.method, url, headers=headers, params=dict(step.params), json=body, timeout=timeout)


def answer_of(response: httpx.Response) -> Answer:
    return Answer(status=response.status_code, headers=response.headers, content=response.content)


def save(client: httpx.Client, request: httpx.Request, target: Path) -> Answer:
    """Send, and write what comes to a file, unless it is a refusal."""
    with closing(client.send(request, auth=None, stream=True)) as response:
        if response.status_code != httpx.codes.OK:
            response.read()
            return answer_of(response)
        with whole_file(target) as file:
            for piece in response.iter_bytes():
                file.write(piece)
    return Answer(status=response.status_code, headers=response.headers, content=b"")


async def save_async(client: httpx.AsyncClient, request: httpx.Request, target: Path) -> Answer:
    """As `save`."""
    async with aclosing(await client.send(request, auth=None, stream=True)) as response:
        if response.status_code != httpx.codes.OK:
            await response.aread()
            return answer_of(response)
        with whole_file(target) as file:
            async for piece in response.aiter_bytes():
                await asyncio.to_thread(file.write, piece)
    return Answer(status=response.status_code, headers=response.headers, content=b"")


def no_answer_of(error: Exception) -> NoAnswer:
    """Why nothing came. The words of a protocol error may hold a header, and with it the key: they are left out."""
    name = type(error).__name__
    words = "" if isinstance(error, httpx.LocalProtocolError) else str(error)
    return NoAnswer(f"{name}: {words}" if words else name, is_final=isinstance(error, _FINAL))


def _key(written: str) -> str:
    key = written.strip()
    if not key:
        raise ConfigurationError(
            "There is no API key. Give api_key, or set PIXELSITE_API_KEY; keys are made at /keys/."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("The API key holds characters that no key has. Copy it again from the dashboard.")
    return key


def _address(written: str) -> str:
    if not written.strip():
        raise ConfigurationError("Where is the site? Give base_url, or set PIXELSITE_BASE_URL.")
    try:
        url = httpx.URL(written.strip())
    except (httpx.InvalidURL, ValueError):
        raise ConfigurationError("base_url is not an address, such as https://pixelsite.example.") from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise ConfigurationError("base_url is an http or https address of a site and nothing else.")
    return str(url).rstrip("/").removesuffix("/v1")
