"""PixelAPI's published client, answered by Pixelsite: programs written for it change this import and `base_url`.

from pixelsite_client.pixelapi import PixelAPI

client = PixelAPI(api_key="…", base_url="https://pixelsite.example")
client.remove_object(image="photo.jpg", prompt="the date in the corner").save("clean.jpg")
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from pixelsite_client.client import WAIT_TIMEOUT_S, Pixelsite
from pixelsite_client.models import Job
from pixelsite_client.pictures import Picture
from pixelsite_client.results import Result

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pixelsite_client.options import RemoveCall


class PixelAPIResult(Result):
    """A result under the names of PixelAPI's answers."""

    @property
    def generation_id(self) -> str:
        return self.id

    @property
    def output_url(self) -> str | None:
        return self.url

    @property
    def status(self) -> str:
        return self.job.status


class PixelAPI:
    """`remove_object`, `get`, `balance`, `usage`, `models`. Everything else is under `pixelsite`."""

    def __init__(
        self, api_key: str | None = None, *, base_url: str | None = None, timeout: float = 60, retries: int = 4
    ) -> None:
        self.pixelsite = Pixelsite(api_key, base_url=base_url, timeout=timeout, retries=retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.pixelsite.close()

    def remove_object(
        self,
        image: Picture | None = None,
        *,
        image_url: str | None = None,
        wait_timeout: float = WAIT_TIMEOUT_S,
        **options: Unpack[RemoveCall],
    ) -> PixelAPIResult:
        """Remove what is pointed at, and return the result once it is there."""
        if (image is None) == (image_url is None):
            raise TypeError("give either image or image_url.")
        source: Any = image if image is not None else image_url
        result = self.pixelsite.remove_object(source, wait_timeout=wait_timeout, **options)
        return PixelAPIResult(result.job, self.pixelsite)

    def get(self, generation_id: str) -> Job:
        """How a job stands."""
        return self.pixelsite.job(generation_id)

    def balance(self) -> dict[str, Any]:
        """`credits_remaining`, `plan`, `email`."""
        return dict(self.pixelsite.balance().raw)

    def usage(self, limit: int = 20) -> list[dict[str, Any]]:
        """The most recent jobs."""
        lines = self.pixelsite.usage(page_size=min(limit, 100))
        return [dict(line.raw) for line in islice(lines, limit)]

    def models(self) -> list[dict[str, Any]]:
        """Every operation with its price."""
        return [dict(model.raw) for model in self.pixelsite.models()]
